"""The button that starts a run, with what it would do; where it could not, a sentence says why."""

from __future__ import annotations

import streamlit as st

from nnlab.data import dataset_info, is_present
from nnlab.errors import LabError
from nnlab.training.recipe import RunSpec
from nnlab.ui.owned import dataset_title
from nnlab.ui.store import run_store
from nnlab.ui.text import _, plain, say
from nnlab.ui.train.form import rows_of
from nnlab.ui.train.shelf import show


def start_button(spec: RunSpec | None) -> None:
    """Start `spec` (None: there is nothing that could be started) and show its run."""
    absent = spec is not None and not is_present(spec.dataset)
    with st.container(horizontal=True, vertical_alignment="center", key="train-start-row"):
        pressed = st.button(
            _("Start training"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=spec is None or absent,
            key="train-start",
            width=220,
        )
        if spec is not None:
            st.caption(_size(spec), width="content")
    if spec is None:
        return
    if absent:
        title = plain(dataset_title(spec.dataset))
        st.info(
            _("{title} is not on this machine yet; the Datasets page downloads it.", title=title),
            icon=":material/download:",
        )
    elif pressed:
        try:
            run = run_store().start(spec)
        except LabError as error:
            st.error(say(error), icon=":material/error:")
        else:
            show([run.id])


def _size(spec: RunSpec) -> str:
    """How much work it is."""
    info = dataset_info(spec.dataset)
    rows = rows_of(spec)
    counts = spec.division.counts(info.train_count, info.test_count)
    size = _(
        "{parameters:,} parameters · {macs:,} multiply-adds an image · {steps:,} steps · {samples:,} images",
        parameters=sum(row.params for row in rows),
        macs=sum(row.macs for row in rows),
        steps=spec.recipe.steps(counts.train),
        samples=counts.train,
    )
    if counts.validation:
        size += _(" · {count:,} for validation", count=counts.validation)
    return size
