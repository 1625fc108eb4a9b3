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

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nnlab.data.dataset import Split
from nnlab.drawing.own_drawing import OwnDrawing, check_label
from nnlab.drawing.predict import drawing_for
from nnlab.errors import LabError, check
from nnlab.training.weights import TrainedModel

FORMAT, VERSION = "nnlab drawings", 1
MOST = 500  # drawings of a set
MOST_BYTES = 8 * 10**6  # of its file


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
        _check_count(len(self.drawings))
        _check_size(len(self.to_text()))
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
        _check_size(len(content))
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
        _check_count(len(value["drawings"]))
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


def seen_by(model: TrainedModel, drawing: OwnDrawing) -> Tensor | None:
    """The image (1, C, H, W) uint8 that `model` is given for a drawing; None where it takes no such."""
    image = drawing.image()
    if drawing.strokes:
        return drawing_for(model, image)
    return image if tuple(image.shape[1:]) == model.info.in_shape else None


def merged(sets: Sequence[OwnSet]) -> OwnSet:
    """All drawings of `sets`, each once, in their order; raises `LabError` where they are too many."""
    return OwnSet(tuple(dict.fromkeys(drawing for one in sets for drawing in one.drawings))).validate()


def _check_count(count: int) -> None:
    check(
        count <= MOST, "There are {count:,} drawings; a set holds at most {most:,}.", count=count, most=MOST
    )


def _check_size(size: int) -> None:
    check(
        size <= MOST_BYTES,
        "The drawings take {size:.1f} MB as a file; at most {most:.0f} MB.",
        size=size / 1e6, most=MOST_BYTES / 1e6,
    )  # fmt: skip
