"""Split: training, validation and test, and how many of each class land in each."""

from __future__ import annotations

import dataclasses
from weakref import WeakKeyDictionary

import streamlit as st
import torch
from torch import Tensor

from nnlab.data import Dataset, measure
from nnlab.data.division import Division, Places, part_of, places
from nnlab.errors import LabError
from nnlab.ui.components import tiles
from nnlab.ui.datasets.code import script
from nnlab.ui.datasets.controls import View
from nnlab.ui.datasets.division.bar import proportions
from nnlab.ui.datasets.division.charts import counts_of_parts, deviations
from nnlab.ui.datasets.division.code import division_code
from nnlab.ui.datasets.division.controls import division_strip
from nnlab.ui.datasets.facts import facts, numbers
from nnlab.ui.navigation import page_link_target
from nnlab.ui.text import _, mark, say

__all__ = ["show"]

_PARTS = {"train": mark("Training"), "validation": mark("Validation"), "test": mark("Test")}
_USES = {
    "train": mark("learned from"),
    "validation": mark("looked at while learning"),
    "test": mark("looked at once, at the end"),
}
_EXAMPLES = 12

Moments = tuple[tuple[float, ...], tuple[float, ...]]
_measured: WeakKeyDictionary[Dataset, tuple[Division, Moments]] = WeakKeyDictionary()


@st.fragment
def show(data: Dataset, view: View) -> None:
    """Draw this part of the Datasets page."""
    division = division_strip()
    try:
        parts = places(data.train.labels, data.test.labels, division)
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return
    labels = torch.cat([data.train.labels, data.test.labels])
    shown = {name: where for name, where in zip(_PARTS, parts, strict=True) if len(where)}
    proportions([(_(_PARTS[name]), len(where), _(_USES[name])) for name, where in shown.items()])
    mean, std = _moments(data, parts, division)
    with st.container(horizontal=True, vertical_alignment="center", key="division-facts"):
        facts(
            [
                (_("Mean of the training part"), numbers(mean)),
                (_("Its standard deviation"), numbers(std)),
            ]
        )
        st.page_link(
            page_link_target("train"), label=_("Train with this split"), icon=":material/model_training:",
            query_params=_for_training(view.info.name, division), width="content",
        )  # fmt: skip
    left, right = st.columns(2, gap="medium")
    with left:
        counts_of_parts(data, [(_(_PARTS[name]), _per_class(labels[w], data)) for name, w in shown.items()])
    with right:
        _off(data, labels, division)
    for name, where in shown.items():
        _examples(data, name, where)
    with st.expander(_("The same in PyTorch"), icon=":material/code:"):
        st.code(script(data, view.info, "train", tail=division_code(data, division)), language="python")


def _off(data: Dataset, labels: Tensor, division: Division) -> None:
    """How far the classes' shares in what is held out are off, with stratifying and without."""
    if not division.validation and division.test is None:
        st.info(_("Nothing is held out: give validation a share."), icon=":material/info:")
        return
    found = []
    for stratified, title in ((True, _("stratified")), (False, _("at random"))):
        parts = places(
            data.train.labels, data.test.labels, dataclasses.replace(division, stratified=stratified)
        )
        held = parts.validation if len(parts.validation) else parts.test
        whole = labels if division.test is not None else data.train.labels
        shares = _per_class(labels[held], data) / len(held) - _per_class(whole, data) / len(whole)
        found.append((title, 100 * shares))
    deviations(data, found)


def _examples(data: Dataset, name: str, where: Tensor) -> None:
    """The first images of a part."""
    shown = part_of(data, where[:_EXAMPLES])
    title = _("{part} · {count:,} images", part=_(_PARTS[name]), count=len(where))
    st.markdown(f"**{title}**")
    tiles(
        shown.images,
        [data.classes[label] for label in shown.labels.tolist()],
        columns=_EXAMPLES, key=f"division-examples-{name}", max_tile=84,
        label=_("The first images of the part: {part}", part=_(_PARTS[name])),
    )  # fmt: skip


def _per_class(labels: Tensor, data: Dataset) -> Tensor:
    return torch.bincount(labels, minlength=len(data.classes))


def _moments(data: Dataset, parts: Places, division: Division) -> Moments:
    """Mean and std of the training part; the last ones of each dataset are kept."""
    known = _measured.get(data)
    if known is None or known[0] != division:
        known = _measured[data] = division, measure(part_of(data, parts.train).images)
    return known[1]


def _for_training(dataset: str, division: Division) -> dict[str, str]:
    """The address of the Train page with this split; all of it, since the page remembers its last one."""
    return {
        "dataset": dataset,
        "validation": str(round(100 * division.validation)),
        "test": str(round(100 * (division.test or 0))),
        "stratified": "yes" if division.stratified else "no",
        "splitseed": str(division.seed),
    }
