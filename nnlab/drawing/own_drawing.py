"""One drawing that a person has kept: its strokes, or only its image, and what it shows."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnlab.drawing.predict import drawing_to_image
from nnlab.errors import LabError, check

_MOST_POINTS = 100_000  # of one drawing
_MOST_LABEL = 100  # characters
_MOST_SIDE = 512  # pixels of an image without strokes
_FARTHEST = 1e5  # canvas pixels
_KEPT = 1000  # images of drawings that are looked at again

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class OwnDrawing:
    """One drawing and what it shows.

    Attributes:
        label: the name of its class.
        strokes: x, y, x, y, ... in pixels of a canvas of `size`, for each time the pen was down; none where
            it was not drawn here.
        times, pressures: for each point the milliseconds since the one before, and a number from 0 to 255;
            or nothing at all.
        shape, pixels: of an image that was not drawn here, (C, H, W) and its bytes.
    """

    label: str
    strokes: Rows = ()
    times: Rows = ()
    pressures: Rows = ()
    size: tuple[float, float] = (280.0, 280.0)
    shape: tuple[int, int, int] = (1, 28, 28)
    pixels: bytes = b""

    @classmethod
    def of_image(cls, image: Tensor, label: str) -> OwnDrawing:
        """For an image (1, C, H, W) uint8 that was not drawn here."""
        channels, height, width = image.shape[1:]
        return cls(label, shape=(channels, height, width), pixels=image.numpy().tobytes()).validate()

    @property
    def arrays(self) -> list[np.ndarray]:
        """The strokes, (k, 2) float64 each."""
        return [np.array(flat, np.float64).reshape(-1, 2) for flat in self.strokes if flat]

    def image(self) -> Tensor:
        """(1, C, H, W) uint8: of strokes what `drawing_to_image` makes of them."""
        return _image(self)

    def validate(self) -> OwnDrawing:
        """Return self; raise `LabError` for what cannot be a drawing with its label."""
        check_label(self.label)
        points = sum(map(len, self.strokes)) // 2
        check(
            points <= _MOST_POINTS,
            "It has {count:,} points; at most {most:,}.",
            count=points,
            most=_MOST_POINTS,
        )
        check(
            len(self.size) == 2 and all(_is_number(side) and 0 < side <= _FARTHEST for side in self.size),
            "Its canvas is {size}; it should be a width and a height.",
            size=repr(self.size)[:60],
        )
        if self.strokes:
            check(
                all(len(flat) % 2 == 0 and all(map(_is_place, flat)) for flat in self.strokes),
                "A stroke should be x, y, x, y, and so on, in pixels of the canvas.",
            )
            for rows in (self.times, self.pressures):
                fits = len(rows) == len(self.strokes) and all(
                    2 * len(row) == len(flat) and all(map(_is_number, row))
                    for row, flat in zip(rows, self.strokes, strict=True)
                )
                check(not rows or fits, "Times and pressures should be one number for each point.")
            self.image()  # says what is wrong with strokes that are no drawing
            return self
        sides = [value for value in self.shape if isinstance(value, int) and not isinstance(value, bool)]
        check(
            len(sides) == len(self.shape) == 3 and sides[0] in (1, 3) and min(sides) >= 1
            and max(sides) <= _MOST_SIDE and math.prod(sides) == len(self.pixels),
            "It has neither strokes nor the pixels of an image: of shape {shape}, {count:,} bytes.",
            shape=repr(self.shape)[:60], count=len(self.pixels),
        )  # fmt: skip
        return self

    def to_json(self) -> dict[str, Any]:
        if not self.strokes:
            pixels = base64.b64encode(self.pixels).decode()
            return {"label": self.label, "shape": list(self.shape), "pixels": pixels}
        value: dict[str, Any] = {"label": self.label, "size": list(self.size), "strokes": self.strokes}
        return value | {name: rows for name in ("times", "pressures") if (rows := getattr(self, name))}

    @classmethod
    def from_json(cls, value: object) -> OwnDrawing:
        """The inverse of `to_json`; raises `LabError` as `validate`, and for anything unknown in it."""
        check(isinstance(value, Mapping), "It should be an object with a label, and strokes or pixels.")
        assert isinstance(value, Mapping)
        known = ("label", "size", "strokes", "times", "pressures", "shape", "pixels")
        unknown = next((name for name in value if name not in known), None)
        check(unknown is None, "{name} is not known of a drawing.", name=repr(unknown)[:60])
        try:
            pixels = base64.b64decode(value.get("pixels", ""), validate=True)
            rows = {
                name: tuple(tuple(map(_number, row)) for row in value.get(name, ()))
                for name in ("strokes", "times", "pressures")
            }
            width, height = value.get("size", (280, 280))
            return cls(
                label=value["label"], size=(_number(width), _number(height)), pixels=pixels,
                shape=tuple(value.get("shape", (1, 28, 28))), **rows,
            ).validate()  # fmt: skip
        except LabError:
            raise
        except KeyError:
            raise LabError("It has no label.") from None
        except (TypeError, ValueError, AttributeError, binascii.Error, OverflowError):
            raise LabError("It is damaged: numbers or letters are where others should be.") from None


def check_label(label: object) -> str:
    """`label`, without blanks around it, where it can be one; raises `LabError`."""
    text = label.strip() if isinstance(label, str) else ""
    check(
        0 < len(text) <= _MOST_LABEL and text.isprintable() and text == label,
        "{label} cannot be what a drawing shows: up to {most} visible characters can.",
        label=repr(label)[:60], most=_MOST_LABEL,
    )  # fmt: skip
    return text


@lru_cache(maxsize=_KEPT)
def _image(drawing: OwnDrawing) -> Tensor:
    if drawing.strokes:
        width, height = drawing.size
        return drawing_to_image(drawing.arrays, (width, height))  # type: ignore[arg-type]
    return torch.frombuffer(bytearray(drawing.pixels), dtype=torch.uint8).view(1, *drawing.shape)


def _number(value: object) -> float:
    if not _is_number(value):
        raise TypeError
    assert isinstance(value, int | float)
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_place(value: object) -> bool:
    return _is_number(value) and abs(value) <= _FARTHEST  # type: ignore[arg-type]
