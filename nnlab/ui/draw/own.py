"""The view "Your drawings": a set of one's own with its strokes, taken along, made a dataset, learned."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.drawing.keeping import archive_of, read_archive
from nnlab.drawing.own import OwnSet, merged
from nnlab.errors import LabError
from nnlab.ui.components import tiles
from nnlab.ui.draw.own_dataset import dataset_form, making, saved_sets
from nnlab.ui.draw.own_set import (
    can_undo,
    change,
    current,
    keep_subject,
    note_problem,
    tell_problem,
    undo,
)
from nnlab.ui.draw.own_tune import tuning
from nnlab.ui.draw.reader import Reader
from nnlab.ui.draw.subject import Subject
from nnlab.ui.text import _, plain

_MOST_BUTTONS = 12  # classes; more are a list
_SIDE = 28  # pixels of a picture in the grid
_GRID, _LABEL, _OTHER, _UPLOAD = "own-grid", "own-label", "own-other", "own-upload"


def show(reader: Reader, subject: Subject | None) -> None:
    """Draw this view; `subject` is what is read, where there is something."""
    drawings = current()
    tell_problem()
    classes = reader.model.info.classes
    _keep_as(classes, subject)
    if drawings.drawings:
        _grid(drawings, classes)
    _strip(drawings)
    making()
    if drawings.drawings:
        tuning(reader, subject, drawings)


def _keep_as(classes: Sequence[str], subject: Subject | None) -> None:
    """One click keeps what is read."""
    if subject is None:
        st.caption(_("Draw something above: one click keeps it here, with what it shows."))
        return
    st.markdown(f"**{_('Keep this drawing as')}**")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key="own-keep"):
        for place, name in enumerate(classes[:_MOST_BUTTONS] if len(classes) <= _MOST_BUTTONS else ()):
            st.button(plain(name), key=f"own-keep-{place}", on_click=keep_subject, args=(subject, name))
        with st.popover(_("Another class")):
            names = list(classes) if len(classes) > _MOST_BUTTONS else []
            st.selectbox(
                _("What it shows"), names, index=None, accept_new_options=True, key=_OTHER, width=240,
                placeholder=_("Type a name"),
            )  # fmt: skip
            st.button(_("Keep"), key="own-keep-other", on_click=_keep_other, args=(subject,), type="primary")


def _keep_other(subject: Subject) -> None:
    keep_subject(subject, st.session_state.get(_OTHER) or "")


def _grid(drawings: OwnSet, classes: Sequence[str]) -> None:
    chosen = tiles(
        thumbnails(drawings).numpy(), [drawing.label for drawing in drawings.drawings], columns=16, key=_GRID,
        label=_("Your drawings; select one to change what it shows, or to take it out"), selectable=True,
        max_tile=64,
    )  # fmt: skip
    counts = [
        f"{plain(label)}: {sum(drawing.label == label for drawing in drawings.drawings)}"
        for label in drawings.labels
    ]
    st.caption(" · ".join([_("Your drawings: {count}", count=len(drawings.drawings)), *counts]))
    if chosen is None:
        return
    label = drawings.drawings[chosen].label
    with st.container(horizontal=True, vertical_alignment="bottom", key="own-chosen"):
        names = list(dict.fromkeys([*classes, *drawings.labels]))
        st.session_state[_LABEL] = label
        st.selectbox(
            _("Drawing {number} shows", number=chosen + 1), names, key=_LABEL, accept_new_options=True,
            width=200, on_change=_relabel, args=(drawings, chosen),
        )  # fmt: skip
        st.button(
            _("Take it out"),
            icon=":material/delete:",
            key="own-remove",
            on_click=_remove,
            args=(drawings, chosen),
        )


def _relabel(drawings: OwnSet, index: int) -> None:
    try:
        change(drawings.relabelled(index, (st.session_state[_LABEL] or "").strip()))
    except LabError as error:
        note_problem(error)


def _remove(drawings: OwnSet, index: int) -> None:
    change(drawings.without(index))


def _strip(drawings: OwnSet) -> None:
    """What can be done with the whole set."""
    some = bool(drawings.drawings)
    with st.container(horizontal=True, key="own-strip"):
        if can_undo():
            st.button(_("Undo"), icon=":material/undo:", key="own-undo", on_click=undo)
        if some:
            st.download_button(
                _("Download"), data=lambda: archive_of(drawings), file_name="drawings.zip",
                key="own-download", mime="application/zip", icon=":material/download:", on_click="ignore",
                help=_("A zip of the pictures, a table of their labels, and the strokes"),
            )  # fmt: skip
        with st.popover(_("Take in"), icon=":material/upload:"):
            st.file_uploader(
                _("A zip that was downloaded here"), type=["zip", "json"], key=_UPLOAD, on_change=_take_in
            )
            saved_sets()
        if some:
            _dataset_popover(drawings)


def _dataset_popover(drawings: OwnSet) -> None:
    with st.popover(_("Make a dataset"), icon=":material/database:"):
        dataset_form(drawings)


def _take_in() -> None:
    file = st.session_state.get(_UPLOAD)
    if file is None:
        return
    try:
        change(merged([current(), read_archive(file.getvalue())]))
    except LabError as error:
        note_problem(error)


def thumbnails(drawings: OwnSet) -> Tensor:
    """(N, C, 28, 28) uint8."""
    images = [drawing.image() for drawing in drawings.drawings]
    channels = max(image.shape[1] for image in images)
    small = [
        F.interpolate(image.float(), (_SIDE, _SIDE), mode="bilinear", antialias=True).round().to(torch.uint8)
        for image in images
    ]  # of 28 x 28 already, nothing is changed
    return torch.cat([image.expand(-1, channels, -1, -1) for image in small])
