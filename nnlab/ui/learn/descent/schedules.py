"""Schedules of the learning rate, drawn, and what each makes of the same descent."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from nnlab.lessons.descent import RACERS, SCHEDULES, SURFACES, Trail, racer
from nnlab.lessons.descent.scripts import descent_script
from nnlab.ui.learn.descent.controls import (
    LINKED,
    choose,
    rate_slider,
    start_of,
    step_count,
    strip,
    surface_of,
)
from nnlab.ui.learn.descent.kept import trails
from nnlab.ui.learn.descent.shown import show_trails
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _, say

_ALL = list(SCHEDULES)
_TITLES = {name: one.title for name, one in SCHEDULES.items()}
_FIRST = ("constant", "step", "cosine", "one_cycle")


@st.fragment
def schedules() -> None:
    """The part of the page."""
    with strip():
        surface = surface_of(SURFACES, "ravine")
        titles = {name: one.title for name, one in RACERS.items()}
        name = choose(_("Optimizer"), "scheduled", titles, "sgd", ("peak",))
        start = start_of(surface)
        steps = step_count("run", 100)
    usual = racer(name, surface)
    one = usual.with_settings(rate_slider(_("Learning rate η"), "peak", usual.lr))
    names = _chosen()
    found = trails(surface, [one] * len(names), start, steps, names)
    show_trails(
        surface, found, [_TITLES[each] for each in names], start, key="descent-picture-schedules",
        notes=[""] * len(names), places=[_ALL.index(each) for each in names], show_rates=True,
    )  # fmt: skip
    st.caption("  \n".join(f"**{_TITLES[each]}** · {say(SCHEDULES[each].about)}" for each in names))
    shown = next((each for each in names if each != "constant"), "constant")
    trail = found[names.index(shown)] if shown in names else None
    if trail is not None:
        code(descent_script(surface, one, start, steps, shown))
    question(
        "descent-saved",
        _("In the ravine SGD diverges above 0.08. Give it more: which schedules still bring it down?"),
        surface.name == "ravine" and name == "sgd" and one.lr > 0.08 and _saved(names, found),
        _("Those that end low: once the rate is below 2 / 25, every step brings it nearer again. Too fast at "
          "first and slow in the end is what a schedule is for."),
    )  # fmt: skip


def _chosen() -> list[str]:
    """Which schedules, by switches."""
    default = ",".join(_FIRST)
    asked = LINKED.text("schedules", default).split(",")
    names = [name for name in _ALL if name in asked] or ["constant"]
    shown = LINKED.held("schedules", names, {"default": names})

    def note() -> None:
        chosen = [name for name in _ALL if name in st.session_state[shown["key"]]]
        LINKED.choose("schedules", ",".join(chosen) or "constant", default)

    st.pills(
        _("Schedules"), _ALL, selection_mode="multi", **shown, format_func=_TITLES.__getitem__,
        on_change=note, label_visibility="collapsed",
    )  # fmt: skip
    return names


def _saved(names: Sequence[str], found: Sequence[Trail]) -> bool:
    return any(
        name != "constant" and trail.diverged is None and float(trail.losses[-1]) < 0.1
        for name, trail in zip(names, found, strict=True)
    )
