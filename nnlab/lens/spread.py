"""How the numbers of a tensor are spread, as torch finds it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Spread:
    """Mean, standard deviation (of all values: ``correction=0``), smallest and largest value, and the share
    of exact zeros (0 to 1)."""

    mean: float
    std: float
    low: float
    high: float
    zeros: float

    @classmethod
    def of(cls, values: Tensor) -> Spread:
        """That of a tensor of floats of any shape, with at least one value."""
        low, high = values.detach().aminmax()
        return cls(
            mean=float(values.detach().mean()),
            std=float(values.detach().std(correction=0)),
            low=float(low),
            high=float(high),
            zeros=1 - int(torch.count_nonzero(values.detach())) / values.numel(),
        )
