"""A drawing moved, turned, slanted, scaled or drawn with another pen, many such changes at once.

Where there are pen paths they are changed and inked anew, so the pen stays as wide as it is; an image without
paths is resampled bilinearly, what comes in from outside repeating its edge. Nothing is brought back to its
place and size afterwards: this is what a network would see if the digit really stood otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.data.ink import CENTRE, PEN_WIDTH, grey, ink, place_strokes
from nnlab.drawing.predict import Strokes, canvas_strokes

_CHUNK = 64  # drawings inked or resampled at a time


@dataclass(frozen=True)
class Change:
    """What is done to a drawing, in this order: slanted, scaled and turned about the image's middle, moved.

    Attributes:
        x, y: pixels to the right and down.
        rotate: degrees clockwise.
        slant: degrees to the right, of what was upright.
        scale: the factor minus 1.
        width: pixels by which the pen is wider.
    """

    x: float = 0.0
    y: float = 0.0
    rotate: float = 0.0
    slant: float = 0.0
    scale: float = 0.0
    width: float = 0.0

    def matrix(self) -> tuple[float, float, float, float]:
        """What x, y relative to the middle become, row by row; y points down."""
        factor, angle = 1 + self.scale, math.radians(self.rotate)
        cos, sin, slope = (
            factor * math.cos(angle),
            factor * math.sin(angle),
            -math.tan(math.radians(self.slant)),
        )
        return cos, cos * slope - sin, sin, sin * slope + cos


class Changeable(Protocol):
    """What can be changed: a drawing or an image."""

    @property
    def has_pen(self) -> bool:
        """Whether the pen's width can be another."""

    def changed(self, changes: Sequence[Change]) -> Tensor:
        """(N, C, H, W) uint8, an image for each change."""


class Inked:
    """Pen strokes, as `nnlab.drawing.drawing_to_image` places them; raises as it does."""

    has_pen = True

    def __init__(self, strokes: Strokes, size: tuple[int, int] = (280, 280)) -> None:
        self.points, self.joined, self.image = place_strokes(canvas_strokes(strokes, size))

    def changed(self, changes: Sequence[Change]) -> Tensor:
        """(N, 1, 28, 28) uint8; raises `LabError` for no pen at all."""
        images = []
        for start in range(0, len(changes), _CHUNK):
            some = changes[start : start + _CHUNK]
            matrices, moves = _tensors(some)
            moved = (self.points - CENTRE) @ matrices.mT + moves[:, None] + CENTRE
            pens = torch.tensor([PEN_WIDTH + change.width for change in some], dtype=torch.float64)
            radii = (pens / 2)[:, None].expand(-1, len(self.points))
            images.append(grey(ink(moved, self.joined.expand(len(some), -1), radii))[:, None])
        return torch.cat(images)


class Resampled:
    """An image (1, C, H, W) uint8 without paths; `Change.width` changes nothing."""

    has_pen = False

    def __init__(self, image: Tensor) -> None:
        self.image = image

    def changed(self, changes: Sequence[Change]) -> Tensor:
        """(N, C, H, W) uint8."""
        height, width = self.image.shape[2:]
        middle = torch.tensor([width / 2, height / 2], dtype=torch.float64)
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        places = torch.stack([x, y], -1).double().reshape(-1, 2) - middle
        images = []
        for start in range(0, len(changes), _CHUNK):
            some = changes[start : start + _CHUNK]
            matrices, moves = _tensors(some)
            # Where each pixel comes from, in pixel indices; grid_sample counts -1 to 1 from edge to edge.
            sources = (places - moves[:, None]) @ matrices.inverse().mT + middle
            grid = (2 * sources + 1) / (2 * middle) - 1
            pixels = F.grid_sample(
                self.image.float().expand(len(some), -1, -1, -1),
                grid.float().view(len(some), height, width, 2),
                padding_mode="border",
                align_corners=False,
            )
            images.append(pixels.round().to(torch.uint8))
        return torch.cat(images)


def _tensors(changes: Sequence[Change]) -> tuple[Tensor, Tensor]:
    """Matrices (N, 2, 2) and moves (N, 2) in float64."""
    matrices = torch.tensor([change.matrix() for change in changes], dtype=torch.float64)
    moves = torch.tensor([(change.x, change.y) for change in changes], dtype=torch.float64)
    return matrices.view(-1, 2, 2), moves
