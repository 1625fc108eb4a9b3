"""What the Learn pages have in common: the question, the code, and how a mistake in a typed text is told."""

from __future__ import annotations

import re

import streamlit as st

from nnlab.errors import LabError
from nnlab.lessons.typed import TypedError
from nnlab.ui.text import _, plain, say

_ANSWERED = "learn:answered"
_CODE = re.compile(r"(`[^`]+`)")


def question(key: str, text: str, answered: bool, told: str) -> None:
    """A small question whose answer one finds by trying on the page, which notices it by itself.

    Args:
        key: tells it from other questions; once answered it stays so for the session.
        text: the question, as markdown.
        answered: whether what the page shows now is the answer.
        told: what is said then: why it is so.
    """
    found: set[str] = st.session_state.setdefault(_ANSWERED, set())
    if answered:
        found.add(key)
    with st.container(border=True, key=f"{key}-question"):
        if key in found:
            st.markdown(f":green[:material/check_circle:] {text}")
            st.markdown(told)
        else:
            st.markdown(f":material/help: **{_('Try it')}** · {text}")


def code(source: str) -> None:
    """The PyTorch code that does what is on the screen; copied into an empty file, it runs."""
    with st.expander(_("The PyTorch code that does the same"), icon=":material/code:"):
        st.code(source, language="python")


def told(error: LabError) -> str:
    """The sentence of `error` as markdown of which nothing but code in backticks is markup."""
    return "".join(part if at % 2 else plain(part) for at, part in enumerate(_CODE.split(say(error))))


def complain(error: LabError) -> None:
    """The sentence of `error`; below it what was typed, with a caret under the fault."""
    st.error(told(error), icon=":material/error:")
    if isinstance(error, TypedError) and error.text:
        st.code(error.shown, language=None)
