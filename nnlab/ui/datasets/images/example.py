"""A small zip to try the page with: digits of the lab's own pen, in files as people have them."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Literal

from PIL import Image

from nnlab.data.strokes.pen import write_digits

COUNT = 500
_SEED = 5
# Dark ink on white paper, in sizes, modes and formats that change from file to file.
_SIDES = (28, 42, 56, 70, 84)
_KINDS = (("png", "L"), ("jpg", "RGB"), ("webp", "RGB"), ("gif", "L"), ("bmp", "RGB"), ("png", "RGBA"))


def example_zip(layout: Literal["folders", "csv"]) -> bytes:
    """The digits as a zip: a folder for each, or one folder and a table of labels."""
    written = write_digits(COUNT, _SEED)
    packed = io.BytesIO()
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(("file", "label"))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, (image, label) in enumerate(zip(written.images, written.labels.tolist(), strict=True)):
            suffix, mode = _KINDS[i % len(_KINDS)]
            name = f"{i:03}.{suffix}"
            folder = "images" if layout == "csv" else str(label)
            picture = Image.fromarray(255 - image[0].numpy()).resize((_SIDES[i % len(_SIDES)],) * 2)
            archive.writestr(f"{folder}/{name}", _encoded(picture.convert(mode), suffix))
            rows.writerow((name, label))
        if layout == "csv":
            archive.writestr("labels.csv", table.getvalue())
    return packed.getvalue()


def _encoded(picture: Image.Image, suffix: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, Image.registered_extensions()[f".{suffix}"])
    return file.getvalue()
