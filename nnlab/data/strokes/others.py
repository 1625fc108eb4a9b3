"""What is no digit: letters unlike digits, syllables, shapes, scribbles and dots, in `glyphs`' notation.

Images of these are no part of the dataset; from them the shipped network learns what it has nothing to say
of. Letters that are written like a digit (I, O, S, Z, B, b, g, q, y) are left out, for nobody could tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin

import torch
from torch import Tensor

from nnlab.data.dataset import Split
from nnlab.data.ink import Paths, place_and_ink
from nnlab.data.strokes.glyphs import Way
from nnlab.data.strokes.pen import write_ways


def _way(*masters: str) -> Way:
    return Way(1, masters)


def _round(count: int, radius: float = 50, x: float = 50, y: float = 50, begin: float = -90) -> str:
    """A ring of `count` control points, closed, begun at that angle in degrees."""
    angles = [begin + 360 * i / count for i in range(count + 1)]
    return " ".join(_point(x, y, radius, angle) for angle in angles)


def _star(points: int, inner: float, outer: float = 50, begin: float = -90, corner: str = "!") -> str:
    """A closed outline that goes in and out `points` times."""
    radii = [outer, inner] * points + [outer]
    return " ".join(
        _point(50, 50, radius, begin + 180 * i / points) + corner for i, radius in enumerate(radii)
    )


def _spiral(turns: float, inward: bool, left: bool, begin: float = 0) -> str:
    count = round(8 * turns)
    shares = [(i + 1) / count for i in range(count)]
    angles = [begin + (-1 if left else 1) * 360 * turns * share for share in shares]
    words = [_point(50, 50, 50 * share, angle) for share, angle in zip(shares, angles, strict=True)]
    return " ".join(reversed(words) if inward else words)


def _wave(periods: float, height: float, corner: str = "") -> str:
    count = round(4 * periods)
    heights = [50 + height * sin(i * pi / 2) for i in range(count + 1)]
    return " ".join(f"{100 * i / count:.0f},{y:.0f}{corner}" for i, y in enumerate(heights))


def _point(x: float, y: float, radius: float, angle: float) -> str:
    radians = angle * pi / 180
    return f"{x + radius * cos(radians):.1f},{y + radius * sin(radians):.1f}"


OTHERS: dict[str, tuple[Way, ...]] = {
    # Capital letters.
    "A": (
        _way(
            "50,0 30,50 10,100 / 50,0 70,50 90,100 / 26,64 50,63 76,64",
            "46,2 28,50 14,98 / 50,0 68,50 84,98 / 20,60 50,60 84,58",
        ),
        _way(
            "10,100 30,50 50,0! 70,50 90,100 / 26,64 50,63 76,64",
            "16,98 32,50 46,4! 66,50 84,98 / 22,58 50,60 80,60",
        ),
    ),
    "C": (_way("84,14 50,2 12,26 8,60 34,96 84,88", "90,24 56,0 14,20 10,74 46,98 92,80"),),
    "E": (
        _way(
            "84,4 12,4! 12,50 12,96! 88,96 / 12,50 44,50 74,50",
            "80,8 18,6! 16,50 14,94! 84,94 / 16,46 44,48 66,48",
        ),
        _way(
            "14,2 14,50 14,98 / 14,4 46,4 84,4 / 14,50 44,50 76,50 / 14,96 46,96 88,96",
            "18,2 18,50 18,98 / 10,6 46,4 80,2 / 18,48 44,48 70,48 / 18,96 46,96 84,94",
        ),
    ),
    "F": (
        _way(
            "16,2 16,50 16,100 / 16,4 50,4 86,4 / 16,48 44,48 74,48",
            "22,2 20,50 18,98 / 14,6 50,4 82,2 / 20,44 44,44 66,44",
        ),
    ),
    "H": (
        _way(
            "14,2 14,50 14,98 / 86,2 86,50 86,98 / 14,50 50,50 86,50",
            "18,0 20,50 20,100 / 78,2 78,50 80,98 / 14,54 50,52 86,48",
        ),
    ),
    "J": (
        _way(
            "20,4 54,4 90,4 / 60,4 60,40 58,80 38,98 12,80", "30,4 60,4 86,4 / 66,4 66,46 60,84 40,98 20,86"
        ),
    ),
    "K": (
        _way(
            "16,0 16,50 16,100 / 82,2 50,28 18,54! 50,76 86,100",
            "20,2 18,50 16,98 / 76,6 48,30 20,50! 46,74 80,96",
        ),
    ),
    "L": (_way("16,0 16,50 16,96! 50,96 84,96", "22,2 20,50 18,94! 46,94 72,94"),),
    "M": (
        _way(
            "10,100 14,50 18,0! 34,36 50,70! 66,36 82,0! 86,50 90,100",
            "6,98 10,50 14,2! 34,30 50,56! 68,28 86,2! 88,50 92,98",
        ),
    ),
    "N": (_way("14,100 14,50 14,0! 50,50 86,100! 86,50 86,0", "20,98 18,50 18,4! 48,50 80,96! 82,50 82,2"),),
    "P": (_way("18,100 18,50 18,2! 60,2 86,24 62,50 20,52", "22,98 22,50 20,4! 56,4 76,22 56,44 24,46"),),
    "Q": (
        _way(
            "50,2 16,16 4,50 18,84 50,96 82,84 96,50 84,16 50,2 / 60,68 80,84 98,104",
            "52,4 20,14 8,48 22,84 50,94 78,82 92,48 80,16 50,4 / 56,60 76,82 92,98",
        ),
    ),
    "R": (
        _way(
            "18,100 18,50 18,2! 60,2 84,24 60,48 20,50! 54,74 88,100",
            "22,98 22,50 20,4! 58,4 76,22 56,42 24,46! 50,72 80,98",
        ),
    ),
    "T": (_way("6,4 50,4 94,4 / 50,4 50,50 50,100", "12,8 50,6 86,4 / 50,6 50,50 48,98"),),
    "U": (_way("14,0 14,40 20,82 50,98 80,82 86,40 86,0", "20,2 18,46 26,88 50,98 74,86 80,46 80,2"),),
    "V": (_way("8,0 30,50 50,100! 70,50 92,0", "14,2 32,50 48,96! 66,50 86,2"),),
    "W": (
        _way(
            "2,0 14,50 26,100! 38,54 50,10! 62,54 74,100! 86,50 98,0",
            "4,4 16,50 28,96! 40,66 50,36! 62,66 74,96! 84,50 94,4",
        ),
    ),
    "X": (_way("10,2 50,50 90,98 / 90,2 50,50 10,98", "16,4 50,50 84,96 / 80,4 50,50 20,96"),),
    "Y": (
        _way(
            "10,0 30,26 50,48 / 90,0 70,26 50,48! 50,74 50,100",
            "16,2 32,24 48,44 / 82,2 66,24 50,44! 48,74 46,98",
        ),
    ),
    # Small letters.
    "a": (
        _way(
            "20,20 50,2 74,20 76,60 78,90 96,98 / 74,46 40,44 8,66 20,94 50,92 76,70",
            "26,14 54,4 76,24 76,60 80,92 92,96 / 76,48 40,50 12,70 24,96 52,92 76,74",
        ),
    ),
    "d": (
        _way(
            "80,0 80,50 82,98 / 80,60 60,42 26,46 10,72 26,96 58,96 80,76",
            "76,2 76,50 78,98 / 76,56 52,42 20,52 14,78 32,98 60,94 76,74",
        ),
    ),
    "e": (
        _way(
            "10,52 50,50 88,44 74,10 44,2 12,26 8,66 38,97 90,86",
            "16,54 50,54 82,48 70,14 46,6 16,32 14,70 44,96 84,82",
        ),
    ),
    "f": (
        _way(
            "76,12 56,0 40,20 40,60 40,100 / 12,44 40,44 70,44",
            "82,14 62,2 48,20 46,60 44,98 / 20,40 48,40 76,38",
        ),
    ),
    "h": (
        _way(
            "18,0 18,50 18,100 / 18,64 46,42 76,54 78,78 78,100",
            "22,2 20,50 20,98 / 20,70 44,50 70,56 74,78 74,98",
        ),
    ),
    "k": (
        _way(
            "18,0 18,50 18,100 / 70,34 46,52 20,68! 48,82 78,100",
            "22,2 20,50 20,98 / 64,40 44,54 22,66! 46,80 72,98",
        ),
    ),
    "m": (
        _way(
            "4,20 6,60 6,100 / 6,44 24,16 44,30 46,64 46,100 / 46,44 64,16 86,30 90,64 92,100",
            "8,24 8,60 8,98 / 8,46 24,24 42,36 44,66 44,98 / 44,46 62,24 80,36 84,66 86,98",
        ),
    ),
    "n": (
        _way(
            "12,4 14,50 14,100 / 14,40 46,6 80,24 84,60 84,100",
            "18,6 18,50 18,98 / 18,46 46,14 74,28 78,60 80,98",
        ),
    ),
    "r": (
        _way("30,20 30,60 30,100 / 30,52 46,28 62,20 80,28", "34,18 32,60 32,98 / 32,50 50,26 68,20 88,32"),
    ),
    "t": (
        _way(
            "44,0 44,40 46,84 60,98 82,88 / 10,32 44,30 78,30",
            "48,2 46,40 46,86 56,98 74,92 / 16,28 46,28 80,26",
        ),
    ),
    "w": (
        _way(
            "4,8 12,60 30,92 46,64 50,30! 54,64 70,92 88,60 96,8",
            "8,12 14,60 28,88 44,66 50,40! 56,66 72,88 86,60 92,12",
        ),
    ),
    # Korean letters and syllables, and Greek letters.
    "ㄷ": (_way("88,4 50,4 14,4! 14,50 14,94! 52,94 92,92", "84,8 50,6 18,6! 16,50 16,92! 50,92 86,92"),),
    "ㅂ": (
        _way(
            "16,2 16,50 16,96! 84,96! 84,50 84,2 / 16,50 50,50 84,50",
            "20,4 20,50 20,94! 80,94! 80,50 80,4 / 20,46 50,46 80,46",
        ),
    ),
    "ㅅ": (_way("54,0 38,50 6,100 / 48,34 68,68 96,98", "50,2 40,46 12,96 / 46,40 64,70 88,96"),),
    "ㅍ": (
        _way(
            "6,8 50,8 94,8 / 32,8 34,48 36,88 / 68,8 66,48 64,88 / 2,92 50,90 98,90",
            "12,12 50,10 88,10 / 34,10 34,48 34,86 / 66,10 66,48 66,86 / 8,92 50,90 92,88",
        ),
    ),
    "가": (
        _way(
            "4,14 24,14 46,14! 40,52 8,92 / 70,0 70,50 70,100 / 70,46 84,46 98,46",
            "8,20 24,18 42,18! 36,50 12,86 / 74,2 74,50 74,98 / 74,42 84,42 94,42",
        ),
    ),
    "한": (
        _way(
            "22,2 32,2 42,2 / 6,14 30,14 56,14 / 30,22 14,36 30,50 46,36 30,22 / 76,2 76,34 76,64"
            " / 76,32 86,32 96,32"
            " / 22,68 22,82 22,98! 54,98 90,96",
            "22,6 32,4 42,4 / 10,18 30,16 52,16 / 32,24 18,36 32,48 46,36 32,24 / 74,4 74,34 74,60"
            " / 74,30 84,30 92,30"
            " / 26,70 26,82 26,94! 54,94 84,94",
        ),
    ),
    "Σ": (_way("88,4 14,4! 52,48! 12,96! 90,96", "82,8 20,6! 48,46! 18,94! 86,92"),),
    "π": (
        _way(
            "6,10 50,10 94,8 / 30,10 30,50 24,98 / 68,10 68,50 74,98",
            "12,14 50,8 90,4 / 34,10 32,50 32,96 / 64,10 64,50 66,94",
        ),
    ),
    # Shapes.
    "triangle": (
        _way("50,4 8,92! 92,92! 50,4", "44,8 10,88! 90,96! 44,8"),
        _way("50,96 8,8! 92,8! 50,96", "40,92 12,12! 88,6! 40,92"),
    ),
    "square": (_way("8,8 8,92! 92,92! 92,8! 8,8", "14,12 10,88! 90,92! 88,8! 14,12"),),
    "diamond": (_way(_star(2, 50), _star(2, 32), _star(2, 40)),),
    "star": (
        _way("20,98 50,2! 80,98! 4,38! 96,38! 20,98", "24,94 48,6! 78,96! 8,42! 92,36! 24,94"),
        _way(_star(5, 20), _star(5, 26, 50, -80)),
    ),
    "house": (
        _way(
            "10,44 10,98! 90,98! 90,44! 50,2! 10,44! 90,44", "16,48 14,96! 86,96! 84,46! 50,6! 14,46! 86,46"
        ),
        _way(
            "14,42 14,98! 86,98! 86,42 / 2,46 50,2! 98,46 / 42,98 42,68! 60,68! 60,98",
            "18,42 18,94! 82,94! 82,42 / 8,46 50,8! 92,46 / 40,94 40,70! 58,70! 58,94",
        ),
    ),
    "heart": (
        _way(
            "50,28 34,4 8,10 6,40 50,98! 94,40 92,10 66,4 50,28",
            "50,24 30,6 10,18 12,46 50,92! 86,46 88,18 68,6 50,24",
        ),
    ),
    "arrow": (
        _way("2,50 50,50 98,50 / 68,22 98,50! 68,78", "4,54 50,52 94,50 / 74,32 96,50! 72,70"),
        _way("98,50 50,50 2,50 / 32,22 2,50! 32,78", "94,54 50,52 6,50 / 28,32 4,50! 30,70"),
        _way("50,98 50,50 50,2 / 22,32 50,2! 78,32", "52,96 50,50 50,6 / 30,28 50,4! 70,28"),
        _way("50,2 50,50 50,98 / 22,68 50,98! 78,68", "52,4 50,50 50,94 / 30,72 50,96! 70,72"),
    ),
    "spiral": (
        _way(_spiral(2.5, False, False)),
        _way(_spiral(2.5, True, True, 90)),
        _way(_spiral(3.5, False, True, 180)),
        _way(_spiral(3, True, False, 270)),
        _way(_spiral(2, False, False, 120)),
        _way(_spiral(2, True, True, 0)),
    ),
    "check": (_way("4,60 18,78 32,96! 64,48 98,4", "8,52 22,70 34,90! 60,50 92,10"),),
    "wave": (
        _way(_wave(2, 18), _wave(2, 26)),
        _way(_wave(3, 14), _wave(3, 20)),
        _way(_wave(1.5, 20), _wave(1.5, 26)),
    ),
    "zigzag": (_way(_wave(2.5, 24, "!"), _wave(2.5, 40, "!")), _way(_wave(4, 24, "!"), _wave(4, 36, "!"))),
    "lightning": (_way("66,0 20,54! 56,50! 26,100", "60,2 24,56! 66,48! 34,98"),),
    "plus": (_way("50,4 50,50 50,96 / 4,50 50,50 96,50", "50,8 50,50 48,92 / 8,52 50,50 92,48"),),
    "dash": (_way("2,50 50,50 98,50", "2,44 50,50 98,56", "2,56 50,50 98,44"),),
    "equals": (_way("6,32 50,32 94,32 / 6,68 50,68 94,68", "10,24 50,24 90,22 / 8,76 50,74 92,74"),),
    "hash": (
        _way(
            "34,2 32,50 28,98 / 72,2 68,50 64,98 / 4,32 50,32 96,32 / 2,68 50,68 94,68",
            "30,4 30,50 30,96 / 70,4 70,50 70,96 / 6,30 50,30 94,28 / 4,70 50,70 92,72",
        ),
    ),
    "asterisk": (
        _way(
            "50,2 50,50 50,98 / 8,26 50,50 92,74 / 92,26 50,50 8,74",
            "50,6 50,50 50,94 / 12,18 50,50 88,82 / 88,18 50,50 12,82",
        ),
    ),
    "infinity": (
        _way(
            "50,50 24,24 4,50 24,76 50,50 76,24 96,50 76,76 50,50",
            "50,50 28,30 2,48 26,70 50,50 74,30 98,52 74,70 50,50",
        ),
    ),
    "moon": (
        _way(
            "66,2 20,14 6,50 22,88 66,98! 38,72 34,34 66,2", "60,4 22,20 10,54 28,88 70,96! 46,74 40,36 60,4"
        ),
    ),
    "cloud": (
        _way(
            "20,80 2,62 16,42 24,20 48,18 62,8 84,24 86,44 98,62 82,80 50,82 20,80",
            "22,74 6,62 14,46 28,28 46,30 60,16 80,30 84,46 96,60 80,76 50,76 22,74",
        ),
    ),
    "flower": (_way(_star(5, 22, corner="")), _way(_star(6, 24, 50, 0, ""))),
    "face": (
        _way(
            f"{_round(8)} / 34,34 34,40 / 66,34 66,40 / 28,64 50,78 72,64",
            f"{_round(8, 46)} / 32,30 32,36 / 64,30 64,36 / 26,62 50,72 74,62",
        ),
    ),
    "fish": (_way("96,20 60,66 24,80 4,52 24,24 60,36 96,84", "92,26 58,68 28,76 8,50 28,28 58,34 92,80"),),
    "tree": (
        _way("50,2 16,66! 84,66! 50,2 / 50,66 50,82 50,100", "50,4 24,60! 76,60! 50,4 / 50,60 50,80 50,98"),
    ),
    "umbrella": (
        _way(
            "2,52 16,14 50,2 84,14 98,52! 2,52! 50,52! 50,80 42,98 30,90",
            "6,48 20,16 50,6 80,16 94,48! 6,48! 50,48! 50,82 40,96 28,86",
        ),
    ),
    "grid": (
        _way(
            "4,4 96,4! 96,96! 4,96! 4,4 / 50,4 50,50 50,96 / 4,50 50,50 96,50",
            "8,8 92,8! 92,92! 8,92! 8,8 / 46,8 46,50 46,92 / 8,54 50,54 92,54",
        ),
    ),
    "bars": (
        _way(
            "10,4 10,50 10,96 / 50,4 50,50 50,96 / 90,4 90,50 90,96",
            "20,4 18,50 16,96 / 50,4 50,50 50,96 / 80,4 82,50 84,96",
        ),
        _way("24,4 24,50 24,96 / 76,4 76,50 76,96", "18,4 22,50 20,96 / 80,4 78,50 80,96"),
    ),
}


SCRIBBLES = 300  # each its own way
_SCRIBBLED, _DOTTED = 0.25, 0.02  # their shares of all others
_MOST_DOTS = 12


def scribbles(count: int, seed: int) -> tuple[Way, ...]:
    """Ways without any plan: 7 to 20 points at random, angular or round, in up to three strokes."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(_scribble(generator) for _ in range(count))


def _scribble(generator: torch.Generator) -> Way:
    def integer(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    points: Tensor
    if integer(0, 1):
        points = torch.rand(integer(7, 14), 2, generator=generator)
    else:
        points = torch.randn(integer(10, 20), 2, generator=generator).cumsum(0)
        points = (points - points.amin(0)) / (points.amax(0) - points.amin(0)).amax().clamp(min=1e-6)
    corner = "!" if integer(0, 1) else ""
    words = [f"{100 * x:.3f},{100 * y:.3f}{corner}" for x, y in points.tolist()]
    strokes = integer(1, 3)
    size = max(2, len(words) // strokes)
    starts = [begin for begin in range(0, len(words), size) if len(words) - begin >= 2]
    return _way(" / ".join(" ".join(words[begin : begin + size]) for begin in starts))


def write_others(count: int, seed: int, kinds: Sequence[str] | None = None) -> Split:
    """`count` images (count, 1, 28, 28) uint8 of what is no digit, in random order.

    The labels are 0 to len(kinds) - 1, then one for scribbles (a quarter of the images), one for dots.

    Args:
        kinds: names in `OTHERS`, the default all of them.
    """
    ways = [OTHERS[kind] for kind in (OTHERS if kinds is None else kinds)]
    scribbled, dotted = round(_SCRIBBLED * count), round(_DOTTED * count)
    drawn = count - scribbled - dotted
    first = write_ways(ways, -(-drawn // len(ways)) * len(ways), seed)
    second = write_ways([scribbles(SCRIBBLES, seed)], scribbled, seed)
    images = torch.cat([first.images[:drawn], second.images, _dots(dotted, seed)])
    labels = torch.cat(
        [first.labels[:drawn], second.labels + len(ways), torch.full((dotted,), len(ways) + 1)]
    )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return Split(images[order], labels[order])


def _dots(count: int, seed: int) -> Tensor:
    """Images (count, 1, 28, 28) of one to twelve dots."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.rand(count, _MOST_DOTS, 2, generator=generator, dtype=torch.float64)
    kept = torch.randint(1, _MOST_DOTS + 1, (count, 1), generator=generator)
    places = torch.where((torch.arange(_MOST_DOTS) < kept)[..., None], places, places[:, :1])
    joined = (torch.arange(2 * _MOST_DOTS - 1) % 2 == 0).expand(count, -1)
    points = places.repeat_interleave(2, dim=1)
    return place_and_ink(Paths(points, joined, torch.ones(count, 2 * _MOST_DOTS)))
