"""The ten digits in the ways people write them, as the points a pen passes through.

Points are in percent of a digit's height, x to the right and y down, in the order of writing. A point
marked with `!` is a corner; through all others the pen runs smoothly. A `/` lifts the pen. How often
each way is written is a weight among those of its digit. The shapes are schematic on purpose: slant,
proportions, wobble and everything else that tells one hand from another is up to `pen`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Glyph:
    """One way to write a digit: K control points of one or more strokes.

    points: (K, 2) float64, in units of the digit's height.
    corner: (K,) bool, where the pen turns on the spot.
    stroke: for each stroke, its slice of the points.
    """

    digit: int
    weight: float
    points: Tensor
    corner: Tensor
    strokes: tuple[slice, ...]


def parse(digit: int, weight: float, text: str) -> Glyph:
    """A glyph from its notation, e.g. ``"5,20 50,0! 50,100 / 20,100 80,100"``."""
    points: list[tuple[float, float]] = []
    corner: list[bool] = []
    strokes: list[slice] = []
    for stroke in text.split("/"):
        begin = len(points)
        for word in stroke.split():
            x, y = word.rstrip("!").split(",")
            points.append((float(x) / 100, float(y) / 100))
            corner.append(word.endswith("!"))
        strokes.append(slice(begin, len(points)))
    return Glyph(digit, weight, torch.tensor(points, dtype=torch.float64), torch.tensor(corner), tuple(strokes))


_WAYS: dict[int, list[tuple[float, str]]] = {
    0: [
        # closed, from the top leftwards; run on inside; left open; the other way round; slashed
        (5, "40,2 14,16 4,52 14,86 36,98 58,84 66,50 58,16 38,2"),
        (2, "46,8 16,12 4,52 14,86 36,98 58,84 66,46 54,14 34,4 22,16"),
        (1, "48,4 18,10 4,50 12,86 34,98 58,86 66,50 58,20"),
        (1, "22,8 46,4 64,24 66,60 50,94 26,96 6,76 4,40 16,12 32,4"),
        (1, "58,4 40,14 20,10 6,46 12,84 34,98 58,80 64,44 54,14 36,12"),
        (0.15, "40,2 14,16 4,52 14,86 36,98 58,84 66,50 58,16 38,2 / 72,2 -4,98"),
    ],
    1: [
        # bare; with a bend at the top, at the foot; with flag; with flag and foot; with foot
        (7, "50,0 50,50 50,100"),
        (0.7, "44,8 50,0 51,50 50,100"),
        (0.6, "50,0 49,50 49,90 56,100"),
        (0.8, "26,20 50,0! 50,50 50,100"),
        (0.5, "22,24 50,0! 50,50 50,100 / 22,100 78,100"),
        (0.2, "50,0 50,50 50,100 / 22,100 78,100"),
    ],
    2: [
        # with a corner at the foot; with a loop; with a large loop; like a Z; with a curled start
        (4, "6,26 26,4 52,8 58,30 36,62 6,96! 34,94 68,96"),
        (3, "8,24 28,3 54,10 56,36 36,66 14,90 4,88 10,76 28,82 48,94 70,88"),
        (1.5, "10,20 34,2 52,18 44,52 24,84 8,94 2,82 14,72 32,84 50,96 72,86"),
        (1.2, "6,12 30,4 62,8! 36,50 4,94! 70,94"),
        (1.5, "16,34 8,18 28,2 54,8 60,30 40,62 8,94! 40,92 72,90"),
    ],
    3: [
        # round; with a small loop in the middle; flat-topped; with a shallow waist
        (4, "8,16 30,2 54,12 54,32 28,48! 56,58 62,78 40,97 8,88"),
        (2, "8,14 32,2 52,14 46,36 26,48 20,46 28,43 54,56 60,78 36,98 4,88"),
        (1, "8,4 58,4! 28,42! 56,54 62,76 40,97 6,90"),
        (1.5, "8,14 32,2 54,16 46,40 40,48 56,62 56,84 34,98 4,92"),
    ],
    4: [
        # open and round; open and angular; closed; in one stroke; with a short stem
        (4, "12,4 6,38 14,56 38,54 64,46 / 58,0 52,50 46,100"),
        (3, "14,4 4,52! 36,52 68,48 / 54,2 50,50 46,100"),
        (1.2, "48,0 26,30 4,62! 38,62 72,60 / 50,0 50,50 48,100"),
        (2, "8,2 6,40 20,52 50,42 60,4! 54,50 46,100"),
        (2, "38,0 20,30 4,60! 36,58 70,52 / 54,28 48,60 42,100"),
    ],
    5: [
        # hat apart; in one stroke; like an S; hat apart with a long neck
        (3, "20,6 12,44 40,38 60,58 54,84 30,98 4,88 / 20,6 44,4 68,2"),
        (3, "68,4 44,6 22,8! 14,44! 44,42 58,66 44,92 4,94"),
        (2, "64,4 34,5 16,22 26,44 50,56 54,78 34,97 4,90"),
        (1.5, "26,10 22,40! 46,40 58,62 46,90 4,96 / 26,8 52,4 80,0"),
    ],
    6: [
        # bowed; straight; large and round; like a b
        (4, "46,2 22,24 8,60 16,92 40,96 54,76 42,58 20,64 10,78"),
        (3, "40,0 14,40 6,76 24,98 50,90 52,66 30,60 12,76"),
        (1.5, "58,6 26,12 6,52 12,88 40,98 60,78 46,56 22,60 12,76"),
        (1, "14,0 8,50 10,88 32,98 56,82 46,62 24,66 10,86"),
    ],
    7: [
        # plain; with a serif; with a waved top; with a round corner; crossed
        (4, "4,10 34,8 62,6! 44,50 32,100"),
        (2, "6,26 10,8! 36,8 62,8! 42,50 32,100"),
        (2, "4,24 16,6 40,12 62,8! 46,44 34,100"),
        (2, "4,12 40,4 60,14 52,48 36,100"),
        (1, "6,10 34,8 62,6! 44,50 32,100 / 20,52 44,50 68,48"),
    ],
    8: [
        # from the upper right as an S; from the top; from the upper left; left open; two rings; from the waist
        (4, "56,12 34,2 14,16 24,38 48,56 54,80 30,98 8,82 18,58 44,38 58,14"),
        (2, "34,2 12,16 22,40 48,60 52,84 30,98 8,84 14,60 40,42 52,18 34,2"),
        (1, "14,18 34,2 54,16 40,40 16,60 8,82 30,98 54,84 46,60 22,40 12,20"),
        (1.5, "58,16 36,4 16,18 26,40 48,58 50,82 28,98 10,80 22,58 50,34 70,4"),
        (0.7, "32,2 12,22 32,46 52,24 34,2 / 32,46 8,72 32,98 56,72 32,46"),
        (0.7, "30,46 12,24 32,2 52,20 32,48 10,74 32,98 54,76 34,50 26,44"),
    ],
    9: [
        # round with a straight tail; run through; wide with a straight tail; curly
        (4, "54,16 30,2 8,20 14,42 38,42 54,16! 52,50 46,100"),
        (3, "50,18 28,2 8,22 18,42 42,34 56,10 48,60 38,100"),
        (1.5, "56,8 22,8 4,30 20,46 46,38 60,8! 54,50 48,100"),
        (1, "54,16 30,2 8,22 18,44 44,38 54,14! 54,60 44,92 20,98 6,88"),
    ],
}

GLYPHS: tuple[Glyph, ...] = tuple(
    parse(digit, weight, text) for digit, ways in _WAYS.items() for weight, text in ways
)
