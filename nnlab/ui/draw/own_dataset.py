"""From kept drawings to a dataset like any other, and back to the drawings of one that was saved."""

from __future__ import annotations

import streamlit as st

from nnlab.data import DatasetInfo
from nnlab.data.images import saved_images
from nnlab.data.own_images import is_unsaved
from nnlab.drawing.keeping import drawings_of, make_dataset
from nnlab.drawing.own import OwnSet, merged
from nnlab.errors import LabError
from nnlab.ui.components.pulse import pulse
from nnlab.ui.datasets.images.problems import tell_problems
from nnlab.ui.datasets.images.work import Work
from nnlab.ui.draw.own_set import change, current, note_problem
from nnlab.ui.navigation import page_link_target
from nnlab.ui.owned import dataset_title, keep_in_mind
from nnlab.ui.text import _, plain

_WORK, _NAME, _OPEN = "own:making", "own-name", "own-open"
_PATIENCE = 0.2  # seconds that the page waits before it says that something is going on


def dataset_form(drawings: OwnSet) -> None:
    """What it shall be called, and the button that begins."""
    st.text_input(_("Name"), key=_NAME, placeholder=_("empty: kept for a day"), width=240)
    st.button(_("Make it"), key="own-make", type="primary", on_click=_begin, args=(drawings,))
    st.caption(_("A fifth of each class is held out for the test."))


def making() -> None:
    """How the making goes, and what came of it."""
    work: Work[DatasetInfo] | None = st.session_state.get(_WORK)
    if work is None:
        return
    work.wait(_PATIENCE)
    if work.running:
        st.progress(0.0, _("Turning the drawings into a dataset …"))
        pulse("own-making")
        return
    if work.error is not None:
        tell_problems(work.error, _("Draw more, change the labels, or choose another name."))
    if work.result is None:
        return
    name = work.result.name
    if is_unsaved(name):
        keep_in_mind(name)
    with st.container(horizontal=True, vertical_alignment="center", key="own-made"):
        st.markdown(
            ":material/check: " + _("The dataset {name} is made.", name=plain(dataset_title(name))),
            width="content",
        )  # fmt: skip
        for page, label, icon in (
            ("datasets", _("Look at it"), ":material/grid_view:"),
            ("train", _("Train on it"), ":material/model_training:"),
        ):
            st.page_link(
                page_link_target(page),
                label=label,
                icon=icon,
                query_params={"dataset": name},
                width="content",
            )


def saved_sets() -> None:
    """The saved datasets that were made of drawings, to take their drawings in again."""
    names = {info.name: info.title for info in saved_images() if drawings_of(info.name) is not None}
    if names:
        st.selectbox(
            _("Or a set that was saved"), list(names), index=None, format_func=names.__getitem__, key=_OPEN,
            placeholder=_("Choose one"), on_change=_open,
        )  # fmt: skip


def _open() -> None:
    name = st.session_state.get(_OPEN)
    found = drawings_of(name) if name else None
    if found is None:
        return
    try:
        change(merged([current(), found]))
    except LabError as error:
        note_problem(error)


def _begin(drawings: OwnSet) -> None:
    name = (st.session_state.get(_NAME) or "").strip() or None
    st.session_state[_WORK] = Work(lambda tell: make_dataset(drawings, name))
