"""The desk of the Draw page: where the subject comes from, the answer to it, and the view below it.

All of it is one fragment, so that a stroke of the pen renews whatever is open, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from nnlab.drawing.stages import STAGES, Stages, Switches, drawing_stages
from nnlab.errors import LabError
from nnlab.ui.components.pad import Answer, Channel, drawing_on, pad
from nnlab.ui.draw import compare, inside, own, stages, why
from nnlab.ui.draw.channel import SIZE, path
from nnlab.ui.draw.photo import photographed
from nnlab.ui.draw.reader import Reader, answer_of
from nnlab.ui.draw.sample import sample
from nnlab.ui.draw.subject import Subject
from nnlab.ui.linked import Linked
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _, language, mark

_KEY = "pad"
_LINKED = Linked("draw")
_READ = "read"  # the view that follows the pen by the pad's own channel

# What stands below the pad: a title (marked) and what shows it. A view is added here and nowhere else.
VIEWS: dict[str, tuple[str, Callable[[Reader, Subject], None]]] = {
    _READ: (mark("How it is read"), stages.show),
    "inside": (mark("Inside"), inside.show),
    "compare": (mark("Compare"), compare.show),
    "why": (mark("Why wrong?"), why.show),
    "own": (mark("Your drawings"), own.show),
}
# Those that have something to show while there is nothing to read.
_WITHOUT: dict[str, Callable[[Reader], None]] = {"own": lambda chosen: own.show(chosen, None)}


@st.fragment
def desk(chosen: Reader) -> None:
    """The subject with its answer, and the chosen view of it."""
    source = _source(chosen)
    top = st.container()
    view = part_switch({name: title for name, (title, _show) in VIEWS.items()}, "draw")
    with top:
        subject = SOURCES[source][1](chosen, view)
    if subject is not None:
        VIEWS[view][1](chosen, subject)
    elif view in _WITHOUT:
        _WITHOUT[view](chosen)
    elif view == _READ and source == "draw":
        stages.show_none(chosen)
    else:
        st.caption(_("What is read stands here once there is something to read."))


def _source(chosen: Reader) -> str:
    """The chosen one of those that make sense for the network, and what there is to know about them."""
    titles = {name: _(title) for name, (title, _take) in SOURCES.items()}
    if not chosen.drawable:
        titles = {name: titles[name] for name in ("photo", "sample")}
        if st.query_params.get("from") not in titles:
            _LINKED.choose("from", "photo", "draw")
    source = _LINKED.choice("from", list(titles), "draw")
    st.segmented_control(
        _("What is read"), list(titles), required=True, format_func=titles.__getitem__,
        **_LINKED.held("from", source, {"default": source}), on_change=_LINKED.note, args=("from", "draw"),
        label_visibility="collapsed",
    )  # fmt: skip
    if chosen.remark:
        st.caption(chosen.remark)
    return source


def _draw(chosen: Reader, view: str) -> Subject | None:
    """The pad with its answer, and what is on it; None for nothing that can be read."""
    model = chosen.model
    # The other views are of what the network is given when it is given it as it should.
    off = stages.left_out() if view == _READ else []
    found: Stages | None = None
    answer: Answer | LabError | None = None
    subject = None
    try:
        drawing = drawing_on(_KEY)
        strokes = drawing.arrays
        if strokes:
            on = Switches(**{name: name not in off for name in STAGES})
            found = drawing_stages(model, strokes, (SIZE, SIZE), on, drawing.pen)
            answer = answer_of(model, found)
            subject = Subject(found.given, strokes, (SIZE, SIZE), None, found, drawing)
    except LabError as error:
        answer = error
    config = {
        "name": "-".join((chosen.run_id, str(model.info.step), *off, language(), view)),
        "run": chosen.run_id, "step": model.info.step, "off": off, "lang": language(),
        "stages": view == _READ,
    }  # fmt: skip
    pad(
        answer, classes=model.info.classes, key=_KEY, size=SIZE, channel=Channel(path(), config),
        follows=view != _READ,
    )  # fmt: skip
    return subject


def _sample(chosen: Reader, view: str) -> Subject | None:
    return sample(chosen)


def _photo(chosen: Reader, view: str) -> Subject | None:
    return photographed(chosen)


# Where what is read comes from: a title (marked) and what takes it. A source is added here and nowhere else.
SOURCES: dict[str, tuple[str, Callable[[Reader, str], Subject | None]]] = {
    "draw": (mark("Draw"), _draw),
    "sample": (mark("A sample"), _sample),
    "photo": (mark("A photograph"), _photo),
}
