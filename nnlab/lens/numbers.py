"""How far a sum that is shown lies from the number that PyTorch computed.

PyTorch adds in whatever order is fastest. A view adds in an order that can be followed, and says how many
units in the last place it ends up apart.
"""

from __future__ import annotations

import torch
from torch import Tensor

_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def in_order(values: Tensor) -> Tensor:
    """(..., n) -> (...): the values of the last axis added one after the other, in their own precision."""
    total = values.new_zeros(values.shape[:-1])
    for value in values.unbind(-1):
        total = total + value
    return total


def ulps(a: Tensor, b: Tensor) -> int:
    """The most that two tensors of one type lie apart, in units in the last place; 0 where they are the same
    number, and between NaNs."""
    if not a.numel():
        return 0
    if not a.is_floating_point():
        return int((a.long() - b.long()).abs().max())
    both_nan = (a.isnan() & b.isnan()).flatten()
    first, second = _ranks(a), _ranks(b)
    if a.element_size() == 8:  # the difference might not fit into 64 bits
        pairs = zip(first.tolist(), second.tolist(), both_nan.tolist(), strict=True)
        return max(0 if nan else abs(x - y) for x, y, nan in pairs)
    return int((first - second).abs().masked_fill(both_nan, 0).max())


def _ranks(values: Tensor) -> Tensor:
    """Whole numbers in the order of the floats, neighbours one apart."""
    kind = _BITS[values.element_size()]
    bits = values.detach().contiguous().flatten().view(kind)
    magnitude = (bits & torch.iinfo(kind).max).to(torch.int64)
    return torch.where(bits < 0, -magnitude, magnitude)
