"""Controls whose value is what the URL says: the one place where the choice is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st

from nnlab.ui.hold import hold
from nnlab.ui.url import query_choice, query_number, set_query

PLACE = ("channel", "row", "column")  # of the output that is taken apart, as the URL calls them

_OPEN, _KEPT = "layers-part", "layers:kept"


def recall() -> None:
    """Where the page is opened at an address that says nothing, show what it showed last in this session."""
    # Streamlit forgets the switch between the parts as soon as another page runs.
    if _OPEN not in st.session_state and not _said():
        for name, value in st.session_state.get(_KEPT, {}).items():
            set_query(name, value)


def remember() -> None:
    """Keep what the page shows for when it is opened again."""
    st.session_state[_KEPT] = _said()


def _said() -> dict[str, str]:
    """What the URL says about this page."""
    return {name: value for name, value in st.query_params.items() if name != "lang"}


def choice(
    label: str,
    name: str,
    allowed: Sequence[str],
    default: str,
    *,
    shown: Callable[[str], str] = str,
    width: int | Literal["stretch"] = "stretch",
    also_clears: Sequence[str] = (),
) -> str:
    """A select box for ``?name=``; another choice takes `also_clears` out of the URL."""
    value = query_choice(name, allowed, default)
    st.selectbox(
        label, list(allowed), **held(name, value, {"index": list(allowed).index(value)}), format_func=shown,
        width=width, on_change=write, args=(name, default, also_clears),
    )  # fmt: skip
    return value


def whole(
    label: str,
    name: str,
    default: int,
    low: int,
    high: int,
    *,
    width: int | Literal["stretch"] = "stretch",
    **rest: Any,
) -> int:
    """A number box for ``?name=``, a whole number from `low` to `high`."""
    value = query_number(name, default, low=low, high=high)
    return st.number_input(
        label, low, high, **held(name, value), width=width, on_change=write, args=(name, default), **rest
    )


def keep_within(name: str, last: int) -> None:
    """Let ``?name=`` be `last` where it names a place after it: there are fewer places than there were."""
    value = st.query_params.get(name, "")
    if value.isdecimal() and len(value) < 20 and int(value) > last:
        set_query(name, last)


def held(name: str, value: Any, start: dict[str, Any] | None = None) -> dict[str, Any]:
    """The arguments of a control that shows `value`; see `hold`."""
    return hold(f"layers-{name}", value, start)


def bound(name: str, value: Any) -> str:
    """The key of a slider whose ends change, which shows `value`."""
    key = f"layers-{name}"
    st.session_state[key] = value
    return key


def write(name: str, default: Any, also_clears: Sequence[str] = ()) -> None:
    """Put what a control shows into the URL, or take it out where it is the default."""
    value = st.session_state[f"layers-{name}"]
    set_query(name, None if value == default else str(value))
    for other in also_clears:
        set_query(other, None)
