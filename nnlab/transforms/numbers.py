"""What is in front of a transform or behind it: a PIL image or a tensor, and its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
import torch
from torch import Tensor

Value = PIL.Image.Image | Tensor
"""An image on its way through a pipeline; tensors are (C, H, W)."""

PIL_IMAGE, FLOAT = "PIL image", "float32"


@dataclass(frozen=True)
class Numbers:
    """The numbers of one image.

    Attributes:
        type: "PIL image", "uint8" or "float32".
        mode: of a PIL image, else "".
        shape: (C, H, W).
        mean, std: over all its values, in float64; the std divides by their number.
    """

    type: str
    mode: str
    shape: tuple[int, int, int]
    min: float
    max: float
    mean: float
    std: float


def numbers(value: Value) -> Numbers:
    """The numbers of an image (C, H, W)."""
    array = np.asarray(value)
    if isinstance(value, PIL.Image.Image):
        height, width = array.shape[:2]
        kind, mode, shape = PIL_IMAGE, value.mode, (array.size // (height * width), height, width)
    else:
        kind, mode, shape = str(value.dtype).removeprefix("torch."), "", array.shape
    exact = array.astype(np.float64)
    return Numbers(
        kind, mode, (shape[0], shape[1], shape[2]),
        array.min().item(), array.max().item(), exact.mean().item(), exact.std().item(),
    )  # fmt: skip


def as_tensor(value: Value) -> Tensor:
    """The image as a plain tensor (C, H, W), of the type it has; that of a PIL image is uint8."""
    if isinstance(value, Tensor):
        return value.as_subclass(Tensor)
    array: np.ndarray[Any, Any] = np.array(value)
    return torch.from_numpy(array[None] if array.ndim == 2 else array.transpose(2, 0, 1).copy())
