"""Photographs to try the reading with, made here: written digits on paper or a board, in a bad light.

The digits are those of `nnlab.data.strokes`, enlarged; each example is the same every time.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from nnlab.data.strokes.pen import write_digits

_SIZE = (1120, 760)
_COLUMNS, _ROWS = 5, 3
_TALL = 130  # pixels, of a digit's box of 20 in its image of 28
_SEED = 5


@dataclass(frozen=True)
class _Scene:
    page: tuple[int, int, int]
    ink: tuple[int, int, int]
    darkest: float  # light in the dark corner, as a share of that in the bright one
    shadow: float  # light in the shadow
    squares: int = 0  # pixels between printed lines; 0 for none


_SCENES = {
    "paper": _Scene((240, 236, 226), (38, 44, 92), 0.55, 0.55),
    "squares": _Scene((244, 244, 240), (34, 34, 38), 0.7, 1.0, 38),
    "board": _Scene((40, 58, 50), (226, 226, 214), 0.5, 1.0),
}

EXAMPLES = tuple(_SCENES)


@cache
def example_photo(name: str) -> bytes:
    """The JPEG file of one of `EXAMPLES`: digits on paper in a shadow, on squared paper, on a board."""
    scene = _SCENES[name]
    rng = np.random.default_rng(EXAMPLES.index(name))
    width, height = _SIZE
    page = np.full((height, width, 3), scene.page, np.float32)
    page *= 1 + 0.02 * _grain(rng)[..., None]
    if scene.squares:
        for axis in (page, page.transpose(1, 0, 2)):
            for offset in (0, 1):
                axis[offset + scene.squares // 2 :: scene.squares] *= (0.78, 0.86, 0.93)
    inked = _written(rng, _SEED + EXAMPLES.index(name))[..., None]
    page = page * (1 - inked) + np.array(scene.ink, np.float32) * inked
    page *= _light(scene)[..., None]
    page += rng.normal(0, 3.5, page.shape)
    buffer = io.BytesIO()
    Image.fromarray(page.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _written(rng: np.random.Generator, seed: int) -> np.ndarray:
    """How much of each pixel is inked: digits in rows, none quite in its place."""
    width, height = _SIZE
    drawn = write_digits(20, seed)
    order = rng.permutation(len(drawn.labels))[: _COLUMNS * _ROWS]
    side = round(_TALL * 28 / 20)
    inked = np.zeros((height, width), np.float32)
    cell = np.array((width / (_COLUMNS + 0.4), height / (_ROWS + 0.4)))
    for place, which in enumerate(order):
        scale = rng.uniform(0.8, 1.1)
        small = Image.fromarray(drawn.images[which, 0].numpy())
        large = small.resize((round(side * scale),) * 2, Image.Resampling.BICUBIC)
        grey = np.asarray(large, np.float32) / 255
        edge = ((grey - 0.45) * side / 28 * 0.6 + 0.5).clip(0, 1) * 0.95  # as crisp as a pen's
        at = (np.array((place % _COLUMNS, place // _COLUMNS)) + 0.7 + rng.uniform(-0.1, 0.1, 2)) * cell
        left, top = (at - len(edge) / 2).round().astype(int)
        into = inked[top : top + len(edge), left : left + len(edge)]
        np.maximum(into, edge, out=into)
    return inked


def _light(scene: _Scene) -> np.ndarray:
    width, height = _SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = scene.darkest + (1 - scene.darkest) * (x / width + 1 - y / height) / 2
    inside = 1 / (1 + np.exp(-(0.6 * x + y - 0.8 * width) / 22))
    return light * (1 - (1 - scene.shadow) * inside)


def _grain(rng: np.random.Generator) -> np.ndarray:
    width, height = _SIZE
    coarse = Image.fromarray(rng.normal(size=(height // 6, width // 6)).astype(np.float32))
    return np.asarray(coarse.resize(_SIZE, Image.Resampling.BICUBIC))
