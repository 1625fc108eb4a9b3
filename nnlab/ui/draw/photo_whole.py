"""A photograph as one picture: brought to the size and colours that a network of pictures has learned."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch
from PIL import Image
from torch import Tensor

from nnlab.pictures.decode import prepare_picture
from nnlab.training.weights import WeightsInfo
from nnlab.ui.components.sample import sample_board
from nnlab.ui.draw.photo_shots import Shot
from nnlab.ui.draw.reader import Reader, answer_to
from nnlab.ui.draw.subject import Subject
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, mark

_LINKED = Linked("draw")
_SHOWN = 256  # pixels of the longer side, beside the answer
_FITS = {"fill": mark("Fill"), "fit": mark("Fit"), "stretch": mark("Stretch")}


def whole_picture(chosen: Reader, shot: Shot) -> Subject:
    """The photograph, what the network is given of it, and its answer."""
    info = chosen.model.info
    titles = {name: _(title) for name, title in _FITS.items()}
    usual = next(iter(_FITS))
    fit = _LINKED.choice("fit", list(_FITS), usual)
    st.segmented_control(
        _("Brought to the network's size"), list(titles), required=True, format_func=titles.__getitem__,
        **_LINKED.held("fit", fit, {"default": fit}), on_change=_LINKED.note, args=("fit", usual),
        help=_("Fill: the middle of it. Fit: all of it, between black bars. Stretch: bent to the shape."),
    )  # fmt: skip
    image = fitted(shot.whole, info, fit)
    answer = answer_to(chosen.model, image)
    caption = _(
        "{width:,} × {height:,} pixels, brought to {shape}",
        width=shot.facts.size[0], height=shot.facts.size[1], shape=" × ".join(map(str, info.in_shape)),
    )  # fmt: skip
    small = shot.whole.copy()
    small.thumbnail((_SHOWN, _SHOWN))
    shown = np.ascontiguousarray(np.asarray(small).transpose(2, 0, 1))
    sample_board(shown, answer, classes=info.classes, key="photo-whole", caption=caption, right=None)
    return Subject(image)


def fitted(picture: Image.Image, info: WeightsInfo, fit: str) -> Tensor:
    """A picture as the image (1, C, H, W) uint8 of a network; `fit` as `prepare_picture`, and for images that
    are not square, or not one or three channels deep, bent to their shape."""
    channels, height, width = info.in_shape
    if height == width and channels in (1, 3):
        prepared = prepare_picture(picture, width, channels, fit)
    else:
        grey = picture.convert("RGB" if channels == 3 else "L")
        prepared = grey.resize((width, height), Image.Resampling.BILINEAR)
    array = np.asarray(prepared)
    array = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return torch.from_numpy(array.copy())[None].expand(-1, channels, -1, -1)
