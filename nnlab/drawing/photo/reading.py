"""A photograph from the bytes of its file: upright, in colour, small enough to work on.

Read as `nnlab.pictures` reads pictures: known formats only, nothing larger than its limit, nothing that a
damaged file may do to its reader. A JPEG is decoded at a fraction of its size where that is enough, so a
large photograph takes little memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from nnlab.errors import DataError
from nnlab.pictures.decode import open_picture

SIDE = 1600  # pixels of the longer side that is worked on
_TINY = 320  # a picture with a longer side of fewer pixels is enlarged to so many
_THIN = 40  # what is so many times as long as it is wide is no picture of digits


@dataclass(frozen=True, eq=False)
class Picture:
    """A photograph to work on.

    colour: uint8 (H, W, 3). grey: uint8 (H, W), its luma (ITU-R 601). size: width and height in the file,
    once it is turned upright. format: of the file.
    """

    colour: np.ndarray
    grey: np.ndarray
    size: tuple[int, int]
    format: str

    @property
    def scale(self) -> float:
        """Pixels of the file for one of `colour`."""
        return self.size[0] / self.colour.shape[1]


def read_picture(data: bytes, side: int = SIDE) -> Picture:
    """The picture in the file `data`, brought to at most `side` pixels.

    Raises:
        DataError: as `nnlab.pictures.decode.open_picture`, or it is a line rather than a picture.
    """
    opened = open_picture(data, side)
    picture = opened.picture.convert("RGB")
    long, short = max(picture.size), min(picture.size)
    if long > _THIN * short:
        raise DataError(
            "This picture has {width} x {height} pixels: too narrow for digits.",
            width=picture.width, height=picture.height,
        )  # fmt: skip
    wanted = min(max(long, _TINY), side)
    if wanted != long:
        size = (max(1, round(picture.width * wanted / long)), max(1, round(picture.height * wanted / long)))
        way = Image.Resampling.BICUBIC if wanted > long else Image.Resampling.BOX
        picture = picture.resize(size, way, reducing_gap=2.0)
    turned = (opened.size[0] > opened.size[1]) != (opened.picture.width > opened.picture.height)
    size = opened.size[::-1] if turned else opened.size
    return Picture(np.asarray(picture), np.asarray(picture.convert("L")), size, opened.format)
