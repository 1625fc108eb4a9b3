"""Choices that the URL holds, and that the session remembers while other pages are open.

A widget shows what the URL says: `**linked.held(name, value)`, or `key=linked.bound(name, value)` for a
choice whose titles change, and writes it back by `on_change=linked.note, args=(name, default)`. Where the URL
does not say anything, the session's last choice is put into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from nnlab.ui.hold import hold
from nnlab.ui.url import catch_up, query_choice, query_float, query_number, set_query

YES_NO = ("yes", "no")
_T = TypeVar("_T", str, int, float)


@dataclass(frozen=True)
class Linked:
    """The choices of one page; `page` tells its widgets and its memory from those of others."""

    page: str

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        """The value of ``?name=``, one of `allowed`."""
        self._recall(name)
        return self._remembered(name, query_choice(name, allowed, default), default)

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        """The value of ``?name=``, a whole number from `low` to `high`."""
        self._recall(name)
        return self._remembered(name, query_number(name, default, low=low, high=high), default)

    def decimal(self, name: str, default: float, *, low: float, high: float) -> float:
        """The value of ``?name=``, a number from `low` to `high`."""
        self._recall(name)
        return self._remembered(name, query_float(name, default, low=low, high=high), default)

    def text(self, name: str, default: str = "") -> str:
        """The value of ``?name=``, whatever it is."""
        self._recall(name)
        return self._remembered(name, st.query_params.get(name, default), default)

    def toggle(self, name: str, default: bool) -> bool:
        """Whether ``?name=`` is "yes" or "no"."""
        return self.choice(name, YES_NO, _text(default)) == "yes"

    def bound(self, name: str, value: str | float | bool) -> str:
        """The key of a widget that shows `value`, which was read by one of the above: told at every run."""
        key = f"{self.page}-{name}"
        st.session_state[key] = value
        return key

    def held(
        self, name: str, value: str | float | bool | list[str], start: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """As `bound`, for what may be changed again before the page has followed: numbers, switches, texts.
        These are arguments of the widget; `hold` says where they will not do, and what `start` is."""
        return hold(f"{self.page}-{name}", value, start)

    def note(self, name: str, default: str | float | bool) -> None:
        """Write what the widget of that name says into the URL, or take it out where it is `default`."""
        self.choose(name, st.session_state[f"{self.page}-{name}"], default)

    def choose(self, name: str, value: str | float | bool, default: str | float | bool) -> None:
        """As if the widget of that name had been set to `value`."""
        text = None if value == default else _text(value)
        set_query(name, text)
        self._memory()[name] = text

    def _recall(self, name: str) -> None:
        catch_up()
        if name not in st.query_params and self._memory().get(name) is not None:
            set_query(name, self._memory()[name])

    def _remembered(self, name: str, value: _T, default: _T) -> _T:
        self._memory()[name] = None if value == default else _text(value)
        return value

    def _memory(self) -> dict[str, str | None]:
        memory: dict[str, str | None] = st.session_state.setdefault(f"{self.page}:remembered", {})
        return memory


def _text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return YES_NO[0] if value else YES_NO[1]
    return f"{value:.12g}" if isinstance(value, float) else str(value)
