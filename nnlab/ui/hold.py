"""The value of a widget, told to the browser only where the browser has not said it itself.

What Streamlit sends for ``st.session_state[key] = value`` takes the place of whatever was clicked or typed
since the page was asked: over a slow connection, of every second click on "+".
"""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from nnlab.ui.text import language

_TELLING = 2.0  # seconds for which a widget is told a new value
_HELD = "held"


def hold(key: str, value: Any, start: dict[str, Any] | None = None) -> dict[str, Any]:
    """Have the widget that is drawn with these arguments, the key among them, show `value`.

    A value that is new to the browser is told for a while: the first answer may be thrown away by another run
    of the page, or the browser may have asked for more before it heard. From then on it is only what the
    widget starts with, wherever the browser has yet to make it.

    Not for ``st.slider`` whose ends change, which is then another widget to Streamlit, nor for choices whose
    titles change other than with the language.

    Args:
        start: how the widget takes the value that it starts with, ``{"value": value}`` if not given.
    """
    held: dict[str, tuple[tuple[Any, str], float]] = st.session_state.setdefault(_HELD, {})
    now, said = time.monotonic(), (value, language())
    before, until = held.get(key, (said, 0.0))
    if key not in st.session_state or not _same(st.session_state[key], value) or before[1] != said[1]:
        until = now + _TELLING
    elif before != said:
        until = 0.0  # the browser has said so
    held[key] = said, until
    if now >= until:
        return {"key": key, **({"value": value} if start is None else start)}
    st.session_state[key] = value
    return {"key": key}


def _same(one: Any, other: Any) -> bool:
    """Whether they are one value, where a URL keeps twelve digits of a number."""
    if isinstance(one, float) and isinstance(other, float):
        return f"{one:.12g}" == f"{other:.12g}"
    return bool(one == other)
