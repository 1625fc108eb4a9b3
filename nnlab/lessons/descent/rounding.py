"""Arithmetic in float32 that rounds where torch's own operations do."""

from __future__ import annotations

import torch
from torch import Tensor


def single(value: float) -> Tensor:
    """A number as float32 has it."""
    return torch.tensor(value, dtype=torch.float32)


def fused(a: float | Tensor, b: Tensor, c: Tensor) -> Tensor:
    """``a * b + c`` in float32 with one rounding, as the processor's fused instruction has it."""
    a = single(a) if isinstance(a, float) else a
    return (a.double() * b.double() + c.double()).float()  # the product of two float32 is exact in float64


def lerp(start: Tensor, end: Tensor, weight: float) -> Tensor:
    """``start + weight * (end - start)``, from the nearer end, as ``Tensor.lerp_``."""
    if weight < 0.5:
        return fused(weight, end - start, start)
    return fused(-(1 - single(weight)), end - start, end)


def mix_squares(decay: float, mean: Tensor, value: Tensor) -> Tensor:
    """``decay * mean + (1 - decay) * value²``, as ``mul_`` and ``addcmul_``."""
    return fused(single(1 - decay) * value, value, decay * mean)
