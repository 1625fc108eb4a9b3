"""The set of kept drawings that this session is at: in the URL, so that it outlives a reload, and undone step
by step. The sets themselves are on the disk (`nnlab.drawing.keeping`)."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from nnlab.drawing.keeping import keep, kept
from nnlab.drawing.own import OwnSet
from nnlab.drawing.own_drawing import OwnDrawing, Rows
from nnlab.errors import LabError
from nnlab.ui.draw.subject import Subject
from nnlab.ui.text import say
from nnlab.ui.url import set_query

_QUERY = "own"
_STATE, _BEFORE, _PROBLEM = "own:set", "own:before", "own:problem"
_MOST_STEPS = 100  # that can be undone


def current() -> OwnSet:
    """The set that the URL names, else this session's; where it is gone, a sentence says so."""
    name, drawings = st.session_state.get(_STATE, ("", OwnSet()))
    asked = st.query_params.get(_QUERY)
    if asked is None or asked == name:
        set_query(_QUERY, name or None)
        told: OwnSet = drawings
        return told
    try:
        drawings = kept(asked)
    except LabError as error:
        st.warning(say(error), icon=":material/link_off:")
        set_query(_QUERY, name or None)
        return current()
    if name:  # who opens another's link can go back to the own ones
        _remember(st.session_state[_STATE][1])
    st.session_state[_STATE] = asked, drawings
    return drawings


def change(drawings: OwnSet) -> None:
    """Make `drawings` the set; where that cannot be, nothing is changed, and `tell_problem` says why."""
    before = st.session_state.get(_STATE, ("", OwnSet()))
    if _become(drawings):
        _remember(before[1])


def undo() -> None:
    """Go back to the set before the last change."""
    steps: list[OwnSet] = st.session_state.get(_BEFORE, [])
    if steps and _become(steps[-1]):
        steps.pop()


def can_undo() -> bool:
    """Whether anything was changed in this session."""
    return bool(st.session_state.get(_BEFORE))


def keep_subject(subject: Subject, label: str) -> None:
    """Put what is read at the end of the set, as a `label`."""
    try:
        change(current().with_kept(own_drawing(subject, label.strip())))
    except LabError as error:
        note_problem(error)


def note_problem(error: LabError) -> None:
    """Have it said at the next `tell_problem`: callbacks run before anything is drawn."""
    st.session_state[_PROBLEM] = error


def tell_problem() -> None:
    """Say what went wrong with the last change, once."""
    error = st.session_state.pop(_PROBLEM, None)
    if error is not None:
        st.error(say(error), icon=":material/error:")


def own_drawing(subject: Subject, label: str) -> OwnDrawing:
    """What is read, as it is kept: the strokes with their times where it was drawn here, else the image."""
    drawing = subject.drawing
    if drawing is not None and drawing.arrays:
        full = [at for at, flat in enumerate(drawing.strokes) if flat]
        strokes = [[value / 10 for value in drawing.strokes[at]] for at in full]
        times = [drawing.times[at] for at in full] if drawing.times else []
        pressures = [drawing.pressures[at] for at in full] if any(drawing.pressures) else []
    elif subject.strokes:
        strokes = [stroke.flatten().tolist() for stroke in subject.strokes if len(stroke)]
        times, pressures = [], []
    else:
        return OwnDrawing.of_image(subject.image, label)
    if any(2 * len(row) != len(flat) for row, flat in zip(pressures, strokes, strict=False)):
        pressures = []  # of a drawing that was begun with another pointer
    return OwnDrawing(label, _rows(strokes), _rows(times), _rows(pressures), subject.size).validate()


def _remember(drawings: OwnSet) -> None:
    """As what the last change is undone to."""
    steps: list[OwnSet] = st.session_state.setdefault(_BEFORE, [])
    steps.append(drawings)
    del steps[:-_MOST_STEPS]


def _rows(values: Sequence[Sequence[float]]) -> Rows:
    return tuple(map(tuple, values))


def _become(drawings: OwnSet) -> bool:
    try:
        name = keep(drawings) if drawings.drawings else ""
    except LabError as error:
        note_problem(error)
        return False
    st.session_state[_STATE] = name, drawings
    set_query(_QUERY, name or None)
    return True
