"""What a network's picture is made of: slabs, edges, signs and labels, and the scale they are drawn to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nnlab.nets.architecture import Path, Row
from nnlab.nets.layers import Shape

SIDE, THICK, BAR, CAP = 104.0, 30.0, 9.0, 5.0  # the largest side; the most channels; a vector; a cap: pixels
LEAST = 3.0  # what is smaller would not be seen
THINNEST, THICKEST = 2.0, 13.0  # edges with parameters
LINE, LETTER = 13.0, 6.8  # of labels: the height of a line, and how wide a letter is at most
_DEPTH, _RISE = 0.3, 0.2  # how far the width of a map goes to the right and up
_FEW = 16  # channels: where there are less, the most of them are thinner than `THICK`
_LINEAR_TO = 16  # the ratio of the sides from which on their square roots are drawn


@dataclass(frozen=True)
class Scale:
    """From sizes to pixels. Channels, features and parameters go by their square roots, sides where `root`.

    The fields are the largest of each, `features` 0 without a vector.
    """

    side: int
    channels: int
    features: int
    params: int
    root: bool

    @classmethod
    def of(cls, in_shape: Shape, rows: Sequence[Row]) -> Scale:
        """That on which the layers of `rows` and their input fit."""
        shapes = [in_shape, *(row.out_shape for row in rows)]
        sides = [side for shape in shapes for side in shape[1:]] or [1]
        channels = max((shape[0] for shape in shapes if len(shape) == 3), default=0)
        features = max((shape[0] for shape in shapes if len(shape) == 1), default=0)
        params = max((row.params for row in rows), default=0)
        return cls(max(sides), max(_FEW, channels), features, params, max(sides) > _LINEAR_TO * min(sides))

    def of_side(self, size: int) -> float:
        """Of a height or a width."""
        share = size / self.side
        return max(LEAST, SIDE * (math.sqrt(share) if self.root else share))

    def of_channels(self, count: int) -> float:
        """Of channels, along the flow."""
        return max(LEAST, THICK * math.sqrt(count / self.channels))

    def of_features(self, count: int) -> float:
        """The height of a vector."""
        return max(LEAST, SIDE * math.sqrt(count / self.features))

    def weight(self, params: int) -> float:
        """From 0 to 1: how much of the largest layer's, by the square root."""
        return math.sqrt(params / self.params) if params else 0.0


@dataclass(frozen=True)
class Slab:
    """What a layer gives: maps as a box seen at an angle, a vector as a bar (`right` and `up` are 0).

    The flow goes along the axis `y` through the middle of the box; its front is `thick` x `high`, with the
    left edge at `x`, and the box goes `right` and `up` from there.
    """

    path: Path
    family: str
    x: float
    y: float
    thick: float
    high: float
    right: float = 0.0
    up: float = 0.0
    parts: tuple[float, ...] = ()  # of a concatenation: the share of each branch
    wrong: bool = False

    @classmethod
    def of(cls, path: Path, family: str, shape: Shape, scale: Scale) -> Slab:
        """An output of `shape`, at the origin."""
        if len(shape) == 1:
            return cls(path, family, 0, 0, BAR, scale.of_features(shape[0]))
        high, wide = scale.of_side(shape[1]), scale.of_side(shape[2])
        return cls(path, family, 0, 0, scale.of_channels(shape[0]), high, _DEPTH * wide, _RISE * wide)

    @property
    def port(self) -> float:
        """Where what comes out of it starts: the middle of its right side."""
        return self.x + self.thick + self.right / 2

    @property
    def end(self) -> float:
        return self.x + self.thick + self.right

    @property
    def half(self) -> float:
        """How far it goes above the axis, and below it."""
        return (self.high + self.up) / 2

    def moved(self, x: float, y: float) -> Slab:
        return replace(self, x=self.x + x, y=self.y + y)

    def to_json(self) -> dict[str, object]:
        front = [self.x, self.y + self.up / 2 - self.high / 2, self.thick, self.high]
        return {
            "type": "slab", "id": _dotted("slab", self.path), "path": _text(self.path), "family": self.family,
            "front": [round(value, 1) for value in front], "right": round(self.right, 1),
            "up": round(self.up, 1), "parts": self.parts, "wrong": self.wrong,
        }  # fmt: skip


@dataclass(frozen=True)
class Edge:
    """A line from (x, y) to (to_x, to_y), with what flows into the layer `path`; `weight` (0 to 1) tells of
    that layer's parameters, and `text` how many there are."""

    path: Path
    x: float
    y: float
    to_x: float
    to_y: float
    role: str = "in"  # what tells it from other edges of the same layer
    weight: float = 0.0
    text: str = ""
    text_x: float = 0.0
    arrow: bool = False
    dashed: bool = False

    @property
    def thick(self) -> float:
        return max(THINNEST, THICKEST * self.weight) if self.weight else 1.0

    @property
    def tip(self) -> float:
        """How long and half as wide its arrow is; 0 without."""
        return max(5.0, self.thick / 2 + 3) if self.arrow else 0.0

    def moved(self, x: float, y: float) -> Edge:
        return replace(
            self, x=self.x + x, y=self.y + y, to_x=self.to_x + x, to_y=self.to_y + y, text_x=self.text_x + x
        )

    def to_json(self) -> dict[str, object]:
        ends = [self.x, self.y, self.to_x, self.to_y]
        return {
            "type": "edge", "id": _dotted(self.role, self.path), "ends": [round(value, 1) for value in ends],
            "thick": round(self.thick, 1), "weight": round(self.weight, 3), "text": self.text,
            "textX": round(self.text_x, 1), "tip": round(self.tip, 1), "dashed": self.dashed,
        }  # fmt: skip


@dataclass(frozen=True)
class Sign:
    """Where branches are added ("+") or put side by side ("cat"), or where it breaks ("x"): at (x, y)."""

    path: Path
    form: Literal["sum", "cat", "break"]
    x: float
    y: float
    wrong: bool = False

    def moved(self, x: float, y: float) -> Sign:
        return replace(self, x=self.x + x, y=self.y + y)

    def to_json(self) -> dict[str, object]:
        return {
            "type": "sign", "id": _dotted(self.form, self.path), "path": _text(self.path), "form": self.form,
            "x": round(self.x, 1), "y": round(self.y, 1), "wrong": self.wrong,
        }  # fmt: skip


@dataclass(frozen=True)
class Label:
    """Lines of text around x, the first one below y; `caps` are the layers that the last lines name."""

    path: Path
    x: float
    y: float
    lines: tuple[str, ...]
    role: Literal["label", "same", "lost", "more"] = "label"
    caps: tuple[Path, ...] = ()

    @property
    def wide(self) -> float:
        return wide(*self.lines)

    @property
    def _paths(self) -> list[str | None]:
        """The layer that each line is about; None where it is about none."""
        if self.role in ("same", "more"):
            return [None] * len(self.lines)
        first = len(self.lines) - len(self.caps)
        return [*[_text(self.path)] * first, *map(_text, self.caps)]

    def moved(self, x: float, y: float) -> Label:
        return replace(self, x=self.x + x, y=self.y + y)

    def to_json(self) -> dict[str, object]:
        return {
            "type": "label", "id": _dotted(self.role, self.path), "x": round(self.x, 1),
            "y": round(self.y, 1), "role": self.role, "lines": self.lines, "paths": self._paths,
        }  # fmt: skip


Item = Slab | Edge | Sign | Label


def wide(*lines: str) -> float:
    """How much room text takes; letters that are not Latin take twice as much."""
    widths = [sum(1 if ord(letter) < 0x1100 else 1.8 for letter in line) for line in lines]
    return LETTER * max(widths, default=0)


def _text(path: Path) -> str:
    return ".".join(map(str, path))


def _dotted(role: str, path: Path) -> str:
    return f"{role}-{_text(path)}"
