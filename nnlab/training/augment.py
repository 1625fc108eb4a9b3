"""Augmentation as batched tensor operations on the device: every image of a batch its own distortion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.errors import LabError

_LIMITS = {"shift": 0.5, "rotate": 180.0, "scale": 0.9, "shear": 60.0, "elastic": 0.2}
ELASTIC_GRID = 5  # control points a side of the elastic displacement field


@dataclass(frozen=True)
class Augmentation:
    """How far an image may be moved, each drawn uniformly from plus or minus the value.

    Attributes:
        shift: share of the image's side, each axis on its own.
        rotate: degrees.
        scale: 0.1 means a factor between 0.9 and 1.1.
        shear: degrees.
        elastic: share of the image's side by which the points of a coarse grid wander; between them
            the displacement is interpolated smoothly (after Simard, Steinkraus and Platt, 2003).
    """

    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0

    def validate(self) -> Augmentation:
        """Return self; raise `LabError` for a value that is negative, not finite or senselessly large."""
        for name, limit in _LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 <= value <= limit:
                raise LabError(
                    "The augmentation {name} is {value}; it should lie in 0 to {limit}.",
                    name=name, value=value, limit=limit,
                )  # fmt: skip
        return self

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Augmentation:
        return cls(**value).validate()

    def apply(self, images: Tensor, generator: torch.Generator, fill: Tensor) -> Tensor:
        """Distort float images (N, C, H, W), sampled bilinearly.

        Args:
            images: on the device of `generator`.
            generator: where the random numbers come from.
            fill: (C,) values for what comes in from outside the image.
        """
        n, _, height, width = images.shape

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator, device=images.device) * 2 - 1

        angle = uniform(n) * math.radians(self.rotate)
        shear = torch.tan(uniform(n) * math.radians(self.shear))
        factor = 1 / (1 + uniform(n) * self.scale)
        cos, sin = angle.cos() * factor, angle.sin() * factor
        rows = torch.stack([cos, shear * cos - sin, sin, shear * sin + cos], dim=1).view(n, 2, 2)
        offset = uniform(n, 2, 1) * self.shift * 2  # the grid's side is 2, from -1 to 1
        grid = F.affine_grid(torch.cat([rows, offset], dim=2), [n, 1, height, width], align_corners=False)
        if self.elastic:
            coarse = uniform(n, 2, ELASTIC_GRID, ELASTIC_GRID) * self.elastic * 2
            fine = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)
            grid = grid + fine.permute(0, 2, 3, 1)
        background = fill.view(1, -1, 1, 1)
        return F.grid_sample(images - background, grid, align_corners=False) + background
