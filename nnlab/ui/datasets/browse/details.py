"""More about the chosen image and its dataset, one thing at a time; only what is open is computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from nnlab.data import Dataset
from nnlab.ui.components import tiles
from nnlab.ui.components.histogram import Axis, histogram
from nnlab.ui.datasets.browse.balance import class_balance
from nnlab.ui.datasets.browse.bytes import every_byte
from nnlab.ui.datasets.browse.classes import class_images
from nnlab.ui.datasets.browse.path import CHANNELS
from nnlab.ui.datasets.controls import View
from nnlab.ui.hold import hold
from nnlab.ui.text import _, mark
from nnlab.ui.url import query_choice, set_query

_KEY = "datasets-detail"
_TITLES = {
    "histogram": mark("Histogram"),
    "pixels": mark("Pixel values"),
    "channels": mark("Channels"),
    "classes": mark("Mean and variance of each class"),
    "balance": mark("How many of each class"),
}


def details(data: Dataset, view: View, index: int, title: str) -> None:
    """The switch and what it shows; the URL holds it as ``?detail=``."""
    image = getattr(data, view.split).images[index]
    names = [name for name in _TITLES if name != "channels" or len(image) > 1]
    now = query_choice("detail", names, names[0])
    st.segmented_control(
        _("Details"),
        names,
        required=True,
        format_func=lambda name: _(_TITLES[name]),
        **hold(_KEY, now, {"default": now}),
        on_change=_write,
        label_visibility="collapsed",
    )
    parts: dict[str, Callable[[], None]] = {
        "histogram": lambda: _histogram(data, image, title),
        "pixels": lambda: _pixels(image, title),
        "channels": lambda: _channels(image, title),
        "classes": lambda: class_images(data, view.split),
        "balance": lambda: class_balance(data),
    }
    parts[now]()


def _write() -> None:
    chosen = st.session_state[_KEY]
    set_query("detail", None if chosen == "histogram" else chosen)


def _histogram(data: Dataset, image: Tensor, title: str) -> None:
    """How often each byte occurs in an image (C, H, W), as a chart and as a table."""
    counts = torch.stack([torch.bincount(c.flatten().int(), minlength=256) for c in image]).numpy()
    scaled, normalised = every_byte(data)
    names = [_(name) for name in CHANNELS[len(image)]]
    kinds = [_("normalised")] if len(image) == 1 else [f"{_('normalised')}, {name}" for name in names]
    axes = [Axis("uint8", np.arange(256)), Axis(_("float"), scaled.numpy())]
    axes += [Axis(kind, values.numpy()) for kind, values in zip(kinds, normalised, strict=True)]
    histogram(counts, axes, names=names, key="datasets-histogram", label=_("Histogram: {title}", title=title))
    table = st.expander(
        _("As a table"), icon=":material/table_rows:", key="datasets-histogram-table", on_change="rerun"
    )
    if table.open:
        present = counts.sum(0).nonzero()[0]
        columns = {axis.name: axis.values[present] for axis in axes}
        pixels = {_("pixels"): counts[0, present]} if len(image) == 1 else {
            f"{_('pixels')}, {name}": found[present] for name, found in zip(names, counts, strict=True)
        }  # fmt: skip
        height = min(388, 38 + 35 * len(present))
        table.dataframe({**columns, **pixels}, hide_index=True, height=height)


def _pixels(image: Tensor, title: str) -> None:
    """Every pixel of an image (C, H, W) in a table for each channel: rows are y, columns are x."""
    names = [_(name) for name in CHANNELS[len(image)]]
    places = st.tabs(names) if len(names) > 1 else [st.container()]
    width = image.shape[2]
    config = {str(x): st.column_config.NumberColumn(width=34) for x in range(width)}
    for values, name, place in zip(image, names, places, strict=True):
        place.dataframe(
            {str(x): values[:, x].numpy() for x in range(width)},
            hide_index=False,
            row_height=24,
            height="content",
            column_config=config,
            alt=f"{title} · {name}",
        )


def _channels(image: Tensor, title: str) -> None:
    """The channels of a colour image side by side, each as the greys that its numbers are."""
    tiles(
        image[:, None],
        [f"{_(name)} [{c}]" for c, name in enumerate(CHANNELS[len(image)])],
        columns=len(image),
        key="datasets-channels",
        label=_("The channels of an image: {title}", title=title),
        max_tile=300,
    )
