"""An unsteady hand with a mouse: few points and straight lines between them, tremor, hooks, whole pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Hand:
    """How unsteady. Lengths are in units of a glyph (100 high).

    tremor: median of a hand's standard deviation of quick noise, its own at every point.
    hook: standard deviation of where the pen is put down or lifted beside the path; every third time.
    gap: the most points of a path (about 6 units apart) that lie on one straight line.
    pixel: the widest spacing of a canvas's pixels, which points are rounded to.
    """

    tremor: float = 0.6
    hook: float = 6.0
    gap: int = 4
    pixel: float = 2.5


def unsteady(points: Tensor, joined: Tensor, hand: Hand, generator: torch.Generator) -> Tensor:
    """Paths (N, P, 2) as that hand draws them; `joined` (P - 1,) tells where one stroke ends."""
    count, length, _ = points.shape

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator, dtype=points.dtype)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator, dtype=points.dtype)

    lifted = torch.cat((torch.tensor([True]), ~joined, torch.tensor([True])))
    tip = lifted[:-1] | lifted[1:]  # (P,) the first and the last point of a stroke
    points = points + hand.tremor * (0.7 * normal(1, 1)).exp() * normal(length, 2)
    points = points + hand.hook * normal(length, 2) * (uniform(length, 1) < 1 / 3) * tip[:, None]

    # Every `gap`-th point of each stroke is kept, and its two ends; what is between is moved onto the line.
    begin = torch.where(lifted[:-1], torch.arange(length), 0).cummax(0).values
    end = torch.where(lifted[1:], torch.arange(length), length).flip(0).cummin(0).values.flip(0)
    here = torch.arange(length) - begin
    gap = 1 + (uniform(1) ** 1.5 * hand.gap).long()
    before = begin + here // gap * gap
    after = torch.minimum(before + gap, end)
    share = ((torch.arange(length) - before) / (after - before).clamp(min=1)).unsqueeze(-1)
    at = torch.arange(count)[:, None]
    points = points[at, before] * (1 - share) + points[at, after] * share
    pixel = hand.pixel * uniform(1, 1) + 1e-3
    return (points / pixel).round() * pixel
