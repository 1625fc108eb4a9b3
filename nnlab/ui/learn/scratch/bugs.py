"""A bug that everybody makes once: its line in the program, and what it does to the numbers."""

from __future__ import annotations

import streamlit as st

from nnlab.lessons.ladder import BUGS, Bug, Outcome, Settings, broken, excerpt
from nnlab.lessons.ladder.steps import step_named
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.scratch.controls import LINKED, run, settings
from nnlab.ui.learn.scratch.steps import loss_curves, number
from nnlab.ui.text import _, say

_NAMES = [bug.name for bug in BUGS]
_SEEN = "scratch:seen"
_FAR = 0.3  # of a first loss from the right one; the wrong dim shifts it by ln(batch size / 10)


def show() -> None:
    asked = settings()
    name = LINKED.choice("bug", _NAMES, _NAMES[0])
    titles = {bug.name: say(bug.title) for bug in BUGS}
    st.selectbox(
        _("The bug"), _NAMES, key=LINKED.bound("bug", name), format_func=titles.__getitem__,
        on_change=LINKED.note, args=("bug", _NAMES[0]), width=520,
    )  # fmt: skip
    bug = BUGS[_NAMES.index(name)]
    run(asked, name, lambda outcomes, _same: _beside(bug, outcomes, asked), 2)


def _beside(bug: Bug, outcomes: dict[str, Outcome], asked: Settings) -> None:
    st.markdown(say(bug.shows))
    usual = Settings(asked.dataset, seed=asked.seed)
    if asked != usual:
        st.caption(
            _("So it shows with a learning rate of {rate:g} and {size} images a batch; others may hide it.",
              rate=usual.learning_rate, size=usual.batch_size)
        )  # fmt: skip
    numbers(outcomes, bug.name, {"right": _("As it should be"), bug.name: _("With the bug")})
    st.code(changed_lines(bug, asked), language="diff")
    code(broken(bug, asked))
    seen: set[str] = st.session_state.setdefault(_SEEN, set())
    right, wrong = (outcomes.get(one) for one in ("right", bug.name))
    if right and wrong and abs((wrong.first_loss or 0) - (right.first_loss or 0)) > _FAR:
        seen.add(bug.name)
    question(
        "scratch-bugs",
        _("Three of these bugs show before the first step: the first loss is not near ln 10 = 2.30. Which?"),
        len(seen) == 3,
        _("The sign, the missing sum and the wrong dim. The first loss tells before any training."),
    )  # fmt: skip


def numbers(outcomes: dict[str, Outcome], key: str, titles: dict[str, str]) -> None:
    """What two programs end with, side by side, and their losses."""
    twice = any(one.accuracy_again is not None for one in outcomes.values())
    head = [_("First loss"), _("Loss after"), _("Accuracy"), *([_("Tested again")] if twice else [])]
    rows = [f"| | {' | '.join(head)} |", "| :-- |" + " --: |" * len(head)]
    for name, title in titles.items():
        one = outcomes.get(name)
        cells = ["…"] * len(head)
        if one is not None:
            cells = [number(one.first_loss), number(one.loss), f"{one.accuracy:.2%}"]
            cells += [f"{one.accuracy_again:.2%}"] if one.accuracy_again is not None else []
        rows.append(f"| {title} | {' | '.join(cells)} |")
    left, right = st.columns(2)
    left.markdown("\n".join(rows))
    with right:
        loss_curves({title: outcomes[name] for name, title in titles.items() if name in outcomes}, key)


def changed_lines(bug: Bug, asked: Settings) -> str:
    """What the bug changes in the program of its step."""
    return excerpt(step_named(bug.step).source(asked), broken(bug, asked))
