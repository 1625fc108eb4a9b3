"""A grid of random images, and one of them large with its numbers."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from nnlab.data import Dataset, DatasetInfo, Split
from nnlab.ui.components import tiles
from nnlab.ui.datasets import controls
from nnlab.ui.datasets.browse.code import browse_code
from nnlab.ui.datasets.browse.details import details
from nnlab.ui.datasets.browse.path import image_path, tensor_facts
from nnlab.ui.datasets.controls import SPLITS, View
from nnlab.ui.datasets.facts import facts
from nnlab.ui.hold import hold
from nnlab.ui.text import _
from nnlab.ui.url import query_number, set_query

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


def indices_in_order(labels: Tensor, only: int | None, first: int, count: int) -> Tensor:
    """The first `count` places in `labels` (N,) from number `first` on, of one class or of all."""
    places = torch.arange(len(labels)) if only is None else (labels == only).nonzero().flatten()
    return places[places >= first][:count]


@st.fragment
def browse(data: Dataset, info: DatasetInfo) -> None:
    """The grid, beside it the image that is chosen in it or by its number, and that image's path.

    Controls and all are one fragment: a new draw runs and sends nothing else of the page.
    """
    view = controls.view(info)
    controls.sampling_strip(view)
    split: Split = getattr(data, view.split)
    drawn = _drawn(split.labels, view)
    if not len(drawn):
        st.info(_nothing(data, split, view))
        return
    grid, single = st.columns([3, 2], gap="large")
    with grid, st.container(key="datasets-grid-room"):
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
        with st.container(key="datasets-large"):
            tiles(image[None], columns=1, key="datasets-single", label=title, max_tile=364)
        _numbers(image, label, data.classes[label])
    st.subheader(_("From the file into the network"))
    with st.container(key="datasets-way"):
        st.caption(_("Point at a pixel: every step says what it is there. The arrow keys move on."))
        image_path(data, view, index, title)
    details(data, view, index, title)
    # Closed, it is not made: a browser takes longer to colour the code than to paint the grid.
    code = st.expander(
        _("The same in PyTorch"), icon=":material/code:", key="datasets-code", on_change="rerun"
    )
    if code.open:
        code.code(browse_code(data, view, index), language="python")


def _drawn(labels: Tensor, view: View) -> Tensor:
    """The numbers of the images in the grid."""
    if view.span is None:
        return draw_indices(labels, view.only, view.side**2, view.seed)
    return indices_in_order(labels, view.only, *view.span)


def _nothing(data: Dataset, split: Split, view: View) -> str:
    """Why the grid is empty."""
    if view.span is None or view.span[0] == 0:
        return _("This split has no image of class {name}.", name=data.classes[view.only or 0])
    return _(
        "There is no such image from number {first} on: this split ends with number {last}.",
        first=f"{view.span[0]:,}", last=f"{len(split) - 1:,}",
    )  # fmt: skip


def _chosen(data: Dataset, split: Split, view: View, drawn: Tensor) -> int:
    """Draw the grid; the number of the image that was clicked in it, or else asked for in the URL."""
    asked = None
    if "sample" in st.query_params:
        asked = query_number("sample", int(drawn[0]), low=0, high=len(split) - 1)
    # The grid remembers its selection by itself, so where the image comes from elsewhere it is mounted anew.
    mount = (view.columns, st.session_state.get(_TYPED, 0))
    places = [0] if asked is None else (drawn == asked).nonzero().flatten().tolist()
    what = (
        _("{count} random images of {title}, with their labels", count=len(drawn), title=data.title)
        if view.span is None
        else _("{count} images of {title} in order, with their labels", count=len(drawn), title=data.title)
    )
    tile = tiles(
        split.images[drawn],
        [data.classes[label] for label in split.labels[drawn].tolist()],
        columns=view.columns,
        key="datasets-grid-{}-{}".format(*mount),
        label=what,
        selectable=True,
        selected=places[0] if places else None,
        max_tile=max(40, min(165, 600 // view.columns)),
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
    st.number_input(
        _("Image number (0 to {last})", last=f"{last:,}"), 0, last, **hold("datasets-sample", index),
        on_change=_typed,
    )  # fmt: skip


def _typed() -> None:
    set_query("sample", st.session_state["datasets-sample"])
    st.session_state[_TYPED] = st.session_state.get(_TYPED, 0) + 1


def _numbers(image: Tensor, label: int, name: str) -> None:
    facts([(_("Label"), name if name == str(label) else f"{name} ({label})"), *tensor_facts(image)])
