"""The steps: what each changes in the program, and that the numbers stay the same."""

from __future__ import annotations

import math

import streamlit as st

from nnlab.lessons.ladder import STEPS, Outcome, Sameness, Settings, changes
from nnlab.ui.components import Series, curves
from nnlab.ui.learn.parts import question
from nnlab.ui.learn.scratch.controls import LINKED, run, settings
from nnlab.ui.text import _, say

_NAMES = [step.name for step in STEPS]
_COMPARED = [step.name for step in STEPS if step.parameters is not None][1:]


def show() -> None:
    asked = settings()
    name = LINKED.choice("step", _NAMES, _NAMES[0])
    titles = {step.name: f"{place}. {say(step.title)}" for place, step in enumerate(STEPS, 1)}
    run(asked, None, _table, len(STEPS) + len(_COMPARED))
    st.segmented_control(
        _("Step"), _NAMES, **LINKED.held("step", name, {"default": name}), required=True,
        format_func=titles.__getitem__, on_change=LINKED.note, args=("step", _NAMES[0]),
        label_visibility="collapsed",
    )  # fmt: skip
    _program(name, asked)


def _table(outcomes: dict[str, Outcome], same: dict[str, Sameness]) -> None:
    """The steps one below the other, with what they end with."""
    # The proof stands beside the step: a phone shows no more than that without scrolling.
    head = [_("Step"), _("Same weights?"), _("First loss"), _("Loss after"), _("Accuracy")]
    rows = [f"| {' | '.join(head)} |", "| :-- | :-- | --: | --: | --: |"]
    for place, step in enumerate(STEPS, 1):
        one = outcomes.get(step.name)
        told = "…" if step.name in _COMPARED else ""
        if step.name in same:
            told = _verdict(same[step.name], outcomes[step.name])
        numbers = "… | … | …"
        if one is not None:
            numbers = f"{number(one.first_loss)} | {number(one.loss)} | {one.accuracy:.2%}"
        rows.append(f"| {place}. {say(step.title)} | {told} | {numbers} |".replace(". ", ".\u00a0"))
    st.markdown("\n".join(rows))
    ended = [one for one in outcomes.values() if one.name != "cnn"]
    question(
        "scratch-steps",
        _("Which learning rate is too large, so that the loss of step 1 ends above the 2.3 of guessing?"),
        any(one.loss is None or (one.first_loss is not None and one.loss > one.first_loss) for one in ended),
        _(
            "Each update overshoots the valley by more than it came from. The steps may now differ: rounding "
            "errors grow as fast as everything else, and exp overflows in step 1, in step 2 it cannot."
        ),
    )


def _verdict(same: Sameness, ended: Outcome) -> str:
    if same.single == same.double == 0 and ended.loss is None:
        return _("not finite, as before")
    if math.inf in (same.single, same.double):
        return _(":orange[different:] only one of the two stays finite")
    if same.single == same.double == 0:
        return _(":green[bit for bit]")
    if same.by_rounding_alone:
        return _(
            ":blue[rounding:] {single:.0e}, in float64 {double:.0e}",
            single=same.single, double=same.double,
        )  # fmt: skip
    return _(
        ":orange[different:] {single:.0e}, in float64 {double:.0e}",
        single=same.single, double=same.double,
    )  # fmt: skip


def _program(name: str, asked: Settings) -> None:
    place = _NAMES.index(name)
    step = STEPS[place]
    source = step.source(asked)
    st.markdown(say(step.brings))
    if place:
        st.code(changes(STEPS[place - 1].source(asked), source), language="diff")
        with st.expander(_("The whole program"), icon=":material/code:"):
            st.code(source, language="python")
    else:
        st.code(source, language="python")


def loss_curves(shown: dict[str, Outcome], key: str) -> None:
    """The losses of the batches, a line for each outcome; what is not finite is left out."""
    lines = []
    for place, (title, one) in enumerate(shown.items()):
        points = [(i * one.every, y) for i, y in enumerate(one.losses) if y is not None]
        if points:
            x, y = zip(*points, strict=True)
            lines.append(Series(title, x, y, dash=("solid", "dash", "dot")[place % 3], smooth=True))
    curves(
        lines, x_label=_("Step"), y_label=_("Loss of the batch"), key=f"scratch-{key}-curves", height=260,
        smoothing=0.8,
    )  # fmt: skip


def number(value: float | None) -> str:
    """A loss; one that is not finite says so."""
    return _("not finite") if value is None else f"{value:z.4f}"  # z: no -0.0000
