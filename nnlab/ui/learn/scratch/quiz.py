"""A bug is switched on, and only its numbers are shown: which one is it?"""

from __future__ import annotations

import random

import streamlit as st

from nnlab.lessons.ladder import BUGS, Bug, Outcome, Sameness, Settings
from nnlab.ui.learn.scratch.bugs import changed_lines, numbers
from nnlab.ui.learn.scratch.controls import LINKED, run, settings
from nnlab.ui.text import _, say

_LAST = 999
_TITLES = {bug.name: bug.title for bug in BUGS}


def show() -> None:
    asked = settings()
    round_ = LINKED.number("round", 1, low=1, high=_LAST)
    bug = _hidden(round_)
    key = f"scratch-guess-{round_}"

    def shown(outcomes: dict[str, Outcome], _same: dict[str, Sameness]) -> None:
        numbers(outcomes, f"quiz-{round_}", {"right": _("As it should be"), bug.name: _("With the bug")})
        titles = {name: say(title) for name, title in _TITLES.items()}
        guess = st.radio(
            _("Which bug is it?"), list(_TITLES), index=None, key=key, format_func=titles.__getitem__
        )
        _judge(guess, round_, asked)

    run(asked, bug.name, shown, 2)


def _judge(guess: str | None, round_: int, asked: Settings) -> None:
    bug = _hidden(round_)
    if guess == bug.name:
        st.success(say(bug.shows), icon=":material/check_circle:")
        st.code(changed_lines(bug, asked), language="diff")
    elif guess is not None:
        other = next(one for one in BUGS if one.name == guess)
        st.warning(
            _("Not this one. It would show so: {shows}", shows=say(other.shows)), icon=":material/help:"
        )
    st.button(
        _("Another one"), icon=":material/shuffle:", key="scratch-another",
        on_click=LINKED.choose, args=("round", round_ % _LAST + 1, 1),
    )  # fmt: skip


def _hidden(round_: int) -> Bug:
    """The bug of that round: in each row of as many rounds as there are bugs, every bug once."""
    row, place = divmod(round_ - 1, len(BUGS))
    order = list(BUGS)
    random.Random(row).shuffle(order)
    return order[place]
