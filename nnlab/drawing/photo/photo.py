"""A photograph read: its digits, each as the image that a network of drawings is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nnlab.drawing.photo.digits import Digit, cut_out
from nnlab.drawing.photo.light import Evened, Ink, even_light
from nnlab.drawing.photo.lines import without_lines
from nnlab.drawing.photo.pieces import Box, Parted, part
from nnlab.drawing.photo.reading import Picture, read_picture
from nnlab.drawing.photo.threshold import ink_level


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph at each of its stages.

    level: the contrast from which a pixel is ink; None where there is no ink at all.
    inked: bool (H, W), all that is ink. lines: how many printed lines were taken out of it.
    parted: the ink parted into digits, and what was dropped.
    digits: in reading order.
    """

    picture: Picture
    light: Evened
    level: float | None
    inked: np.ndarray
    lines: int
    parted: Parted
    digits: list[Digit]

    def images(self) -> Tensor:
        """(N, 1, 28, 28) uint8, light on dark: what networks of drawings are given."""
        if not self.digits:
            return torch.zeros(0, 1, 28, 28, dtype=torch.uint8)
        return torch.from_numpy(np.stack([digit.image for digit in self.digits]))[:, None]

    def place(self, digit: Digit) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of a digit in pixels of the file's picture."""
        box, scale = digit.box, self.picture.scale
        left, top, right, bottom = (round(v * scale) for v in (box.left, box.top, box.right, box.bottom))
        return left, top, right, bottom


def read_photo(data: bytes, ink: Ink | None = None) -> Photo:
    """Find the digits in the file `data` of a photograph.

    Args:
        ink: whether the digits are darker or lighter than the page; found out where it is not told.

    Raises:
        DataError: the file is no picture that can be read.
    """
    picture = read_picture(data)
    light = even_light(picture.grey, ink)
    level = ink_level(light.contrast)
    if level is None:
        nothing = np.zeros(picture.grey.shape, bool)
        return Photo(picture, light, None, nothing, 0, Parted(nothing.astype(np.int32)), [])
    inked = light.contrast > level
    cleaned, lines = without_lines(inked)
    parted = part(cleaned, light.pen)
    digits = [_digit(box, numbers, light, parted) for box, numbers in parted.digits]
    return Photo(picture, light, level, inked, lines, parted, digits)


def _digit(box: Box, numbers: tuple[int, ...], light: Evened, parted: Parted) -> Digit:
    cut = parted.labels[box.top : box.bottom, box.left : box.right]
    return cut_out(box, light.contrast, np.isin(cut, numbers))
