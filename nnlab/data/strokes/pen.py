"""A pen in many hands: glyphs turned into handwriting, in batches.

Each image gets a hand of its own. The control points are jittered, strokes shift and run past their end
or stop short of it; a smooth curve is laid through the points (a centripetal Catmull-Rom spline, after
Yuksel, Schaefer and Keyser, "Parameterization and applications of Catmull-Rom curves", 2011, without
tangent at corners) and wobbles a little; then the whole digit is warped, stretched, slanted and turned.
The pen is wider where the hand is slow, and a hand is slow where the path bends: speed goes with the
curvature's power -1/3 (Lacquaniti, Terzuolo and Viviani, "The law relating the kinematic and figural
aspects of drawing movements", 1983).

Everything is drawn from one seeded generator and computed in float64; `nnlab.data.ink` rounds before it
inks. So the images follow from the seed alone, whatever the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.data.dataset import Split
from nnlab.data.ink import Paths, place_and_ink
from nnlab.data.strokes.glyphs import GLYPHS, Glyph
from nnlab.errors import check

_SPACING = 0.085  # of the digit's height between two points of a path: 1.7 pixels


@dataclass(frozen=True)
class Hand:
    """How much hands differ. Lengths are in digit heights, angles in radians; spreads are one sigma."""

    jitter: float = 0.032  # of each control point
    jitter_spread: float = 0.45  # some hands are steadier: log of the jitter's factor
    shift: float = 0.03  # of each stroke
    overshoot: float = 0.05  # at both ends of each stroke
    roundness: float = 0.5  # of corners, at most; 1 is as smooth as anywhere
    wobble: float = 0.008
    bend: float = 0.12  # of the whole: one half larger than the other, curved axes
    aspect: float = 0.0  # log of the mean stretch of the width
    aspect_spread: float = 0.2
    slant: float = 0.16
    slant_spread: float = 0.2
    turn: float = 0.1
    width: float = 2.4  # of the pen, pixels
    width_spread: float = 0.24  # log
    pressure: float = 0.15  # how the width goes with speed: its power
    pressure_spread: float = 0.2


def write_digits(count: int, seed: int, hand: Hand | None = None) -> Split:
    """`count` images of handwritten digits, in random order, as many of each digit as of any other.

    Args:
        count: a positive multiple of 10.
        seed: the same seed gives the same images, on any number of threads.
        hand: the spread of handwriting; the default resembles that of MNIST.

    Returns:
        images (count, 1, 28, 28) uint8, labels (count,) int64.
    """
    check(count > 0 and count % 10 == 0, "{count} digits cannot be shared out evenly among ten.", count=count)
    hand = hand or Hand()
    random = torch.Generator().manual_seed(seed)
    images, labels = [], []
    for digit in range(10):
        ways = [glyph for glyph in GLYPHS if glyph.digit == digit]
        for glyph, share in zip(ways, _shares(ways, count // 10), strict=True):
            if share:
                images.append(_write(glyph, share, hand, random))
                labels.append(torch.full((share,), digit))
    order = torch.randperm(count, generator=random)
    return Split(torch.cat(images)[order], torch.cat(labels)[order])


def _shares(ways: list[Glyph], count: int) -> list[int]:
    """`count` divided in proportion to the weights, by largest remainder."""
    whole = sum(glyph.weight for glyph in ways)
    exact = [count * glyph.weight / whole for glyph in ways]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(ways)), key=lambda i: shares[i] - exact[i])
    for i in by_remainder[: count - sum(shares)]:
        shares[i] += 1
    return shares


def _write(glyph: Glyph, count: int, hand: Hand, random: torch.Generator) -> Tensor:
    """Images (count, 1, 28, 28) of one glyph."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=random, dtype=torch.float64)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=random, dtype=torch.float64)

    sloppiness = (hand.jitter_spread * normal(1, 1)).exp()
    controls = glyph.points + hand.jitter * sloppiness * normal(*glyph.points.shape)
    smooth = torch.where(glyph.corner, hand.roundness * uniform(1), 1.0)

    curves, lifted = [], []
    for stroke in glyph.strokes:
        knots = controls[:, stroke] + hand.shift * normal(1, 2)
        for end, inner in ((0, 1), (-1, -2)):
            onwards = knots[:, end] - knots[:, inner]
            onwards = onwards / onwards.norm(dim=1, keepdim=True).clamp(min=1e-3)
            knots[:, end] += hand.overshoot * normal(1) * onwards
        curve = _spline(knots, smooth[:, stroke], _pieces(glyph.points[stroke]))
        curves.append(_wobbled(curve, hand.wobble * sloppiness, normal, uniform))
        lifted += [False] * (curve.shape[1] - 1) + [True]
    points = torch.cat(curves, 1)
    joined = ~torch.tensor(lifted[:-1])

    points = _warped(points, hand, normal)
    pen = hand.width * (hand.width_spread * normal(1)).exp()
    width = pen * _pressed(points, joined, hand.pressure + hand.pressure_spread * normal(1))
    return place_and_ink(Paths(points, joined.expand(count, -1), width.clamp(1.05, 6.0)), 1.0)


def _pieces(points: Tensor) -> list[int]:
    """How many straight pieces to cut each span of a stroke into."""
    return [max(1, round(float(length) / _SPACING)) for length in points.diff(dim=0).norm(dim=1)]


def _spline(knots: Tensor, smooth: Tensor, pieces: list[int]) -> Tensor:
    """Knots (B, K, 2) -> points (B, 1 + sum(pieces), 2) of the curve through them.

    smooth: (B, K), the share of the spline's tangent that is kept at each knot.
    """
    chord = knots.diff(dim=1)
    pace = chord.norm(dim=2, keepdim=True).clamp(min=1e-3).sqrt()  # (B, K - 1, 1): centripetal
    velocity = chord / pace
    inner = velocity[:, :-1] * pace[:, 1:] + velocity[:, 1:] * pace[:, :-1]
    inner = inner / (pace[:, :-1] + pace[:, 1:])
    tangent = torch.cat((velocity[:, :1], inner, velocity[:, -1:]), 1) * smooth[..., None]
    out = [knots[:, :1]]
    for i, n in enumerate(pieces):
        t = (torch.arange(1, n + 1, dtype=torch.float64) / n)[:, None]
        t2, t3 = t * t, t * t * t
        out.append(
            (2 * t3 - 3 * t2 + 1) * knots[:, i, None]
            + (t3 - 2 * t2 + t) * (tangent[:, i] * pace[:, i])[:, None]
            + (3 * t2 - 2 * t3) * knots[:, i + 1, None]
            + (t3 - t2) * (tangent[:, i + 1] * pace[:, i])[:, None]
        )
    return torch.cat(out, 1)


def _wobbled(curve: Tensor, size: Tensor, normal, uniform) -> Tensor:  # type: ignore[no-untyped-def]
    """Waves across the path, one to five to a stroke."""
    along = torch.linspace(0, 1, curve.shape[1], dtype=torch.float64)[:, None]
    for waves in (1.5, 3.0, 5.0):
        phase = 2 * torch.pi * (uniform(1, 2) + waves * along)
        curve = curve + size * normal(1, 2) * phase.sin()
    return curve


def _warped(points: Tensor, hand: Hand, normal) -> Tensor:  # type: ignore[no-untyped-def]
    """Bent, stretched, slanted and turned about the middle."""
    x, y = (points - torch.tensor([0.35, 0.5], dtype=torch.float64)).unbind(2)
    b = hand.bend * normal(6, 1)
    x, y = (
        x * (1 + 2 * b[:, 0] * y) + b[:, 1] * (y * y - 0.1) + b[:, 2] * (x * x - 0.05),
        y * (1 + b[:, 3] * x) + 1.5 * b[:, 4] * (y * y - 0.1) + b[:, 5] * (x * x - 0.05),
    )
    x = x * (hand.aspect + hand.aspect_spread * normal(1)).exp()
    x = x - y * (hand.slant + hand.slant_spread * normal(1)).clamp(-1.2, 1.2).tan()
    angle = hand.turn * normal(1)
    cos, sin = angle.cos(), angle.sin()
    return torch.stack((cos * x - sin * y, sin * x + cos * y), 2)


def _pressed(points: Tensor, joined: Tensor, power: Tensor) -> Tensor:
    """The pen's width at each point (B, P), relative to its mean: speed to the power -`power`."""
    step = points.diff(dim=1)
    length = step.norm(dim=2).clamp(min=1e-3)
    turning = (step[:, 1:] / length[:, 1:, None] - step[:, :-1] / length[:, :-1, None]).norm(dim=2)
    turning = torch.where(joined[1:] & joined[:-1], turning, 0.0)
    curvature = turning / (length[:, 1:] + length[:, :-1]) * 2
    slow = (curvature + 1.0).log() / 3  # log of 1 / speed; the 1 is a radius of one digit height
    slow = torch.cat((slow[:, :1], slow, slow[:, -1:]), 1)
    padded = torch.cat((slow[:, :1], slow, slow[:, -1:]), 1)
    slow = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return ((slow - slow.mean(1, keepdim=True)) * power).exp()
