"""What is in an upload: its classes, and what becomes of its pictures by the choices made here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from nnlab.data.images import FITS, Example, Found, ImageOptions, held_out, prepare_picture
from nnlab.errors import DataError
from nnlab.ui.components import tiles
from nnlab.ui.datasets.facts import facts
from nnlab.ui.datasets.images.upload import Upload
from nnlab.ui.hold import hold
from nnlab.ui.text import _, mark
from nnlab.ui.url import as_code

_SIZES = (16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224)
_LAST_SEED = 9999
_BEFORE = 130  # pixels of a picture as uploaded on the page, and of what becomes of it
_BAR = 118  # pixels of a bar in the table, with its number
_CHANNELS = {1: mark("Grey"), 3: mark("Colour")}
_FITS = {"fit": mark("Fit"), "fill": mark("Fill"), "stretch": mark("Stretch")}
_TOLD = {
    "fit": mark("the whole picture, between black bars"),
    "fill": mark("the middle, cut to a square"),
    "stretch": mark("the whole picture, bent to a square"),
}
# Streamlit keeps columns side by side down to 640 pixels; these need more room, beside the sidebar.
_STYLE = """<style>
@media (max-width: 1000px) {
  .st-key-images-sides > * > [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
  .st-key-images-sides > * > * > [data-testid="stColumn"] { flex: 1 1 100%; min-width: 100%; }
}
</style>"""
_LAYOUTS = {"folders": mark("class folders"), "csv": mark("images and a CSV")}


def default_options(found: Found) -> ImageOptions:
    """In colour where an example has any; the rest as usual."""
    grey = all(_is_grey(example.picture) for example in found.examples)
    return ImageOptions(channels=1 if grey else 3)


@st.fragment
def findings(upload: Upload, found: Found) -> None:
    """What was found and what it would become by the choices made, and a button to have it so."""
    if upload.options is None:
        upload.options = default_options(found)
    _summary(upload, found)
    st.html(_STYLE)
    with st.container(key="images-sides"):
        pictures, classes = st.columns([3, 2], gap="medium")
    with pictures:
        st.markdown(f"**{_('What becomes of the pictures')}**")
        _strip(upload, found)
        _preview(found, upload.options)
    with classes:
        st.markdown(f"**{_('How many of each class')}**")
        _balance(found)
    with st.container(horizontal=True, vertical_alignment="center"):
        used = st.button(_("Use these images"), type="primary", icon=":material/check:", key="images-use")
        st.caption(_result(found, upload.options), width="content")
    if used:
        upload.take()
        st.rerun()


def _summary(upload: Upload, found: Found) -> None:
    train, test = found.counts["train"], found.counts["test"]
    pairs = [
        (_("Found as"), _("labelled images") if upload.pictures else _(_LAYOUTS[found.layout])),
        (_("Classes"), f"{len(found.classes):,}"),
        (_("Images"), f"{sum(train) + sum(test or ()):,}"),
        (_("Files in all"), f"{found.file_bytes / 1e6:,.1f} MB"),
    ]
    facts(pairs)


def _strip(upload: Upload, found: Found) -> None:
    options = upload.options or ImageOptions()
    with st.container(horizontal=True, vertical_alignment="bottom", key="images-strip"):
        st.select_slider(
            _("Side in pixels"), _SIZES, **_held("image_size", options.image_size),
            on_change=_chosen, args=(upload, "image_size"), width=260,
        )  # fmt: skip
        st.segmented_control(
            _("Channels"), list(_CHANNELS), required=True, format_func=lambda n: _(_CHANNELS[n]),
            **_held("channels", options.channels, {"default": options.channels}),
            on_change=_chosen, args=(upload, "channels"),
        )  # fmt: skip
        st.segmented_control(
            _("Brought to a square"), FITS, required=True, format_func=lambda fit: _(_FITS[fit]),
            **_held("fit", options.fit, {"default": options.fit}), on_change=_chosen, args=(upload, "fit"),
        )  # fmt: skip
        if found.counts["test"] is None:
            st.number_input(
                _("Held out for the test (%)"), 1, 90,
                **_held("test_share", round(100 * options.test_share)),
                on_change=_chosen, args=(upload, "test_share"), width=190,
                help=_("The upload has no folder of test images, so that share of each class becomes one."),
            )  # fmt: skip
            st.number_input(
                _("Seed"), 0, _LAST_SEED, **_held("seed", options.seed), on_change=_chosen,
                args=(upload, "seed"), width=110, help=_("Decides which images are held out."),
            )  # fmt: skip


def _held(name: str, value: object, start: dict[str, Any] | None = None) -> dict[str, Any]:
    """The arguments of a control that shows what is chosen for the upload, which is where it is kept."""
    return hold(f"images-{name}", value, start)


def _chosen(upload: Upload, name: str) -> None:
    value = st.session_state[f"images-{name}"]
    options = upload.options or ImageOptions()
    upload.options = replace(options, **{name: value / 100 if name == "test_share" else value})
    upload.taking = None


def _preview(found: Found, options: ImageOptions) -> None:
    """All examples as they will be, and one of them before, and after by each of the fits."""
    examples = found.examples
    picked = tiles(
        np.stack([_prepared(example, options) for example in examples]),
        [example.label for example in examples],
        columns=len(examples),
        key="images-examples",
        label=_("Examples as a network would be given them"),
        selectable=True,
        selected=0,
        max_tile=96,
    )
    example = examples[picked or 0]
    with st.container(horizontal=True, key="images-before-after"):
        st.image(example.picture, width=_BEFORE, caption=_("as uploaded"))
        with st.container(width="stretch", key="images-after"):
            tiles(
                np.stack([_prepared(example, replace(options, fit=fit)) for fit in FITS]),
                [_(_FITS[fit]) for fit in FITS],
                columns=len(FITS),
                key="images-fits",
                label=_("The same picture by each way of making it square"),
                max_tile=_BEFORE,
            )
    place = example.place
    st.caption(
        " · ".join(
            (
                f"`{as_code(example.file)}`",
                f"{place.format} {place.mode} {place.size[0]} × {place.size[1]}",
                f"{_(_FITS[options.fit])}: {_(_TOLD[options.fit])}",
            )
        )
    )


def _prepared(example: Example, options: ImageOptions) -> np.ndarray:
    """(C, H, W) uint8; black where so little would be left of a picture that it cannot be taken like that."""
    pixels = example.picture
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    try:
        prepared = np.asarray(prepare_picture(picture, options.image_size, options.channels, options.fit))
    except DataError:
        return np.zeros((options.channels, options.image_size, options.image_size), np.uint8)
    return prepared[None] if prepared.ndim == 2 else prepared.transpose(2, 0, 1)


def _balance(found: Found) -> None:
    train, test = found.counts["train"], found.counts["test"]
    columns = {_("Class"): found.classes, (_("Images") if test is None else _("Training")): train}
    if test is not None:
        columns[_("Test")] = test
    most = max(*train, *(test or ()))
    st.dataframe(
        columns,
        hide_index=True,
        height=min(388, 38 + 35 * len(found.classes)),
        column_config={
            name: st.column_config.ProgressColumn(format="%d", min_value=0, max_value=most, width=_BAR)
            for name in list(columns)[1:]
        },
        key="images-balance",
    )


def _result(found: Found, options: ImageOptions) -> str:
    train, test = split_counts(found, options)
    shape = (options.channels, options.image_size, options.image_size)
    size = (train + test) * int(np.prod(shape))
    return _(
        "{train} for training and {test} for the test, uint8: {size:,.1f} MB of memory",
        train=f"({train:,}, {shape[0]}, {shape[1]}, {shape[2]})", test=f"({test:,}, …)", size=size / 1e6,
    )  # fmt: skip


def split_counts(found: Found, options: ImageOptions) -> tuple[int, int]:
    """How many images of the upload will be for training, and how many for the test."""
    train, test = found.counts["train"], found.counts["test"]
    held = test or tuple(held_out(count, options.test_share) for count in train)
    return sum(train) - (sum(held) if test is None else 0), sum(held)


def _is_grey(pixels: np.ndarray) -> bool:
    """Whether no pixel has a colour worth mentioning; what JPEG makes of grey is a little off."""
    return bool(np.ptp(pixels, axis=-1).max() <= 16)
