"""A training with something wrong, and nothing but its curves and histograms: what is it?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from nnlab.lessons.clinic import CASES, Case, Record
from nnlab.ui.learn.clinic.pictures import pictures
from nnlab.ui.learn.clinic.running import LINKED, run
from nnlab.ui.learn.clinic.ward import broken_lines
from nnlab.ui.learn.quiz import hidden_in, judge
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
        shows = {one.name: one.explains for one in CASES}
        judge(
            guess,
            case.name,
            shows,
            lambda: broken_lines(case, round_),
            linked=LINKED,
            round_=round_,
            last=_LAST,
        )

    run(case, round_, shown)


def hidden(round_: int) -> Case:
    """The case of that round."""
    return hidden_in(round_, CASES)
