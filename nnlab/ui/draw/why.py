"""The view "Why wrong?": one click tells the right answer, and the page what it would take to get it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from nnlab.drawing.changes import Changeable, Inked, Resampled
from nnlab.drawing.flips import Flips, find_flips
from nnlab.errors import LabError
from nnlab.ui.draw.own_set import current, keep_subject, own_drawing, tell_problem
from nnlab.ui.draw.reader import SHIPPED, Reader, answer_to
from nnlab.ui.draw.subject import Subject
from nnlab.ui.draw.why_cards import cards
from nnlab.ui.draw.why_matrix import confusions
from nnlab.ui.draw.why_measuring import examined
from nnlab.ui.store import run_store
from nnlab.ui.text import _, plain, say

MOST_BUTTONS = 12  # classes; more are a list
_FOUND = "why:found"  # the last search, and what it was made for


def show(reader: Reader, subject: Subject) -> None:
    """Draw this view of what is read."""
    classes = reader.model.info.classes
    name = subject_name(subject)
    right = _right_answer(classes, subject)
    tell_problem()
    if right is None:
        st.caption(_("Say what it really is: then you see what it would take for the network to agree."))
        return
    try:
        found = _flips(reader, subject, right, name)
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return
    said, share = plain(classes[found.said]), float(found.probabilities[found.said])
    if found.is_right:
        told = _("It says {said} with {share:.1%}, and is right. The smallest changes that make it wrong:",
                 said=said, share=share)  # fmt: skip
    else:
        told = _("It says {said} with {share:.1%}; for {right} it has {other:.1%}. The smallest changes that "
                 "make it say {right}:", said=said, share=share, right=plain(classes[right]),
                 other=float(found.probabilities[right]))  # fmt: skip
    if answer_to(reader.model, subject.image).doubtful:
        st.caption(_("It takes this for no digit; if it had to be one:"))
    st.markdown(told)
    cards(found, subject.image, classes)
    if subject.strokes is None:
        st.caption(_("Without strokes the image is resampled, and the pen's width stays as it is."))
    _keep(subject, classes[right])
    try:
        run = None if reader.run_id == SHIPPED else run_store().open(reader.run_id)
        confusions(examined(run), right, found.said, classes)
    except LabError as error:
        st.info(say(error), icon=":material/info:")


def subject_name(subject: Subject) -> str:
    """What tells one subject from others."""
    content = hashlib.sha256(subject.image.numpy().tobytes())
    for stroke in subject.strokes or ():
        content.update(stroke.tobytes() + b"|")
    return content.hexdigest()[:16]


def _right_answer(classes: Sequence[str], subject: Subject) -> int | None:
    """The class that the reader says it is; another drawing, which begins elsewhere, is asked about anew."""
    begun = str(subject.strokes[0][0].tolist()) if subject.strokes else subject_name(subject)
    key = f"why-right-{begun}"
    names = {str(place): title for place, title in enumerate(classes)}
    usual = None if subject.label is None or subject.label >= len(classes) else str(subject.label)
    asking = _("What is it really?")
    if len(classes) <= MOST_BUTTONS:
        chosen = st.segmented_control(
            asking, list(names), default=usual, format_func=names.__getitem__, key=key
        )
    else:
        chosen = st.selectbox(
            asking, list(names), index=None if usual is None else int(usual), width=300,
            format_func=names.__getitem__, key=key, placeholder=_("Choose a class"),
        )  # fmt: skip
    return None if chosen is None else int(chosen)


def _flips(reader: Reader, subject: Subject, right: int, name: str) -> Flips:
    asked = (reader.run_id, reader.model.info.step, right, name)
    kept = st.session_state.get(_FOUND)
    if kept is not None and kept[0] == asked:
        found: Flips = kept[1]
        return found
    drawing: Changeable = Resampled(subject.image)
    if subject.strokes:
        drawing = Inked(subject.strokes, (int(subject.size[0]), int(subject.size[1])))
    found = find_flips(reader.model, drawing, right)
    st.session_state[_FOUND] = asked, found
    return found


def _keep(subject: Subject, label: str) -> None:
    drawings = current()
    try:
        there = own_drawing(subject, label) in drawings.drawings
    except LabError:
        there = False
    with st.container(horizontal=True, vertical_alignment="center", key="why-keep-row"):
        st.button(
            _("Keep this drawing as {label}", label=plain(label)), key="why-keep", type="primary",
            icon=":material/bookmark_add:", disabled=there, on_click=keep_subject, args=(subject, label),
        )  # fmt: skip
        count = len(drawings.drawings)
        told = (
            _("Kept. Your drawings: {count}", count=count)
            if there
            else _("Your drawings: {count}", count=count)
        )
        st.caption(told, width="content")
