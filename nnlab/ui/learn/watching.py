"""A computation in a process of its own, and what it has found so far, on a page."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import streamlit as st

from nnlab.paths import data_root
from nnlab.program import Program, Programs
from nnlab.ui.text import _, say

_LOOK_EVERY = 0.4  # seconds
_STOPPED = "watching:stopped"  # the keys of what this session has stopped
_ME = "watching:me"

Show = Callable[[Sequence[Any]], None]


def watch(
    programs: Programs,
    key: Hashable,
    arguments: Sequence[str],
    module: str,
    expected: int,
    show: Show,
    name: str,
) -> None:
    """Start ``python -m module arguments`` unless it is known, and `show` its lines, again as more come.

    Args:
        programs, key: where it is kept, and as what.
        expected: how many lines there will be, for the bar.
        show: is given the lines so far; called in a fragment of its own.
        name: tells the buttons of this page from those of others.
    """

    stopped: set[Hashable] = st.session_state.setdefault(_STOPPED, set())

    def start() -> None:
        stopped.discard(key)
        programs.start(key, arguments, module, NNLAB_DATA=str(data_root().expanduser().resolve()))

    program = programs.known(key)
    if key not in stopped and (program is None or program.stopped):
        start()  # also where all others who looked at it have left
        program = programs.known(key)
    going = program is not None and program.running and key not in stopped
    fragment = st.fragment(_look, run_every=_LOOK_EVERY if going else None)
    fragment(_Watched(programs, key, program, stopped), going, expected, show, start, name)


@dataclass(frozen=True)
class _Watched:
    """A program as this session sees it: one that it has stopped may go on for others.

    first: what there was when the page was drawn; it may have been begun anew since.
    """

    programs: Programs
    key: Hashable
    first: Program | None
    stopped: set[Hashable]

    @property
    def program(self) -> Program | None:
        return self.programs.known(self.key) or self.first

    @property
    def going(self) -> bool:
        return self.program is not None and self.program.running and self.key not in self.stopped

    def stop(self) -> None:
        self.stopped.add(self.key)
        if self.program is not None:
            self.program.leave(me())


def me() -> str:
    """This session, for the programs that others look at too."""
    me: str = st.session_state.setdefault(_ME, uuid4().hex)
    return me


def _look(
    watched: _Watched, going: bool, expected: int, show: Show, start: Callable[[], None], name: str
) -> None:
    still, program = watched.going, watched.program
    lines = program.lines if program is not None else ()
    if going != still:
        st.rerun()  # the whole page: from now on there is something to look for, or no more
    if program is not None and still:
        program.look(me())
        with st.container(horizontal=True, vertical_alignment="center", key=f"{name}-progress"):
            before = program.before
            told = (
                _("Others are running theirs; before yours: {count}.", count=before)
                if before
                else _("Training …")
            )
            st.progress(min(1.0, len(lines) / expected), told, width="stretch")
            st.button(_("Stop"), icon=":material/stop:", key=f"{name}-stop", on_click=watched.stop)
    elif watched.key in watched.stopped or (program is not None and program.problem is not None):
        with st.container(horizontal=True, vertical_alignment="center", key=f"{name}-again"):
            if program is not None and program.problem is not None:
                st.error(say(program.problem), icon=":material/error:")
            st.button(_("Run"), icon=":material/play_arrow:", key=f"{name}-run", on_click=start)
    show(lines)
