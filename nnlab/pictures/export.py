"""A dataset as others can read it: a zip of PNG pictures with a table of file, label and split."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from nnlab.pictures.repack import DATE
from nnlab.pictures.tensors import read_header, read_part


def export(dataset: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write ``images/00000.png`` ... and ``labels.csv`` (file, label, split) into a new zip.

    Raises:
        DataError: the dataset's file is damaged.
        OSError: it cannot be read, or the zip not written.
    """
    header = read_header(dataset)
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("file", "label", "split"))
    number, total = 0, sum(header.counts)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for split, count in zip(("train", "test"), header.counts, strict=True):
            labels = memoryview(read_part(dataset, header, f"{split}.labels")).cast("q")
            for row in range(count):
                name = f"{number:05}.png"
                pixels = read_part(dataset, header, f"{split}.images", row, 1)
                archive.writestr(zipfile.ZipInfo(f"images/{name}", DATE), _png(pixels, header.shape))
                rows.writerow((name, header.classes[labels[row]], split))
                number += 1
                if number % 500 == 0:
                    progress(number, total)
        archive.writestr(zipfile.ZipInfo("labels.csv", DATE), table.getvalue())


def _png(pixels: bytes, shape: tuple[int, int, int]) -> bytes:
    """(C, H, W) bytes as a PNG."""
    channels, height, width = shape
    area = height * width
    bands = [
        Image.frombytes("L", (width, height), pixels[c * area : (c + 1) * area]) for c in range(channels)
    ]
    picture = bands[0] if channels == 1 else Image.merge("RGB", bands)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
