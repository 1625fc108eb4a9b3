"""Typed values as PyTorch takes them, with the fault at the value that it refuses."""

from __future__ import annotations

import torch
from torch import Tensor

from nnlab.lessons.tensors.literals import TypedList
from nnlab.lessons.tensors.refusal import Refused, asking_torch


def tensor_of(
    values: TypedList, dtype: torch.dtype | None = None, device: str | torch.device | None = None
) -> Tensor:
    """``torch.tensor(values, dtype=dtype, device=device)``.

    Raises:
        Refused: PyTorch refuses one of the values.
    """
    try:
        with asking_torch(values.text, 0, len(values.text)):
            return torch.tensor(values.value, dtype=dtype, device=device)
    except Refused as refused:
        for leaf in values.leaves:
            try:
                torch.tensor(leaf.value, dtype=dtype)
            except (RuntimeError, TypeError, ValueError):
                refused.start, refused.stop = leaf.start, leaf.stop
                break
        raise
