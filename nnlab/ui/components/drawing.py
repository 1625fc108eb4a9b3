"""A drawing as the browser tells it, checked: it may come from anybody who speaks to the server."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnlab.errors import check

TENTHS = 10  # coordinates travel as whole tenths of a pixel
USUAL_PEN = 18.0  # canvas pixels
MOST_POINTS = 100_000
_FARTHEST = 1e6  # tenths of a pixel: what lies beyond is no canvas
_MOST_PEN = 280.0


@dataclass(frozen=True)
class Drawing:
    """Strokes as flat lists x, y, x, y, ... in tenths of a canvas pixel, and how they came about.

    seq: which of the changes of the drawing in one browser this is.
    times: for each stroke, milliseconds from the point before (of the stroke before, for its first).
    pressures: for each stroke, 0 to 255 a point; empty where the pointer has none.
    pen: its width on the screen in canvas pixels.
    down: whether it was down as this was told: then more will follow soon.
    """

    seq: int = 0
    strokes: list[list[float]] = field(default_factory=list)
    times: list[list[float]] = field(default_factory=list)
    pressures: list[list[float]] = field(default_factory=list)
    pen: float = USUAL_PEN
    down: bool = False

    @property
    def arrays(self) -> list[np.ndarray]:
        """(k, 2) float32 each, in canvas pixels, without empty ones."""
        return [np.array(flat, np.float32).reshape(-1, 2) / TENTHS for flat in self.strokes if flat]

    @property
    def seconds(self) -> float:
        """From the first touch of the pen to the last; 0 where it was not told."""
        return sum(map(sum, self.times)) / 1000

    @property
    def mean_pressure(self) -> float | None:
        """From 0 to 1; None where the pointer has none."""
        told = [value for stroke in self.pressures for value in stroke]
        return sum(told) / len(told) / 255 if told else None


def read_drawing(told: object) -> Drawing:
    """What a browser says of a drawing: a mapping with `seq` and `strokes`, perhaps with the rest.

    Raises:
        LabError: it is not that.
    """
    check(isinstance(told, Mapping), "What the pad has told is no drawing.")
    assert isinstance(told, Mapping)
    strokes = read_flat(told.get("strokes"))
    for index, flat in enumerate(strokes):
        check(
            len(flat) % 2 == 0,
            "Stroke {index} has {count} numbers; they should be x, y, x, y, and so on.",
            index=index, count=len(flat),
        )  # fmt: skip
    seq, pen = told.get("seq"), told.get("pen", USUAL_PEN)
    check(isinstance(seq, int) and not isinstance(seq, bool), "A drawing needs a whole number as its `seq`.")
    check(
        _is_number(pen) and 0 < pen <= _MOST_PEN,
        "The pen is {pen} pixels wide; more than 0 and at most {most:g} can be drawn with.",
        pen=repr(pen)[:40], most=_MOST_PEN,
    )  # fmt: skip
    times, pressures = (_beside(told.get(name), strokes) for name in ("times", "pressures"))
    return Drawing(int(seq or 0), strokes, times, pressures, float(pen), told.get("down") is True)


def read_flat(strokes: object) -> list[list[float]]:
    """Lists of finite numbers within reach of a canvas; raises `LabError` for anything else."""
    check(isinstance(strokes, list), "The strokes of a drawing should be a list of lists.")
    assert isinstance(strokes, list)
    for index, flat in enumerate(strokes):
        check(isinstance(flat, list), "Stroke {index} is not an array of numbers.", index=index)
    count = sum(map(len, strokes)) // 2
    check(
        count <= MOST_POINTS,
        "The drawing has {count:,} points; at most {most:,} are read. Clear the pad and begin anew.",
        count=count, most=MOST_POINTS,
    )  # fmt: skip
    for index, flat in enumerate(strokes):
        check(set(map(type, flat)) <= {int, float}, "Stroke {index} is not an array of numbers.", index=index)
        check(
            all(-_FARTHEST <= value <= _FARTHEST for value in flat),
            "Stroke {index} holds a number that is not finite, or far beyond the canvas.",
            index=index,
        )  # fmt: skip
    return strokes


def _beside(values: object, strokes: Sequence[Sequence[float]]) -> list[list[float]]:
    """One number for each point; what does not fit is left out, as the answer does not depend on it."""
    if not isinstance(values, list) or len(values) != len(strokes):
        return []
    for some, flat in zip(values, strokes, strict=True):
        fits = isinstance(some, list) and 2 * len(some) == len(flat)
        if not fits or not all(_is_number(value) and 0 <= value < _FARTHEST**2 for value in some):
            return []
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
