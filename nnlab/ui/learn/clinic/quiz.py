"""A training with something wrong, and nothing but its curves and histograms: what is it?"""

from __future__ import annotations

from collections.abc import Sequence

from nnlab.lessons.clinic import CASES, Case, Record
from nnlab.ui.learn.clinic.pictures import pictures
from nnlab.ui.learn.clinic.running import LINKED, run
from nnlab.ui.learn.clinic.ward import broken_lines
from nnlab.ui.learn.quiz import ask, hidden_in
from nnlab.ui.text import _

_LAST = 99


def show() -> None:
    round_ = LINKED.number("round", 1, low=1, high=_LAST)
    case = hidden(round_)

    def shown(records: Sequence[Record]) -> None:
        pictures(records, f"quiz-{round_}")
        ask(
            _("What is wrong here?"),
            {one.name: one.title for one in CASES},
            case.name,
            {one.name: one.explains for one in CASES},
            lambda: broken_lines(case, round_),
            linked=LINKED,
            round_=round_,
            last=_LAST,
        )

    run(case, round_, shown)


def hidden(round_: int) -> Case:
    """The case of that round."""
    return hidden_in(round_, CASES)
