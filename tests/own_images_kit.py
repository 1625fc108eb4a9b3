"""What the tests of own pictures need: pictures of every kind, and archives of them."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def noise(mode: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """A picture of (width, height) random pixels, smooth enough that resizing matters."""
    numbers = np.random.default_rng(seed)
    width, height = size
    if mode == "1":
        return Image.fromarray(numbers.integers(0, 2, (height, width), np.uint8) * 255).convert("1")
    if mode == "P":
        return noise("RGB", size, seed).quantize(16)
    if mode == "I;16":
        return Image.fromarray(numbers.integers(0, 2**16, (height, width), np.uint16))
    bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    pixels = numbers.integers(0, 256, (height, width, bands), np.uint8)
    return Image.merge(mode, [Image.fromarray(pixels[..., band]) for band in range(bands)])


def encoded(picture: Image.Image, format: str, **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def png(seed: int = 0, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> bytes:
    """A small PNG."""
    return encoded(noise(mode, size, seed), "PNG")


def packed(path: Path, files: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> Path:
    """A zip of files by name."""
    items = files.items() if isinstance(files, Mapping) else files
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in items:
            archive.writestr(name, data)
    return path


def spread(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The same as a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def class_folders(*counts: int, prefix: str = "", names: str = "abcdefgh") -> dict[str, bytes]:
    """``a/0.png`` ...: as many pictures of each class as said, each of its own."""
    numbers = random.Random(f"{prefix}{counts}")
    return {
        f"{prefix}{names[label]}/{i}.png": png(numbers.randrange(10**6))
        for label, count in enumerate(counts)
        for i in range(count)
    }
