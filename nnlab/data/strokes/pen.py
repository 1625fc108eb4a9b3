"""The pen: digits written by hand, by many hands, from the curves of the glyphs.

A digit is written in a few steps, each with chance in it, for a whole batch at once: take a way of
writing; place its control points between the masters and jitter them; draw the curve, corners rounded
more or less; bend, wobble, stretch, slant and turn it; and vary the pen's width along it, a quick pen
being thinner than a slow one. `nnlab.data.ink` then places and inks it.

Everything is drawn from one seeded generator and computed in float64, and the ink rounds points to a
grid first: the images follow from the seed alone, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nnlab.data.dataset import Split
from nnlab.data.ink import Paths, place_and_ink
from nnlab.data.strokes.curves import curves
from nnlab.data.strokes.glyphs import DIGITS, Way
from nnlab.data.strokes.hand import Hand, unsteady
from nnlab.data.strokes.hurried import HURRIED
from nnlab.data.strokes.rare import RARE
from nnlab.errors import check

_THINNEST, _THICKEST = 1.1, 7.0  # pixels, of any pen anywhere
_RARELY = 0.07  # share of the digits in rare ways
_RARE, _HURRIED = 0.3, 0.4  # where they are to be hard: of the digits in rare ways, and in hurried ones

_Draw = Callable[..., Tensor]  # a shape -> random numbers of that shape, for each digit of the batch


@dataclass(frozen=True)
class Pen:
    """How widely hands differ. Lengths are in units of a glyph (100 high), angles in degrees.

    Standard deviations unless said otherwise.
    """

    jitter: float = 4.0  # of each control point
    care: float = 0.45  # of the logarithm of what one hand's jitter is multiplied by
    shift: float = 2.0  # of each stroke
    reach: float = 0.12  # of a stroke's ends, along it, as a share of the distance to the next point
    beyond: float = 0.4  # how far past its masters a digit may lie, as a share of their distance
    rounding: float = 0.5  # share of the smooth curve in a corner: half of this in the mean
    taper: float = 0.18  # how much wider the foot is than the head
    balance: float = 0.18  # how much taller the foot is than the head
    curl: float = 8.0  # how far the axes are curved
    bend: float = 4.0  # of slow waves through the whole plane
    wobble: float = 0.6  # of quick waves along the path
    narrow: float = 0.1  # mean logarithm of height over width
    aspect: float = 0.26  # of that logarithm
    lean: float = 6.0  # mean slant, to the right
    slant: float = 12.0
    turn: float = 5.0
    width: float = 2.8  # of an unhurried pen, in pixels, in the median
    spread: float = 0.27  # of its logarithm
    swell: float = 0.5  # how much of its stretch in width a digit's pen follows, as a power
    pressure: float = 0.1  # of slow waves of the pen's width along the path
    speed: float = 0.15  # how much thinner a quick pen is


# Widely differing hands, and the even pen of the pad: what people draw on a screen.
HARD = Pen(
    jitter=3.2, care=0.6, rounding=0.3, reach=0.14, lean=4.0, slant=15.0, turn=6.0, narrow=0.1, aspect=0.28,
    curl=7.0, width=2.4, spread=0.08, swell=0.0, pressure=0.0, speed=0.0,
)  # fmt: skip


def write_digits(count: int, seed: int, pen: Pen | None = None, hard: bool = False) -> Split:
    """`count` images of handwritten digits, as many of each digit as of any other, in random order.

    Args:
        count: a positive multiple of 10.
        seed: the same seed gives the same images, on any number of threads.
        pen: how widely hands differ; the default resembles MNIST's writers, or is `HARD`.
        hard: half of the digits in ways that MNIST hardly has, and all by an unsteady hand with a mouse.
            The images of `strokes` are not; a network that is to read anyone's drawing learns from these.

    Returns:
        images (count, 1, 28, 28) uint8 and labels (count,) int64.
    """
    check(count > 0 and count % 10 == 0, "{count} digits cannot be shared out evenly among ten.", count=count)
    pen = pen or (HARD if hard else Pen())
    return _written([ways_of(digit, hard) for digit in range(10)], count, seed, pen, hard)


def ways_of(digit: int, hard: bool = False) -> list[Way]:
    """The ways of writing a digit, the usual ones first, with shares that sum to 1."""
    parts = [(DIGITS[digit], 1 - _RARELY), (RARE[digit], _RARELY)]
    if hard:
        usual = 1 - _RARE - _HURRIED
        parts = [(DIGITS[digit], usual), (RARE[digit], _RARE), (HURRIED[digit], _HURRIED)]
    return [
        replace(way, share=way.share * part / sum(each.share for each in ways))
        for ways, part in parts
        for way in ways
    ]


def write_ways(ways: Sequence[Sequence[Way]], count: int, seed: int, pen: Pen = HARD) -> Split:
    """`count` images by unsteady hands, as many of each class as of any other: `ways` of writing each.

    Args:
        ways: for each class how it is written; a way's `share` is that among its class.
        count: a positive multiple of the number of classes.
        seed, pen: as for `write_digits`.
    """
    check(
        count > 0 and count % len(ways) == 0,
        "{count} drawings cannot be shared out evenly among {classes} classes.",
        count=count, classes=len(ways),
    )  # fmt: skip
    return _written(ways, count, seed, pen, True)


def _written(ways: Sequence[Sequence[Way]], count: int, seed: int, pen: Pen, hard: bool) -> Split:
    generator = torch.Generator().manual_seed(seed)
    hand = Hand() if hard else None
    images, labels = [], []
    for label, its in enumerate(ways):
        for way, share in zip(its, _shares(its, count // len(ways)), strict=True):
            if share:
                images.append(_write(way, share, pen, generator, hand))
                labels.append(torch.full((share,), label))
    order = torch.randperm(count, generator=generator)
    return Split(torch.cat(images)[order], torch.cat(labels)[order])


def _shares(ways: Sequence[Way], count: int) -> list[int]:
    """`count` divided in proportion to the ways' shares, rounded so that the sum is kept."""
    whole, so_far, given, out = sum(way.share for way in ways), 0.0, 0, []
    for way in ways:
        so_far += way.share
        out.append(round(count * so_far / whole) - given)
        given += out[-1]
    return out


def _write(way: Way, count: int, pen: Pen, generator: torch.Generator, hand: Hand | None) -> Tensor:
    """Images (count, 1, 28, 28) of one way of writing."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator, dtype=torch.float64)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator, dtype=torch.float64)

    shape = curves(way)
    # Between the masters: weights even on the simplex, stretched a little beyond it.
    masters = len(shape.masters)
    weights = -uniform(masters, 1).clamp(min=1e-9).log()
    weights = weights / weights.sum(1, keepdim=True)
    weights = 1 / masters + (weights - 1 / masters) * (1 + pen.beyond)
    controls = (weights[..., None] * shape.masters).sum(1)
    care = (pen.care * normal(1, 1)).exp()
    controls = controls + pen.jitter * care * _jitter(controls.shape[1], normal)
    outward = (shape.ends[..., None] * controls[:, None]).sum(2)
    controls = controls + pen.reach * normal(controls.shape[1], 1) * outward

    smooth = (pen.rounding * 2 * uniform(1, 1) * uniform(1, 1)).clamp(max=1)
    matrix = (1 - smooth) * shape.sharp + smooth * shape.smooth
    points = (matrix[..., None] * controls[:, None]).sum(2) - 50
    stroke = torch.cat((torch.zeros(1, dtype=torch.int64), (~shape.joined).cumsum(0)))
    points = points + pen.shift * normal(int(stroke[-1]) + 1, 2)[:, stroke]
    points = points + _bend(points, pen.bend, normal, uniform)
    points = _warp(points, pen, normal)
    points = points + pen.wobble * _waves(points.shape[1], 3, 9, normal, uniform)
    stretch = (pen.aspect * normal(1) - pen.narrow).exp()
    points = _turn(points, stretch, pen, normal)
    if hand is not None:
        points = unsteady(points, shape.joined, hand, generator)

    waves = _waves(points.shape[1], 0.5, 2.5, normal, uniform)[..., 0]
    widths = (1 - pen.speed * _speed(points)) * (1 + pen.pressure * waves)
    widths = pen.width * (pen.spread * normal(1)).exp() * stretch**pen.swell * widths
    return place_and_ink(
        Paths(points, shape.joined.expand(count, -1), widths.clamp(_THINNEST, _THICKEST)), 1.0
    )


def _jitter(controls: int, normal: _Draw) -> Tensor:
    """Noise of variance 1 for each control point, neighbours alike, or a ring would become a polygon."""
    noise, here = normal(controls, 2), torch.arange(controls)
    before, after = noise[:, (here - 1).clamp(min=0)], noise[:, (here + 1).clamp(max=controls - 1)]
    return (before + 2 * noise + after) / 6**0.5


def _bend(points: Tensor, size: float, normal: _Draw, uniform: _Draw) -> Tensor:
    """A displacement that varies slowly over the plane: two waves of about a glyph's length each way."""
    wave = normal(2, 2, 2) * (2 * torch.pi / 160)  # (N, axis, wave, direction)
    phase = 2 * torch.pi * uniform(2, 2, 1)
    angle = (wave[..., None, :] * points[:, None, None]).sum(-1) + phase
    return (angle.sin() * normal(2, 2, 1)).sum(2).transpose(1, 2) * size


def _warp(points: Tensor, pen: Pen, normal: _Draw) -> Tensor:
    """Quadratic warps of the whole: head against foot, left against right, curved axes."""
    x, y = (points / 50).unbind(-1)
    taper, balance = pen.taper * normal(2, 1), pen.balance * normal(2, 1)
    curl = pen.curl / 50 * normal(2, 1)
    warped_x = x * (1 + taper[:, 0] * y) + curl[:, 0] * (y * y - 0.5) + balance[:, 1] / 2 * (x * x - 0.5)
    warped_y = y * (1 + taper[:, 1] / 2 * x) + balance[:, 0] * (y * y - 0.5) + curl[:, 1] * (x * x - 0.5)
    return 50 * torch.stack((warped_x, warped_y), -1)


def _waves(samples: int, slowest: float, quickest: float, normal: _Draw, uniform: _Draw) -> Tensor:
    """Smooth noise along the path, (N, samples, 2), of standard deviation about 1: a few sines a digit."""
    along = torch.linspace(0, 1, samples, dtype=torch.float64)
    frequency = slowest + (quickest - slowest) * uniform(4, 1, 1)
    phase = uniform(4, 1, 2)
    sines = (2 * torch.pi * (frequency * along[:, None] + phase)).sin()
    return (sines * normal(4, 1, 2)).sum(1) / 2**0.5


def _turn(points: Tensor, stretch: Tensor, pen: Pen, normal: _Draw) -> Tensor:
    """Stretched in width, slanted and turned."""
    slant = torch.deg2rad(pen.lean + pen.slant * normal(1)).clamp(-0.9, 0.9).tan()
    turn = torch.deg2rad(pen.turn * normal(1))
    x, y = points.unbind(-1)
    x = x * stretch - slant * y
    return torch.stack((turn.cos() * x - turn.sin() * y, turn.sin() * x + turn.cos() * y), -1)


def _speed(points: Tensor) -> Tensor:
    """How quick the pen is at each point, (N, P) in [0, 1]: slow where the path turns sharply.

    Drawn movements slow down with curvature to the power 1/3 (Lacquaniti, Terzuolo and Viviani 1983).
    """
    step = points.diff(dim=1)
    length = step.norm(dim=-1).clamp(min=1e-6)
    before, after = step[:, :-1], step[:, 1:]
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    angle = torch.atan2(cross.abs(), (before * after).sum(-1))
    curvature = angle / (length[:, :-1] + length[:, 1:]) * 2
    speed = (curvature * 30 + 1).pow(-1 / 3)
    speed = torch.cat((speed[:, :1], speed, speed[:, -1:]), 1)
    padded = torch.nn.functional.pad(speed[:, None], (2, 2), mode="replicate")[:, 0]
    return padded.unfold(1, 5, 1).mean(-1)
