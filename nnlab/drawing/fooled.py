"""What a network says of a drawing at every shift by whole pixels: who is fooled by a few of them?

A convolution sees the same wherever it looks, a linear layer learns each place by itself; what that is worth
is seen when nothing of a drawing is changed but its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.training.batches import normalise
from nnlab.training.weights import TrainedModel

SPAN = 4  # pixels to each side


@dataclass(frozen=True, eq=False)
class Grid:
    """What a network says of a drawing at all shifts: `probabilities` (rows, columns, classes), the first row
    for the farthest shift up, the first column for the farthest to the left."""

    probabilities: Tensor

    @property
    def answers(self) -> Tensor:
        """(rows, columns) int64: the class with the largest probability."""
        return self.probabilities.argmax(2)

    def same(self, wanted: int) -> int:
        """At how many shifts the answer is `wanted`."""
        return int((self.answers == wanted).sum())


def shifted(images: Tensor, x: int, y: int, fill: int | None = 0) -> Tensor:
    """Images (N, C, H, W) uint8 moved by whole pixels to the right and down; what comes in is `fill`, or with
    None the edge repeated."""
    sides = (max(x, 0), max(-x, 0), max(y, 0), max(-y, 0))
    wide = F.pad(images.float(), sides, "replicate") if fill is None else F.pad(images, sides, value=fill)
    height, width = images.shape[2:]
    top, left = max(-y, 0), max(-x, 0)
    return wide[:, :, top : top + height, left : left + width].to(images.dtype)


def shift_grid(model: TrainedModel, image: Tensor, span: int = SPAN, fill: int | None = 0) -> Grid:
    """What `model` says of an image (1, C, H, W) uint8 of the shape that it takes, at all shifts of up to
    `span` pixels, computed in one batch; `fill` as in `shifted`."""
    places = range(-span, span + 1)
    images = torch.cat([shifted(image, x, y, fill) for y in places for x in places])
    with torch.inference_mode():
        logits: Tensor = model(normalise(images, model.info.mean, model.info.std))
    return Grid(logits.softmax(1).view(len(places), len(places), -1).clone())
