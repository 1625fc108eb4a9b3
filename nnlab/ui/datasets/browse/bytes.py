"""What becomes of each of the 256 values that a byte can have."""

from __future__ import annotations

import torch
from torch import Tensor

from nnlab.data import Dataset


def every_byte(data: Dataset) -> tuple[Tensor, Tensor]:
    """The bytes scaled to [0, 1], float32 (256,), and normalised for each channel, float32 (C, 256).

    To the bit as v2.ToDtype(torch.float32, scale=True) and v2.Normalize(data.mean, data.std) compute them.
    """
    scaled = torch.arange(256, dtype=torch.uint8).to(torch.float32).mul_(1.0 / 255)
    mean, std = (torch.tensor(values)[:, None] for values in (data.mean, data.std))
    return scaled, scaled.sub(mean).div_(std)
