"""A grid of random images, and one of them large with its numbers."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from nnlab.data import Dataset, Split
from nnlab.ui.components import tiles
from nnlab.ui.datasets.code import sample_code
from nnlab.ui.datasets.controls import SPLITS, View
from nnlab.ui.datasets.facts import facts
from nnlab.ui.text import _, mark
from nnlab.ui.url import query_number, set_query

_CHANNELS = {1: (mark("Grey"),), 3: (mark("Red"), mark("Green"), mark("Blue"))}
_SEEN, _TYPED = "datasets-seen", "datasets-typed"


def draw_indices(labels: Tensor, only: int | None, count: int, seed: int) -> Tensor:
    """At random and without repetition, `count` places in `labels` (N,), or as many as there are.

    Args:
        only: take places with this label only; None for all.
        seed: the same seed draws the same places, and a larger count draws those of a smaller one first.
    """
    places = torch.arange(len(labels)) if only is None else (labels == only).nonzero().flatten()
    generator = torch.Generator().manual_seed(seed)
    return places[torch.randperm(len(places), generator=generator)[:count]]


@st.fragment
def browse(data: Dataset, view: View) -> None:
    """The grid and, beside it, the image that is chosen in it or by its number."""
    split: Split = getattr(data, view.split)
    drawn = draw_indices(split.labels, view.only, view.side**2, view.seed)
    if not len(drawn):
        st.info(_("This split has no image of class {name}.", name=data.classes[view.only or 0]))
        return
    grid, single = st.columns([2, 1], gap="medium")
    with grid:
        index = _chosen(data, split, view, drawn)
    image, label = split.images[index], int(split.labels[index])
    title = _(
        "Image {index} of the {split} split: {label}",
        index=index,
        split=_(SPLITS[view.split]),
        label=data.classes[label],
    )
    with single:
        _number(index, len(split) - 1)
        tiles(image[None], columns=1, key="datasets-single", label=title, max_tile=420)
        _numbers(image, label, data.classes[label])
    with st.expander(_("Pixel values as a table"), icon=":material/grid_on:"):
        _values(image, title)
    with st.expander(_("The same in PyTorch"), icon=":material/code:"):
        st.code(sample_code(data, view, index), language="python")


def _chosen(data: Dataset, split: Split, view: View, drawn: Tensor) -> int:
    """Draw the grid; the number of the image that was clicked in it, or else asked for in the URL."""
    asked = None
    if "sample" in st.query_params:
        asked = query_number("sample", int(drawn[0]), low=0, high=len(split) - 1)
    # The grid remembers its selection by itself, so where the image comes from elsewhere it is mounted anew.
    mount = (view.side, st.session_state.get(_TYPED, 0))
    places = [0] if asked is None else (drawn == asked).nonzero().flatten().tolist()
    tile = tiles(
        split.images[drawn],
        [data.classes[label] for label in split.labels[drawn].tolist()],
        columns=view.side,
        key="datasets-grid-{}-{}".format(*mount),
        label=_("{count} random images of {title}, with their labels", count=len(drawn), title=data.title),
        selectable=True,
        selected=places[0] if places else None,
        max_tile=max(40, 640 // view.side),
    )
    before = st.session_state.get(_SEEN, (mount, tile))
    st.session_state[_SEEN] = (mount, tile)
    clicked = before != (mount, tile) and before[0] == mount
    if asked is not None and not clicked:
        return asked
    index = int(drawn[tile or 0])
    if clicked:
        set_query("sample", index)
    return index


def _number(index: int, last: int) -> None:
    st.session_state["datasets-sample"] = index
    st.number_input(
        _("Image number (0 to {last})", last=f"{last:,}"), 0, last, key="datasets-sample", on_change=_typed
    )


def _typed() -> None:
    set_query("sample", st.session_state["datasets-sample"])
    st.session_state[_TYPED] = st.session_state.get(_TYPED, 0) + 1


def _numbers(image: Tensor, label: int, name: str) -> None:
    facts(
        [
            (_("Label"), name if name == str(label) else f"{name} ({label})"),
            ("dtype", str(image.dtype).removeprefix("torch.")),
            ("shape", " × ".join(map(str, image.shape))),
            ("min", str(int(image.min()))),
            ("max", str(int(image.max()))),
            ("mean", f"{float(image.double().mean()):.2f}"),
            ("std", f"{float(image.double().std(correction=0)):.2f}"),
        ]
    )


def _values(image: Tensor, label: str) -> None:
    """Every pixel of an image (C, H, W) in a table for each channel: rows are y, columns are x."""
    names = [_(name) for name in _CHANNELS[len(image)]]
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
            alt=f"{label} · {name}",
        )
