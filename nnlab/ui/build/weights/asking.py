"""Work that is too much to be done at every look: said what it is, and done when somebody asks for it."""

from __future__ import annotations

import threading
import zlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import streamlit as st

from nnlab.ui.text import _

LARGE = 2**24  # parameters, from which on a network is only built when somebody asks for it
LONG = 3e10  # multiply-adds that are done unasked: about a second
_ASKED = "build:weights-asked"
_one_at_a_time = threading.Lock()


def turn(parameters: int) -> AbstractContextManager[Any]:
    """Inside, no other large network is in memory; small ones need not wait."""
    return _one_at_a_time if parameters > LARGE else nullcontext()


def asked_for(label: str, what: str, parameters: int, work: float = 0) -> bool:
    """Whether something is small enough to be done at once, or its button has been pressed in this session.

    Args:
        label: of the button.
        what: names the work.
        parameters: of the networks that are built for it, one after the other.
        work: multiply-adds.
    """
    asked: set[str] = st.session_state.setdefault(_ASKED, set())
    if (parameters <= LARGE and work <= LONG) or what in asked:
        return True
    number = zlib.crc32(what.encode())
    with st.container(horizontal=True, vertical_alignment="center", key=f"weights-asking-{number}"):
        st.button(
            label, key=f"weights-ask-{number}", icon=":material/play_arrow:", on_click=asked.add,
            args=(what,),
        )  # fmt: skip
        size = parameters * 4e-6
        told = (
            _(
                "That takes a while: {count:,} parameters ({size:,.0f} MB) to be made, and "
                "{work:,.0f} billion multiply-adds.",
                count=parameters, size=size, work=work / 1e9,
            )
            if work
            else _("That takes a while: {count:,} parameters ({size:,.0f} MB) to be made.", count=parameters,
                   size=size)
        )  # fmt: skip
        st.caption(told)
    return False


def patience(parameters: int) -> AbstractContextManager[Any]:
    """Inside, the page says that it is at work, where that takes long enough to be read."""
    return st.spinner(_("Building the network …")) if parameters > LARGE else nullcontext()
