"""Uneven light taken out of a photograph, and which of dark and light is the ink.

What a camera measures is light times what the page throws back, so in logarithms the light is a sum, and
the same for dark ink on a light page as for light ink on a dark one. The light on the bare page is what a
closing of the picture shows (Serra 1982, "Image Analysis and Mathematical Morphology": a maximum over a
window, then a minimum): everything dark that is narrower than the window is gone, while a slope, and the
edge of a shadow that is wider, stay where they are. The difference of the two is the ink, on a page of even
light. This is the black top-hat transform (Meyer 1979).

The window has to be wider than the pen and should be narrower than shadows, so the pen is measured first, in
a small copy of the picture.

Not covered: shadows as narrow as the pen; ink that is neither darker nor lighter than the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image
from scipy import ndimage

from nnlab.drawing.photo.threshold import ink_level

Ink = Literal["dark", "light"]

_SMALL = 320  # pixels of the longer side of the copy in which the pen is measured
_FLOOR = 0.03  # of full brightness, added before the logarithm: the camera's noise in the dark
_FIRST = 0.28  # of the longer side: the window that is surely wider than a pen
_PENS = 4.0  # the window in pens
_COARSE = 4  # every so many pixels of the small copy tell dark ink from light
_WIDE = 0.9  # of the strokes are no wider than what is taken for the pen
_SMOOTH = 1.0  # pixels: the noise that would else pass for the light on the page


@dataclass(frozen=True, eq=False)
class Evened:
    """A photograph in even light.

    contrast: float32 (H, W), how much darker (for light ink: lighter) than the bare page around it a pixel
        is, as a logarithm of the ratio, 0 on the bare page.
    ink: whether dark or light is written with.
    window: pixels of the closing's side.
    pen: pixels the pen was measured to be wide, roughly; 0 where there seems to be no ink.
    """

    contrast: np.ndarray
    ink: Ink
    window: int
    pen: float

    def picture(self) -> np.ndarray:
        """uint8 (H, W): the photograph with even light, its page white, its ink dark."""
        return (255 * np.exp(-self.contrast)).clip(0, 255).astype(np.uint8)


def even_light(grey: np.ndarray, ink: Ink | None = None) -> Evened:
    """Take the light out of `grey`, uint8 (H, W); `ink` where it is known."""
    small = np.asarray(_shrunk(grey, _SMALL))
    logarithm = _logarithm(small)
    ink = ink or found_ink(logarithm)
    upright = logarithm if ink == "dark" else -logarithm
    pen = _pen_width(upright) * max(grey.shape) / max(small.shape)
    window = round(_PENS * pen) if pen else round(_FIRST * max(grey.shape))
    window = min(max(window, 15), round(_FIRST * max(grey.shape))) | 1
    smooth = ndimage.gaussian_filter(_logarithm(grey), _SMOOTH)
    if ink == "light":
        np.negative(smooth, out=smooth)
    return Evened(_top_hat(smooth, window), ink, window, pen)


def found_ink(logarithm: np.ndarray) -> Ink:
    """Which is the ink: the page is what there is most of around a point, the ink what stands out of it.

    The deviations from the local median, cubed and summed: their sign is that of the skewness of what
    stands out, and the third power makes a little far out outweigh the much that is near.
    """
    window = round(max(logarithm.shape) / 5) | 1
    coarse = logarithm[::_COARSE, ::_COARSE]
    away = coarse - ndimage.median_filter(coarse, window // _COARSE | 1, mode="nearest")
    away = away.clip(-2, 2)
    return "light" if (away**3).sum() > 0 else "dark"


def _top_hat(logarithm: np.ndarray, window: int) -> np.ndarray:
    """The closing less the picture, and less of that what noise makes of it on the bare page."""
    half = window // 2
    # What lies at the border goes on outside, else a slope would be closed there.
    page = np.pad(logarithm, half, mode="edge")
    page = ndimage.minimum_filter(
        ndimage.maximum_filter(page, window, mode="nearest"), window, mode="nearest"
    )
    # The corners of a square window show; smoothed, the light is as soft as light is.
    page = ndimage.uniform_filter(page, max(3, window // 4), mode="nearest")
    contrast = page[half : half + logarithm.shape[0], half : half + logarithm.shape[1]] - logarithm
    contrast -= np.median(contrast[:: max(1, len(contrast) // 500), :: max(1, contrast.shape[1] // 500)])
    return contrast.clip(0)


def _pen_width(logarithm: np.ndarray) -> float:
    """Pixels of the pen in a small picture: twice how deep inside of it its middle lies; 0 for no ink."""
    contrast = _top_hat(ndimage.gaussian_filter(logarithm, 0.7), round(_FIRST * max(logarithm.shape)) | 1)
    level = ink_level(contrast)
    if level is None:
        return 0.0
    ink = contrast > level
    labels, _ = ndimage.label(ink, np.ones((3, 3), bool))
    rim = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    inside = ink & ~np.isin(labels, rim)  # the page's edge and what lies beside it are no strokes
    deep = ndimage.distance_transform_edt(np.pad(inside if inside.any() else ink, 1))[1:-1, 1:-1]
    ridge = (deep > 0) & (deep >= ndimage.maximum_filter(deep, 3))
    return 2.0 * float(np.quantile(deep[ridge], _WIDE))


def _logarithm(grey: np.ndarray) -> np.ndarray:
    table = np.log(np.arange(256, dtype=np.float32) / 255 + _FLOOR)
    return table[grey]


def _shrunk(grey: np.ndarray, side: int) -> Image.Image:
    picture = Image.fromarray(grey)
    scale = side / max(picture.size)
    if scale >= 1:
        return picture
    small = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(small, Image.Resampling.BOX)
