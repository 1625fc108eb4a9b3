"""A training with something wrong, and nothing but its curves and histograms: what is it?"""

from __future__ import annotations

import random
from collections.abc import Sequence

import streamlit as st

from nnlab.lessons.clinic import CASES, Case, Record
from nnlab.ui.learn.clinic.pictures import pictures
from nnlab.ui.learn.clinic.running import ALL, LINKED, run
from nnlab.ui.learn.clinic.ward import broken_lines
from nnlab.ui.text import _, say

_LAST = 99


def show() -> None:
    round_ = LINKED.number("round", 1, low=1, high=_LAST)
    case = hidden(round_)

    def shown(records: Sequence[Record]) -> None:
        pictures(records, f"quiz-{round_}")
        titles = {case.name: say(case.title) for case in CASES}
        guess = st.radio(
            _("What is wrong here?"), list(titles), index=None, key=f"clinic-guess-{round_}",
            format_func=titles.__getitem__,
        )  # fmt: skip
        _judge(guess, case, round_)

    run(case, round_, shown)


def _judge(guess: str | None, case: Case, round_: int) -> None:
    if guess == case.name:
        st.success(say(case.explains), icon=":material/check_circle:")
        st.code(broken_lines(case, round_), language="diff")
    elif guess is not None:
        told = _("Not this one. It would show so: {shows}", shows=say(ALL[guess].explains))
        st.warning(told, icon=":material/help:")
    st.button(
        _("Another one"), icon=":material/shuffle:", key="clinic-another",
        on_click=LINKED.choose, args=("round", round_ % _LAST + 1, 1),
    )  # fmt: skip


def hidden(round_: int) -> Case:
    """The case of that round: in each row of as many rounds as there are cases, every one once."""
    row, place = divmod(round_ - 1, len(CASES))
    order = list(CASES)
    random.Random(row).shuffle(order)
    return order[place]
