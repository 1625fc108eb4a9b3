"""What a network says of a drawing at every shift by whole pixels: who is fooled by a few of them?

A convolution sees the same wherever it looks, a linear layer learns each place by itself; what that is worth
is seen when nothing of a drawing is changed but its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.drawing.predict import drawing_for
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


def shifted(images: Tensor, x: int, y: int, repeat: bool = False) -> Tensor:
    """Images (N, C, H, W) moved by whole pixels to the right and down; what comes in is black, or with
    `repeat` the edge."""
    sides = (max(x, 0), max(-x, 0), max(y, 0), max(-y, 0))
    wide = F.pad(images.float(), sides, "replicate") if repeat else F.pad(images, sides)
    height, width = images.shape[2:]
    top, left = max(-y, 0), max(-x, 0)
    return wide[:, :, top : top + height, left : left + width].to(images.dtype)


def shift_grid(model: TrainedModel, drawing: Tensor, span: int = SPAN, repeat: bool = False) -> Grid:
    """What `model` says of a drawing (1, 1, H, W) uint8, light on dark, at all shifts of up to `span` pixels;
    it is given what `nnlab.drawing.drawing_for` makes of them, in one batch. `repeat` as in `shifted`."""
    places = range(-span, span + 1)
    drawings = torch.cat([shifted(drawing, x, y, repeat) for y in places for x in places])
    images = drawing_for(model, drawings)
    with torch.inference_mode():
        logits: Tensor = model(normalise(images, model.info.mean, model.info.std))
    return Grid(logits.softmax(1).view(len(places), len(places), -1).clone())
