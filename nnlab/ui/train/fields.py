"""The state of the strip: kept for the session, and in the URL where it is not as usual."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from nnlab.ui.hold import hold
from nnlab.ui.text import _
from nnlab.ui.url import as_code, query_choice, query_number, set_query

_KEPT = "train:kept"


def linked_choice(name: str, allowed: Sequence[str], default: str) -> str:
    """The key of a choice that shows ``?name=``, one of `allowed`; without it what was chosen last, which is
    kept while other pages are open, and at first `default`. The URL then says so too."""
    value = query_choice(name, allowed, default) if name in st.query_params else _kept(name, default)
    if value not in allowed:  # such as a dataset that has been deleted since
        value = default
    st.session_state[f"train-{name}"] = value
    return _linked(name, default)


def linked_whole(name: str, default: int, *, most: int = 2**53 - 1) -> dict[str, Any]:
    """As `linked_choice`, for a whole number from 0 to `most`: the arguments of its widget."""
    asked = name in st.query_params
    value = query_number(name, default, low=0, high=most) if asked else _kept(name, default)
    return _held(name, value, default)


def linked_float(name: str, default: float) -> dict[str, Any]:
    """As `linked_whole`, for a finite number."""
    asked = name in st.query_params
    return _held(name, _query_float(name, default) if asked else _kept(name, default), default)


def linked_toggle(name: str, default: bool) -> dict[str, Any]:
    """As `linked_whole`, for a switch, which the URL says as 1 or 0."""
    asked = name in st.query_params
    value = query_choice(name, ("1", "0"), str(int(default))) == "1" if asked else _kept(name, default)
    return _held(name, value, default)


def linked_text(name: str) -> str:
    """As `linked_choice`, for any text; empty without one."""
    st.session_state[f"train-{name}"] = st.query_params.get(name, _kept(name, ""))
    return _linked(name, "")


def note(name: str, default: Any) -> None:
    """Write the value of that name into the URL, or take it out where it is `default`."""
    value = st.session_state[f"train-{name}"]
    text = (
        f"{value:.12g}"
        if isinstance(value, float)
        else str(int(value) if value is True or value is False else value)
    )
    set_query(name, None if value == default else text)


def _kept(name: str, default: Any) -> Any:
    # Streamlit forgets what belongs to a widget as soon as a page without it runs.
    return st.session_state.get(f"train-{name}", st.session_state.get(_KEPT, {}).get(name, default))


def _held(name: str, value: Any, default: Any) -> dict[str, Any]:
    shown = hold(f"train-{name}", value)
    _linked(name, default)
    return shown


def _linked(name: str, default: Any) -> str:
    key = f"train-{name}"
    st.session_state.setdefault(_KEPT, {})[name] = st.session_state[key]
    note(name, default)  # a reader who comes back to the page has lost its URL
    return key


def _query_float(name: str, default: float) -> float:
    text = st.query_params[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    st.warning(
        _(
            "`{name}={value}` in the address of this page is not a number; {default} is used instead.",
            name=name, value=as_code(text), default=default,
        ),
        icon=":material/link_off:",
    )  # fmt: skip
    return default
