"""The page's state in its URL, so that a link shows what its sender saw.

A browser sends its URL with everything it asks for. What was written into it a moment ago may not have
arrived there by then; such a request is read as if it had.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from nnlab.ui.text import _

_MANY = 15  # choices, from which on a sentence does not list them all
_HEARING = 3.0  # seconds that a browser may take to hear of a change of its URL
_UNHEARD = "url:unheard"  # by name: what the URL said there before, what it says now, and since when
_PAGE = "url:page"
_Unheard = dict[str, tuple[frozenset[str | None], str | None, float]]


def query_choice(name: str, allowed: Sequence[str], default: str) -> str:
    """The value of ``?name=``, one of `allowed`; anything else gets a sentence on the page and `default`."""
    catch_up()
    value = st.query_params.get(name)
    if value is None or value in allowed:
        return default if value is None else value
    shown = list(allowed) if len(allowed) <= _MANY else [*allowed[:3], "…", allowed[-1]]
    _complain(name, value, ", ".join(shown), default)
    return default


def query_number(name: str, default: int, *, low: int, high: int) -> int:
    """The value of ``?name=``, a whole number from `low` to `high`; otherwise as `query_choice`."""
    catch_up()
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
    catch_up()
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
    text, before = None if value is None else str(value), st.query_params.get(name)
    if text == before:
        return
    unheard: _Unheard = st.session_state.setdefault(_UNHEARD, {})
    earlier, *_now = unheard.get(name, (frozenset(),))
    unheard[name] = (earlier | {before}) - {text}, text, time.monotonic()
    _write(name, text)


def went_back() -> bool:
    """Whether the browser's Back or Forward has asked for this run."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def catch_up(*names: str) -> None:
    """Where the browser has yet to hear of the last changes of its URL, or of `names`, make them again."""
    unheard: _Unheard = st.session_state.get(_UNHEARD, {})
    if went_back():
        unheard.clear()
    for name in [name for name in unheard if name in names or not names]:
        earlier, now, since = unheard[name]
        if time.monotonic() - since > _HEARING:
            del unheard[name]
        elif st.query_params.get(name) in earlier:
            _write(name, now)


def open_url(page: str) -> None:
    """Begin with `page`; in another one the same names mean something else."""
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state.pop(_UNHEARD, None)


def _write(name: str, text: str | None) -> None:
    if text is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = text


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
