"""Choices that the URL holds, and that the session remembers while other pages are open.

A widget shows what the URL says: `key=bound(name, value)`, and writes it back by `on_change=note`. Where the
URL does not say anything, the session's last choice is put into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from nnlab.ui.url import query_choice, query_number, set_query

YES_NO = ("yes", "no")
_MEMORY = "datasets:remembered"
_T = TypeVar("_T", str, int)


def linked_choice(name: str, allowed: Sequence[str], default: str) -> str:
    """The value of ``?name=``, one of `allowed`."""
    _recall(name)
    return _remembered(name, query_choice(name, allowed, default), default)


def linked_number(name: str, default: int, *, low: int, high: int) -> int:
    """The value of ``?name=``, a whole number from `low` to `high`."""
    _recall(name)
    return _remembered(name, query_number(name, default, low=low, high=high), default)


def linked_text(name: str) -> str:
    """The value of ``?name=``, whatever it is; "" without one."""
    _recall(name)
    return _remembered(name, st.query_params.get(name, ""), "")


def linked_toggle(name: str, default: bool) -> bool:
    """Whether ``?name=`` is "yes" or "no"."""
    return linked_choice(name, YES_NO, _text(default)) == "yes"


def bound(name: str, value: str | int | bool) -> str:
    """The key of a widget that shows `value`, which was read by one of the above."""
    st.session_state[f"datasets-{name}"] = value
    return f"datasets-{name}"


def note(name: str, default: str | int | bool) -> None:
    """Write what the widget of that name says into the URL, or take it out where it is `default`."""
    choose(name, st.session_state[f"datasets-{name}"], default)


def choose(name: str, value: str | int | bool, default: str | int | bool) -> None:
    """As if the widget of that name had been set to `value`."""
    text = None if value == default else _text(value)
    set_query(name, text)
    _memory()[name] = text


def _recall(name: str) -> None:
    if name not in st.query_params and _memory().get(name) is not None:
        set_query(name, _memory()[name])


def _remembered(name: str, value: _T, default: _T) -> _T:
    _memory()[name] = None if value == default else _text(value)
    return value


def _memory() -> dict[str, str | None]:
    memory: dict[str, str | None] = st.session_state.setdefault(_MEMORY, {})
    return memory


def _text(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return YES_NO[0] if value else YES_NO[1]
    return str(value)
