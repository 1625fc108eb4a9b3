"""One digit cut out of a photograph, and brought to the conventions of drawings.

It is enlarged (or reduced) to one size, so that the photograph's resolution does not matter, and made black
and white again there, at half of its own ink. Its longer side then gets MNIST's 20 pixels, and its centre of
mass MNIST's place. A pen that would be thinner in that image than MNIST's pens, or thicker, is replaced: the
digit is thinned to lines, and these are inked as strokes on the pad are.

Of what was tried this was measured to be the best, by 2,320 digits on photographs of tests/photos.py and the
network of the package: 99.1 % right; with all digits thinned and inked 96.8 %, all with their own ink 98.6 %,
all thinned and inked as wide at every point as they were 98.0 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from nnlab.data.ink import BOX, CENTRE, SIDE, centre_of_mass, ink_strokes
from nnlab.drawing.photo.pieces import Box
from nnlab.drawing.photo.thin import paths, thinned

TALL = 96  # pixels of the longer side in which a digit is thinned
_MARGIN = 4  # empty pixels around
_SMOOTH = 0.012  # of the longer side: bumps of that size are the paper's grain and the camera's pixels
_HALF = 0.5  # of a digit's own ink, where its edge lies
_THINNEST, _THICKEST = 1.5, 9.0  # pixels in the image of 28: the pens that are left as they are
_FAINT = 0.3  # of the darkest: what is fainter is soft edges
_HOLE = 0.18  # of the pen's area: what is smaller is no hole of a digit
_DOT = 0.12  # of the largest piece's ink: what is smaller, here, is the camera's noise


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit of a photograph at each of its stages.

    box: where it is, in pixels of `Picture.colour`.
    grey: uint8 (h, w), the ink of it alone, dark on white, in even light.
    shape: bool (h, w), black and white. thin: bool (h, w), its lines.
    strokes: the lines as paths, (k, 2) float64 of x, y in pixels of `shape`.
    pen: how wide it was written, in pixels of an image in which the longer side has 20.
    redrawn: whether the image was inked from the lines.
    step, origin: a point p of `shape` lies at step x p + origin (x, y) in `Picture.colour`.
    image: uint8 (28, 28), what a network of drawings is given, light on dark.
    """

    box: Box
    grey: np.ndarray
    shape: np.ndarray
    thin: np.ndarray
    strokes: list[np.ndarray]
    pen: float
    redrawn: bool
    step: float
    origin: tuple[float, float]
    image: np.ndarray

    def in_photo(self, points: np.ndarray) -> np.ndarray:
        """Points (k, 2) of x, y in pixels of `shape`, in pixels of `Picture.colour`."""
        return self.step * points + self.origin


def cut_out(box: Box, contrast: np.ndarray, own: np.ndarray) -> Digit:
    """A digit from its `box`.

    Args:
        contrast: float32 (H, W) of the whole picture, see `light.Evened`.
        own: bool, of the box's size: the ink that belongs to this digit.
    """
    around = ndimage.binary_dilation(np.pad(own, 2), iterations=2)[2:-2, 2:-2]
    darkness = np.where(around, contrast[box.top : box.bottom, box.left : box.right], 0.0).astype(np.float32)
    # Dark ink is as dark as it is: what counts is where it ends.
    full = float(np.quantile(darkness[own], 0.7))
    scale = TALL / max(box.width, box.height)
    edge = max(1, round(1 / scale))
    grey = _resized((darkness / full).clip(0, 1.2), scale, edge)
    grey = ndimage.gaussian_filter(grey, _SMOOTH * TALL)
    # A hairline has become a shade of grey by now.
    grey /= min(1.0, float(np.quantile(grey[grey > _FAINT * grey.max()], 0.8)))
    shape = _whole(grey > _HALF)
    thin = thinned(shape)
    pen = float(shape.sum()) / max(1, int(thin.sum()))
    strokes = paths(thin, pen)
    (inner,) = ndimage.find_objects(shape.astype(np.int8))
    pen *= BOX / max(shape[inner].shape)
    redrawn = not _THINNEST <= pen <= _THICKEST
    image = ink_strokes(strokes)[0, 0].numpy() if redrawn else _placed(grey[inner])
    shown = (255 * (1 - grey.clip(0, 1))).round().astype(np.uint8)
    # The middle of the first pixel, before and after: half a pixel off the corner.
    corner = (0.5 - _MARGIN) / scale - 0.5 - edge
    origin = (box.left + corner, box.top + corner)
    return Digit(box, shown, shape, thin, strokes, pen, redrawn, 1 / scale, origin, image)


def _placed(grey: np.ndarray) -> np.ndarray:
    """Ink, cut to its box, in an image uint8 (28, 28): the longer side 20 pixels, its mass around 14."""
    scale = BOX / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = np.asarray(Image.fromarray(grey.clip(0, 1)).resize(size, Image.Resampling.BOX))
    small = (255 * small).round().astype(np.uint8)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[: size[1], : size[0]] = small
    x, y = centre_of_mass(torch.from_numpy(image)).tolist()
    left, top = (min(max(round(CENTRE - at), 0), SIDE - side) for at, side in zip((x, y), size, strict=True))
    return np.roll(image, (top, left), (0, 1))


def _resized(darkness: np.ndarray, scale: float, edge: int) -> np.ndarray:
    """`scale` times as large, with an empty margin; `edge` pixels around it are a part of it."""
    padded = np.pad(darkness, edge)
    size = (max(1, round(padded.shape[1] * scale)), max(1, round(padded.shape[0] * scale)))
    picture = Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC)
    return np.pad(np.asarray(picture), _MARGIN)


def _whole(shape: np.ndarray) -> np.ndarray:
    """Without pinholes in the strokes and without specks beside them."""
    if not shape.any():
        shape[shape.shape[0] // 2, shape.shape[1] // 2] = True
        return shape
    deep = ndimage.distance_transform_edt(shape)
    pen = 2 * float(np.quantile(deep[shape], 0.9))
    holes, count = ndimage.label(~shape)
    if count > 1:
        sizes = np.bincount(holes.ravel())
        shape = shape | (sizes < max(4.0, _HOLE * pen**2))[holes]
    parts, count = ndimage.label(shape, np.ones((3, 3), bool))
    if count > 1:
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        shape = (sizes >= _DOT * 0.2 * sizes.max())[parts] & shape
    return shape
