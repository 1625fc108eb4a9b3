"""A computation in a process of its own, and what it has found so far, on a page."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import streamlit as st

from nnlab.paths import data_root
from nnlab.program import Program, Programs
from nnlab.ui.text import _, say

_LOOK_EVERY = 0.4  # seconds

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

    def start() -> None:
        programs.start(key, arguments, module, NNLAB_DATA=str(data_root().expanduser().resolve()))

    program = programs.known(key)
    if program is None:
        start()
        program = programs.known(key)
    assert program is not None
    fragment = st.fragment(_look, run_every=_LOOK_EVERY if program.running else None)
    fragment(program, program.running, expected, show, start, name)


def _look(
    program: Program, going: bool, expected: int, show: Show, start: Callable[[], None], name: str
) -> None:
    running, lines = program.running, program.lines
    if going and not running:
        st.rerun()  # the whole page: nothing is left to look for
    if running:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{name}-progress"):
            told = _("Others are running theirs; yours comes next.") if program.waiting else _("Training …")
            st.progress(min(1.0, len(lines) / expected), told, width="stretch")
            st.button(_("Stop"), icon=":material/stop:", key=f"{name}-stop", on_click=program.stop)
    elif program.problem is not None or program.stopped:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{name}-again"):
            if program.problem is not None:
                st.error(say(program.problem), icon=":material/error:")
            st.button(_("Run"), icon=":material/play_arrow:", key=f"{name}-run", on_click=start)
    show(lines)
