"""The part of the form that divides the data: shares in percent, by class or not, by seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from nnlab.data.division import Division
from nnlab.ui.hold import hold
from nnlab.ui.text import _
from nnlab.ui.train.fields import linked_choice, linked_whole, note

MOST = 90  # per cent
BY_CLASS = ("yes", "no")
_TOGGLE = "train-by-class"


def split_keys() -> dict[str, Any]:
    """What `split_fields` gives its widgets: the key of a choice, or arguments; this reads the URL."""
    return {
        "validation": linked_whole("validation", 0, most=MOST),
        "test": linked_whole("test", 0, most=MOST),
        "stratified": linked_choice("stratified", BY_CLASS, BY_CLASS[0]),
        "splitseed": linked_whole("splitseed", 0),
    }


def split_fields(keys: Mapping[str, Any]) -> Division:
    """Draw the fields; the division they describe."""
    validation = st.number_input(
        _("Validation (%)"), 0, MOST, **keys["validation"], step=5, on_change=note, args=("validation", 0),
        help=_("This share of the training images is held out to look at while the network learns. The test "
               "images are then looked at once, at the end."),
    )  # fmt: skip
    test = st.number_input(
        _("Test, drawn anew (%)"), 0, MOST, **keys["test"], step=5, on_change=note, args=("test", 0),
        help=_("0 keeps the test images as published. Otherwise this share of all images is drawn for the "
               "test, and the share for validation is one of all images too."),
    )  # fmt: skip
    stratified = st.session_state[keys["stratified"]] == BY_CLASS[0]
    by_class = st.toggle(
        _("Stratified: the same share of every class"), **hold(_TOGGLE, stratified),
        on_change=_stratified_chosen, disabled=not validation and not test,
    )  # fmt: skip
    seed = st.number_input(
        _("Seed of the split"), 0, **keys["splitseed"], step=1, on_change=note, args=("splitseed", 0),
        disabled=not validation and not test,
    )  # fmt: skip
    if not validation and not test:
        return Division()  # how nothing is divided makes no difference
    return Division(validation / 100, test / 100 if test else None, by_class, seed)


def _stratified_chosen() -> None:
    st.session_state["train-stratified"] = BY_CLASS[0 if st.session_state[_TOGGLE] else 1]
    note("stratified", BY_CLASS[0])
