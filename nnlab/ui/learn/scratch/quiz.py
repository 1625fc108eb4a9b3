"""A bug is switched on, and only its numbers are shown: which one is it?"""

from __future__ import annotations

from nnlab.lessons.ladder import BUGS, Bug, Outcome, Sameness
from nnlab.ui.learn.quiz import ask, hidden_in
from nnlab.ui.learn.scratch.bugs import changed_lines, numbers
from nnlab.ui.learn.scratch.controls import LINKED, run, settings
from nnlab.ui.text import _

_LAST = 999


def show() -> None:
    asked = settings()
    round_ = LINKED.number("round", 1, low=1, high=_LAST)
    bug = _hidden(round_)

    def shown(outcomes: dict[str, Outcome], _same: dict[str, Sameness]) -> None:
        numbers(outcomes, f"quiz-{round_}", {"right": _("As it should be"), bug.name: _("With the bug")})
        ask(
            _("Which bug is it?"),
            {one.name: one.title for one in BUGS},
            bug.name,
            {one.name: one.shows for one in BUGS},
            lambda: changed_lines(bug, asked),
            linked=LINKED,
            round_=round_,
            last=_LAST,
        )

    run(asked, bug.name, shown, 2)


def _hidden(round_: int) -> Bug:
    """The bug of that round."""
    return hidden_in(round_, BUGS)
