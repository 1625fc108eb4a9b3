"""The page's state in its URL, so that a link shows what its sender saw."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from nnlab.ui.text import _

_MANY = 15  # choices, from which on a sentence does not list them all


def query_choice(name: str, allowed: Sequence[str], default: str) -> str:
    """The value of ``?name=``, one of `allowed`; anything else gets a sentence on the page and `default`."""
    value = st.query_params.get(name)
    if value is None or value in allowed:
        return default if value is None else value
    shown = list(allowed) if len(allowed) <= _MANY else [*allowed[:3], "…", allowed[-1]]
    _complain(name, value, ", ".join(shown), default)
    return default


def query_number(name: str, default: int, *, low: int, high: int) -> int:
    """The value of ``?name=``, a whole number from `low` to `high`; otherwise as `query_choice`."""
    value = st.query_params.get(name)
    if value is None:
        return default
    if value.isdecimal() and len(value) < 20 and low <= int(value) <= high:
        return int(value)
    span = _("a whole number from {low} to {high}", low=low, high=high)
    _complain(name, value, span, str(default))
    return default


def query_float(name: str, default: float, *, low: float, high: float) -> float:
    """The value of ``?name=``, a number from `low` to `high`; otherwise as `query_choice`."""
    value = st.query_params.get(name)
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if low <= number <= high:
        return number
    _complain(name, value, _("a number from {low:g} to {high:g}", low=low, high=high), f"{default:g}")
    return default


def set_query(name: str, value: str | int | None) -> None:
    """Write ``?name=value`` into the URL, or remove it for None; the page does not run again for it."""
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != str(value):
        st.query_params[name] = str(value)


def as_code(value: str) -> str:
    """What somebody wrote into a link, short and fit to stand between backticks, where it is no markup."""
    return (value if len(value) <= 40 else value[:40] + "…").replace("`", "'")


def _complain(name: str, value: str, allowed: str, default: str) -> None:
    st.warning(
        _(
            "`{name}={value}` in the address of this page is not possible; allowed: {allowed}. "
            "{default} is used instead.",
            name=name, value=as_code(value), allowed=allowed, default=default,
        ),
        icon=":material/link_off:",
    )  # fmt: skip
