"""A handful of image files: what each of them shows, typed in beside it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import streamlit as st
from PIL import Image, ImageOps

from nnlab.ui.datasets.images.upload import Picture, Upload
from nnlab.ui.datasets.images.work import has_ended
from nnlab.ui.hold import hold
from nnlab.ui.text import _, plain

_WIDTH = 132  # pixels of a picture with its label
_SEVERAL = "images-label-several"


def labelling(upload: Upload) -> None:
    """Every picture with a field for its label, and a button to go on once none is without."""
    showing = upload.showing
    if showing is None or not has_ended(showing, _("Opening the images")):
        return
    st.markdown(f"**{_('What does each image show?')}**")
    _several(upload)
    seen = showing.result or {}
    with st.container(horizontal=True, key="images-labelling"):
        for picture in upload.pictures:
            with st.container(width=_WIDTH, gap="xsmall"):
                _one(upload, picture, seen.get(picture.path.name))
    counts = Counter(picture.label for picture in upload.pictures)
    lacking = counts.pop("", 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Check these images"), type="primary", icon=":material/arrow_forward:", disabled=lacking > 0,
            key="images-labelled", on_click=upload.look,
        )  # fmt: skip
        told = [f"{plain(name)}: {count}" for name, count in sorted(counts.items())]
        if lacking:
            told.insert(0, _("without a label: {count}", count=lacking))
        st.caption(" · ".join(told), width="content")


def _several(upload: Upload) -> None:
    """One label for many."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(_("One label for several"), key=_SEVERAL, width=220)
        st.button(
            _("To those without one"), key="images-label-rest", on_click=_label_several, args=(upload, False)
        )
        st.button(_("To all"), key="images-label-all", on_click=_label_several, args=(upload, True))


def _label_several(upload: Upload, every: bool) -> None:
    label = st.session_state[_SEVERAL].strip()
    for picture in upload.pictures:
        if every or not picture.label:
            picture.label = label
    upload.changed()


def _one(upload: Upload, picture: Picture, pixels: np.ndarray | None) -> None:
    key = f"images-label-{picture.path.parent.name}-{picture.path.name}"
    if pixels is None:
        with st.container(height=_WIDTH, border=True):
            st.caption(f":material/broken_image: {_('not an image')}")
    else:
        st.image(_square(pixels), width="stretch")
    st.text_input(
        _("Label of {file}", file=picture.name), **hold(key, picture.label), placeholder=_("label"),
        label_visibility="collapsed", on_change=_labelled, args=(upload, picture, key),
    )  # fmt: skip
    st.button(
        plain(picture.name), key=f"{key}-remove", icon=":material/close:", type="tertiary",
        help=_("Take it out"), on_click=_remove, args=(upload, picture), width="stretch",
    )  # fmt: skip


def _labelled(upload: Upload, picture: Picture, key: str) -> None:
    picture.label = st.session_state[key].strip()
    upload.changed()


def _remove(upload: Upload, picture: Picture) -> None:
    upload.pictures.remove(picture)
    upload.changed()


def _square(pixels: np.ndarray) -> Image.Image:
    """All pictures in the middle of squares of the same size, so that their labels stand in rows."""
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    return ImageOps.pad(picture.convert("RGBA"), (_WIDTH, _WIDTH), color=(0, 0, 0, 0))
