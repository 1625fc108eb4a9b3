"""The desk of the Draw page: where the subject comes from, the pad, and the view below it.

All of it is one fragment, so that a movement of the pen renews whatever is open, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from nnlab.ui.components import drawn, pad
from nnlab.ui.draw import inside
from nnlab.ui.draw.reader import Reader, answerer, subject_of
from nnlab.ui.draw.subject import Subject
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _, mark

SIZE = 280
_KEY = "pad"

# What stands below the pad: a title (marked) and what shows it. A view is added here and nowhere else.
VIEWS: dict[str, tuple[str, Callable[[Reader, Subject], None]]] = {
    "inside": (mark("Inside"), inside.show),
}


@st.fragment
def desk(chosen: Reader) -> None:
    """The pad with its answer, and the chosen view of what is on it."""
    strokes = drawn(_KEY)
    pad(answerer(chosen.model, SIZE), classes=chosen.model.info.classes, key=_KEY, size=SIZE)
    if not VIEWS:
        return
    view = part_switch({name: title for name, (title, _show) in VIEWS.items()}, "draw")
    subject = subject_of(chosen.model, strokes, SIZE)
    if subject is None:
        st.caption(_("Draw something first: it is shown here."))
    else:
        VIEWS[view][1](chosen, subject)
