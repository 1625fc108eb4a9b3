"""Batches: what a DataLoader makes of a dataset, batch by batch and epoch by epoch."""

from __future__ import annotations

import dataclasses

import streamlit as st
from torch import Tensor
from torch.utils.data import TensorDataset

from nnlab.data import Dataset, Split
from nnlab.data.loaders import SAMPLERS, Loading
from nnlab.errors import LabError
from nnlab.ui.datasets.batches.balance import class_balance
from nnlab.ui.datasets.batches.choice import Selection, current_loading, loader_strip, samples_strip
from nnlab.ui.datasets.batches.order import order_rows, whereabouts
from nnlab.ui.datasets.batches.pictures import batch_strips, picture
from nnlab.ui.datasets.batches.speed import running, speed, watched
from nnlab.ui.datasets.code import script
from nnlab.ui.datasets.controls import View
from nnlab.ui.datasets.facts import facts
from nnlab.ui.datasets.linked import LINKED
from nnlab.ui.datasets.transforms import built_pipeline
from nnlab.ui.text import _, say

__all__ = ["current_loading", "show"]

_EPOCHS = 3


def show(data: Dataset, view: View) -> None:
    """Draw this part of the Datasets page."""
    measurement = running()
    _show(data, view, measurement is not None)
    if measurement is not None:
        watched(measurement)


@st.fragment
def _show(data: Dataset, view: View, is_watched: bool) -> None:
    loading, both = loader_strip()
    with st.container(horizontal=True, vertical_alignment="bottom", key="batches-samples"):
        selection = samples_strip()
        with st.container(width="content"):
            places = st.empty()
    kept = selection.places(data.train.labels, len(data.classes))
    labels = data.train.labels[kept]
    with places:
        _sizes(data, loading, len(labels))
    try:
        if both:
            loading.loader(TensorDataset(labels), labels, shuffle=True)
        orders = _orders(data, labels, selection, loading)
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        st.caption(_("A sampler decides the order by itself, and shuffle=True asks for another one: give a "
                     "DataLoader only one of the two."))  # fmt: skip
        return
    epochs = orders[loading.sampler]
    st.subheader(_("The order of the samples"))
    followed = LINKED.number("follow", 0, low=0, high=len(data.train) - 1)
    followed = min(followed, len(labels) - 1)
    _followed(data, kept, followed, epochs, loading)
    order_rows(epochs, loading, len(labels), followed)
    st.subheader(_("The batches"))
    _batches(data, data.train, kept, epochs, loading, followed)
    st.subheader(_("The classes in each batch"))
    class_balance(data, labels, {name: found[0] for name, found in orders.items()}, loading)
    with st.expander(_("The same in PyTorch"), icon=":material/code:"):
        before = selection.code(len(data.classes), len(labels))
        pipeline = built_pipeline(data)
        code = script(data, view.info, "train", pipeline=pipeline, loading=loading, before=before, tail=_TAIL)
        st.code(code, language="python")
    st.subheader(_("How fast samples come"))
    speed(view.info, loading, is_watched)


_TAIL = """\
for epoch in range(3):
    for number, (images, batch_labels) in enumerate(loader, 1):
        print(f"epoch {epoch + 1}, batch {number}: {tuple(images.shape)} {batch_labels.tolist()}")
"""


def _orders(data: Dataset, labels: Tensor, selection: Selection, loading: Loading) -> dict[str, list[Tensor]]:
    """For each sampler the order (n,) of each epoch, with the last batch, however short."""
    key = (data.name, len(data.train), selection, loading.seed)
    kept = st.session_state.get("batches:orders")
    if kept is None or kept[0] != key:
        found = {
            name: dataclasses.replace(loading, sampler=name).orders(labels, _EPOCHS) for name in SAMPLERS
        }
        kept = st.session_state["batches:orders"] = (key, found)
    return kept[1]


def _sizes(data: Dataset, loading: Loading, samples: int) -> None:
    """How many batches of which shape an epoch has."""
    sizes = loading.sizes(samples)
    whole, rest = divmod(samples, loading.batch_size)
    shape = " × ".join(map(str, data.shape))
    pairs = [(_("Loaded"), f"{samples:,}"), (_("Batches in an epoch"), f"{len(sizes):,}")]
    if whole:
        pairs.append((_("Whole batches"), f"{whole:,} × ({loading.batch_size} × {shape})"))
    if rest:
        name = _("Last batch, dropped") if loading.drop_last else _("Last batch, short")
        pairs.append((name, f"{rest} × {shape}"))
    facts(pairs)


def _followed(data: Dataset, kept: Tensor, followed: int, epochs: list[Tensor], loading: Loading) -> None:
    """The sample to follow, small, and where it comes."""
    with st.container(horizontal=True, vertical_alignment="center", key="batches-followed"):
        st.html(
            picture(data.train.images[kept[followed]], 56, _("The sample that is followed")), width="content"
        )
        st.number_input(
            _("Follow sample"), 0, len(kept) - 1, **LINKED.held("follow", followed), on_change=LINKED.note,
            args=("follow", 0), width=150,
        )  # fmt: skip
        with st.container(width="content"):
            whereabouts(epochs, loading, followed)


def _batches(
    data: Dataset, split: Split, kept: Tensor, epochs: list[Tensor], loading: Loading, followed: int
) -> None:
    epoch = st.segmented_control(
        _("Epoch"), range(1, _EPOCHS + 1), default=1, required=True, key="batches-epoch"
    )
    order = epochs[epoch - 1]
    batches = order[: sum(loading.sizes(len(order)))].split(loading.batch_size)
    if not len(batches[0]):
        st.info(_("No batch is whole, and drop_last drops the only one: nothing is loaded."))
        return
    batch_strips(data, split, [kept[batch] for batch in batches], int(kept[followed]))
