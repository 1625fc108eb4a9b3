"""The label as a one-hot vector."""

from __future__ import annotations

import torch
from torch import Tensor


def one_hot(label: int, classes: int) -> Tensor:
    """(classes,) float32: 1 at the label, 0 elsewhere. Raises RuntimeError for a label outside."""
    return torch.zeros(classes).scatter_(0, torch.tensor(label), 1)


def one_hot_code(classes: int) -> str:
    """The expression of a function that does the same, with `torch` imported."""
    return f"lambda label: torch.zeros({classes}).scatter_(0, torch.tensor(label), 1)"
