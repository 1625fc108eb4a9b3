"""Drawings that a person has kept, each with what it shows: a set that can be changed, saved, and learned.

A set is a value: whoever changes it makes another. As a file it is JSON (``drawings.json``):

    {"format": "nnlab drawings", "version": 1, "drawings": [
        {"label": "4", "size": [280, 280], "strokes": [[x, y, x, y, ...], ...], "times": [[ms, ...], ...],
         "pressures": [[0 to 255, ...], ...]},
        {"label": "7", "shape": [1, 28, 28], "pixels": "<base64>"}]}

with canvas pixels for x and y, for each point the milliseconds since the one before, and of what was not
drawn here only its image. Nothing in such a file is trusted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnlab.data.dataset import Split
from nnlab.drawing.predict import drawing_for, drawing_to_image
from nnlab.errors import LabError, check
from nnlab.training.weights import TrainedModel

FORMAT, VERSION = "nnlab drawings", 1
MOST = 500  # drawings of a set
MOST_BYTES = 8 * 10**6  # of its file
MOST_POINTS = 100_000  # of one drawing
MOST_LABEL = 100  # characters
_MOST_SIDE = 512  # pixels of an image without strokes
_FARTHEST = 1e5  # canvas pixels

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class OwnDrawing:
    """One drawing and what it shows.

    Attributes:
        label: the name of its class.
        strokes: x, y, x, y, ... in pixels of a canvas of `size`, for each time the pen was down; none where
            it was not drawn here.
        times, pressures: one number a point (see above), or nothing at all.
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
            points <= MOST_POINTS,
            "It has {count:,} points; at most {most:,}.",
            count=points,
            most=MOST_POINTS,
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


@dataclass(frozen=True)
class OwnSet:
    """Drawings in the order in which they were kept."""

    drawings: tuple[OwnDrawing, ...] = ()

    @property
    def labels(self) -> list[str]:
        """The labels that there are, in their order: by number where all are numbers, else by name."""
        labels = {drawing.label for drawing in self.drawings}
        numbers = all(label.isdecimal() for label in labels)
        return sorted(labels, key=lambda label: (int(label) if numbers else 0, label))

    def with_kept(self, *drawings: OwnDrawing) -> OwnSet:
        """The set with these at its end; raises `LabError` where it would get too large."""
        return OwnSet((*self.drawings, *drawings)).validate()

    def without(self, index: int) -> OwnSet:
        """The set without its drawing `index`."""
        return OwnSet((*self.drawings[:index], *self.drawings[index + 1 :]))

    def relabelled(self, index: int, label: str) -> OwnSet:
        """The set in which the drawing `index` is a `label`; raises `LabError` for what can be none."""
        drawings = list(self.drawings)
        drawings[index] = replace(drawings[index], label=check_label(label))
        return OwnSet(tuple(drawings))

    def validate(self) -> OwnSet:
        """Return self; raise `LabError` for too many or too large drawings."""
        count = len(self.drawings)
        check(
            count <= MOST,
            "There are {count:,} drawings; a set holds at most {most:,}.",
            count=count,
            most=MOST,
        )
        size = len(self.to_text())
        check(
            size <= MOST_BYTES,
            "The drawings take {size:.1f} MB as a file; at most {most:.0f} MB.",
            size=size / 1e6, most=MOST_BYTES / 1e6,
        )  # fmt: skip
        return self

    def split(self, model: TrainedModel) -> tuple[Split | None, int]:
        """The images as `model` is given them, with the places of their labels among its classes; and how
        many are left out, because it has no such class or takes other images."""
        places = {name: place for place, name in enumerate(model.info.classes)}
        pairs = [
            (image, places[drawing.label])
            for drawing in self.drawings
            if drawing.label in places and (image := seen_by(model, drawing)) is not None
        ]
        left_out = len(self.drawings) - len(pairs)
        if not pairs:
            return None, left_out
        images = torch.cat([image for image, _ in pairs]).contiguous()
        return Split(images, torch.tensor([label for _, label in pairs])), left_out

    def to_text(self) -> str:
        """Its file."""
        drawings = [drawing.to_json() for drawing in self.drawings]
        value = {"format": FORMAT, "version": VERSION, "drawings": drawings}
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, content: bytes) -> OwnSet:
        """The inverse of `to_text`: all of it or nothing.

        Raises:
            LabError: it is none, or which of its drawings is wrong and why.
        """
        check(
            len(content) <= MOST_BYTES,
            "The drawings take {size:.1f} MB as a file; at most {most:.0f} MB.",
            size=len(content) / 1e6, most=MOST_BYTES / 1e6,
        )  # fmt: skip
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            value = None
        if (
            not isinstance(value, dict)
            or value.get("format") != FORMAT
            or not isinstance(value.get("drawings"), list)
        ):
            raise LabError("This is no file of drawings that were kept here.")
        check(
            value.get("version") == VERSION,
            "These drawings were kept by another version of the lab, {version}.",
            version=repr(value.get("version"))[:20],
        )
        count = len(value["drawings"])
        check(
            count <= MOST,
            "There are {count:,} drawings; a set holds at most {most:,}.",
            count=count,
            most=MOST,
        )
        drawings = []
        for number, one in enumerate(value["drawings"], 1):
            try:
                drawings.append(OwnDrawing.from_json(one))
            except LabError as error:
                raise LabError("Drawing {number}: {reason}", number=number, reason=error) from None
        return cls(tuple(drawings)).validate()

    @property
    def digest(self) -> str:
        """Of all there is in it."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()[:20]


def check_label(label: object) -> str:
    """`label`, without blanks around it, where it can be one; raises `LabError`."""
    text = label.strip() if isinstance(label, str) else ""
    check(
        0 < len(text) <= MOST_LABEL and text.isprintable() and text == label,
        "{label} cannot be what a drawing shows: up to {most} visible characters can.",
        label=repr(label)[:60], most=MOST_LABEL,
    )  # fmt: skip
    return text


def seen_by(model: TrainedModel, drawing: OwnDrawing) -> Tensor | None:
    """The image (1, C, H, W) uint8 that `model` is given for a drawing; None where it takes no such."""
    image = drawing.image()
    if drawing.strokes:
        return drawing_for(model, image)
    return image if tuple(image.shape[1:]) == model.info.in_shape else None


@lru_cache(maxsize=2 * MOST)
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


def merged(sets: Sequence[OwnSet]) -> OwnSet:
    """All drawings of `sets`, each once, in their order; raises `LabError` where they are too many."""
    return OwnSet(tuple(dict.fromkeys(drawing for one in sets for drawing in one.drawings))).validate()
