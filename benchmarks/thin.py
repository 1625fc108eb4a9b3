"""Pictures of strokes reduced to lines one pixel wide, and MNIST's digits drawn again with the pad's pen."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.data.ink import PEN_WIDTH, SIDE

_FINE = 4  # pixels of the skeleton for each of the image's
_INKED = 110  # grey values above it are ink
_BATCH = 20  # pictures thinned at once: what is in flight stays in the cache of the processor
_TURN = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))  # neighbours clockwise from above


def thinned(pictures: Tensor) -> Tensor:
    """Skeletons (N, H, W) bool of such pictures (Zhang and Suen 1984, CACM 27, 236)."""
    ink = pictures.to(torch.uint8)
    height, width = ink.shape[1:]
    while True:
        before = ink.sum()
        for first in (True, False):
            padded = F.pad(ink, (1, 1, 1, 1))
            p = [padded[:, y : y + height, x : x + width] for y, x in _TURN]
            around, changes = torch.zeros_like(ink), torch.zeros_like(ink)
            for here, there in zip(p, [*p[1:], p[0]], strict=True):
                around += here
                changes += there > here
            if first:
                closed = (p[0] & p[2] & p[4]) | (p[2] & p[4] & p[6])
            else:
                closed = (p[0] & p[2] & p[6]) | (p[0] & p[4] & p[6])
            ink[(around >= 2) & (around <= 6) & (changes == 1) & (closed == 0)] = 0
        if ink.sum() == before:
            return ink.bool()


def skeletons(images: Tensor) -> Tensor:
    """Of images (N, 1, 28, 28) uint8: (N, 112, 112) bool."""
    large = F.interpolate(images.float(), scale_factor=_FINE, mode="bicubic")[:, 0] > _INKED
    return torch.cat([thinned(part) for part in large.split(_BATCH)])


def redrawn(images: Tensor) -> Tensor:
    """Images (N, 1, 28, 28) uint8 with every stroke as wide as the pad's pen; size and place stay."""
    radius = _FINE * PEN_WIDTH / 2
    reach, side = int(radius), _FINE * SIDE
    out = []
    for part in images.split(1000):
        lines = F.pad(skeletons(part), (reach, reach, reach, reach))
        inked = torch.zeros(len(part), side, side, dtype=torch.bool)
        for y in range(-reach, reach + 1):
            for x in range(-reach, reach + 1):
                if x * x + y * y <= radius**2:
                    inked |= lines[:, reach + y :, reach + x :][:, :side, :side]
        out.append((F.avg_pool2d(inked[:, None].float(), _FINE) * 255).round().to(torch.uint8))
    return torch.cat(out)
