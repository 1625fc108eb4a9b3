"""Photographs that a session has: read once, then kept small."""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image, ImageDraw
from torch import nn

from nnlab.drawing.photo import Photo, read_photo
from nnlab.drawing.photo.digits import Digit
from nnlab.ui.components.pad import Answer

_SIDE = 1100  # pixels of the longer side on the page
_WHOLE = 512  # the same of what a network of photographs is given its image from
_READING = threading.BoundedSemaphore(2)  # photographs at once: each takes some hundred megabytes


@dataclass(frozen=True)
class Facts:
    """The numbers of a photograph's stages; see `nnlab.drawing.photo.Photo`."""

    format: str
    size: tuple[int, int]
    worked: tuple[int, int]
    brightness: tuple[int, float, int]
    ink: str
    window: int
    level: float | None
    inked: float
    lines: int
    specks: int
    edges: int
    more: int
    pen: float


@dataclass(eq=False)
class Shot:
    """A photograph after it was read.

    name: what its file is called, or the name of an example. key: of its content.
    files: the picture at each stage, PNG or JPEG. whole: the picture itself, small.
    digits: in reading order; places: their boxes in pixels of the file's picture.
    answers: of networks to the digits; they are found anew for a network that is gone.
    """

    name: str
    key: str
    facts: Facts
    files: dict[str, bytes]
    size: tuple[int, int]
    whole: Image.Image
    digits: list[Digit]
    places: list[tuple[int, int, int, int]]
    answers: WeakKeyDictionary[nn.Module, list[Answer]] = field(default_factory=WeakKeyDictionary)


def take_shot(name: str, data: bytes) -> Shot:
    """Read the file `data` of a photograph; raises `nnlab.errors.DataError` where it is none."""
    key = hashlib.sha256(data).hexdigest()[:16]
    with _READING:
        photo = read_photo(data)
        files, size = _files(photo)
        whole = Image.fromarray(photo.picture.colour)
        whole.thumbnail((_WHOLE, _WHOLE))
    places = [photo.place(digit) for digit in photo.digits]
    return Shot(name, key, _facts(photo), files, size, whole, photo.digits, places)


def _facts(photo: Photo) -> Facts:
    grey, light, parted = photo.picture.grey, photo.light, photo.parted
    return Facts(
        format=photo.picture.format,
        size=photo.picture.size,
        worked=(grey.shape[1], grey.shape[0]),
        brightness=(int(grey.min()), float(grey.mean()), int(grey.max())),
        ink=light.ink,
        window=light.window,
        level=photo.level,
        inked=float(photo.inked.mean()),
        lines=photo.lines,
        specks=parted.specks,
        edges=parted.edges,
        more=parted.more,
        pen=float(np.median([digit.pen for digit in photo.digits])) if photo.digits else 0.0,
    )


def _files(photo: Photo) -> tuple[dict[str, bytes], tuple[int, int]]:
    colour = Image.fromarray(photo.picture.colour)
    scale = min(1.0, _SIDE / max(colour.size))
    size = (max(1, round(colour.width * scale)), max(1, round(colour.height * scale)))
    ink = Image.fromarray(np.where(photo.inked, 0, 255).astype(np.uint8))
    return {
        "photo": _encoded(colour.resize(size, Image.Resampling.BOX), "JPEG"),
        "grey": _encoded(Image.fromarray(photo.picture.grey).resize(size, Image.Resampling.BOX), "JPEG"),
        "even": _encoded(Image.fromarray(photo.light.picture()).resize(size, Image.Resampling.BOX), "JPEG"),
        "ink": _encoded(ink.resize(size, Image.Resampling.BOX).quantize(8), "PNG"),
        "thin": _encoded(_lines(photo.digits, size, scale).quantize(8), "PNG"),
    }, size


def _lines(digits: list[Digit], size: tuple[int, int], scale: float) -> Image.Image:
    """The thinned strokes of all digits where they stand in the photograph."""
    fine = 2
    picture = Image.new("L", (size[0] * fine, size[1] * fine), 255)
    draw = ImageDraw.Draw(picture)
    for digit in digits:
        for stroke in digit.strokes:
            points = (digit.in_photo(stroke) * scale * fine).round()
            draw.line([(x, y) for x, y in points.tolist()], fill=0, width=3, joint="curve")
    return picture.resize(size, Image.Resampling.BOX)


def _encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=84)
    return buffer.getvalue()
