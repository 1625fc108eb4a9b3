"""The parameters of a network, one by one: how their numbers are spread, and the part that is looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.lens.spread import Spread

_BINS = 61  # odd, so that zero lies in the middle of a bin where the numbers lie around it
_ROWS = {1: 10, 2: 5}  # how many of the first axis are printed, by the number of axes; else one
_MOST_KEPT = 2**17  # numbers of a tensor that are kept to be drawn


@dataclass(frozen=True, eq=False)
class Parameter:
    """A tensor of a ``state_dict``, small enough to be kept however large the tensor is.

    Attributes:
        name, shape: as there.
        spread: of all its numbers.
        counts: (bins,) how many of its finite numbers lie between neighbouring `edges` (bins + 1,).
        index: what of it is printed, ``[:5]``.
        printed: that, as PyTorch prints it.
        part: as many of its first rows (of the first axis) as can be drawn, a copy.
    """

    name: str
    shape: tuple[int, ...]
    spread: Spread
    counts: Tensor
    edges: Tensor
    index: str
    printed: str
    part: Tensor

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return torch.Size(self.shape).numel()


def parameters_of(tensors: Mapping[str, Tensor]) -> dict[str, Parameter]:
    """Every tensor of a ``state_dict`` by its name, but those of whole numbers, which only count batches."""
    return {name: _looked_at(name, t.detach()) for name, t in tensors.items() if t.is_floating_point()}


def _looked_at(name: str, tensor: Tensor) -> Parameter:
    values = tensor if tensor.ndim else tensor[None]
    rows = min(len(values), _ROWS.get(values.ndim, 1))
    kept = max(1, _MOST_KEPT // max(1, values[0].numel()))
    counts, edges = _histogram(values)
    return Parameter(
        name, tuple(tensor.shape), Spread.of(values), counts, edges,
        index=f"[:{rows}]" if tensor.ndim else "",
        printed=repr(values[:rows] if tensor.ndim else tensor),
        part=values[:kept].float().clone(),
    )  # fmt: skip


def _histogram(values: Tensor) -> tuple[Tensor, Tensor]:
    """Bins of one width; around zero where the numbers lie on both sides of it."""
    numbers = values.flatten().float()
    low, high = (float(end) for end in numbers.aminmax())
    if not math.isfinite(low + high):
        numbers = numbers[numbers.isfinite()]
        low, high = (float(end) for end in numbers.aminmax()) if len(numbers) else (0.0, 0.0)
    if low < 0 < high:
        high = max(-low, high)
        low = -high
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    counts, edges = torch.histogram(numbers, _BINS, range=(low, high))
    return counts.long(), edges
