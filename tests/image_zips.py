"""Small archives of images as a browser sends them: bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from own_images_kit import png


def picture(number: int, side: tuple[int, int] = (20, 14)) -> bytes:
    """An image file of noise, `side` = (width, height)."""
    return png(number, side)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def class_folders(each: int = 10, classes: tuple[str, ...] = ("cat", "dog"), test: int = 0) -> bytes:
    """Folders of `each` images a class, and `test` more in a test folder (none of them for 0)."""
    files = {}
    for c, label in enumerate(classes):
        for i in range(each):
            files[f"train/{label}/{i}.png" if test else f"{label}/{i}.png"] = picture(100 * c + i)
        for i in range(test):
            files[f"test/{label}/{i}.png"] = picture(1000 + 100 * c + i)
    return zipped(files)
