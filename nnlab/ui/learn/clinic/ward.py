"""A broken training, the one line that breaks it, and the detectors at work."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from nnlab.lessons.clinic import CASES, DETECTORS, HEALTHY, Case, Record, diagnosis, program
from nnlab.lessons.ladder import excerpt
from nnlab.ui.learn.clinic.pictures import pictures
from nnlab.ui.learn.clinic.running import ALL, LINKED, run
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _, say

_LAST_SEED = 99


def show() -> None:
    name = LINKED.choice("case", list(ALL), CASES[0].name)
    seed = LINKED.number("seed", 0, low=0, high=_LAST_SEED)
    titles = {case.name: say(case.title) for case in ALL.values()}
    st.pills(
        _("Training"), list(ALL), **LINKED.held("case", name, {"default": name}),
        format_func=titles.__getitem__, on_change=LINKED.note, args=("case", CASES[0].name), required=True,
    )  # fmt: skip
    st.number_input(
        _("Seed"), 0, _LAST_SEED, **LINKED.held("seed", seed), width=130,
        on_change=LINKED.note, args=("seed", 0),
    )  # fmt: skip
    case = ALL[name]
    run(case, seed, lambda records: _case(case, records))
    if case is HEALTHY:
        code(program(case, seed))
    else:
        st.code(broken_lines(case, seed), language="diff")
        code(program(case, seed))


def _case(case: Case, records: Sequence[Record]) -> None:
    named = diagnosis(records) if records else None
    if named is None:
        told = _("No detector rings.") if records else _("Nothing to see yet.")
        st.info(f"{told} {say(case.explains) if case is HEALTHY else ''}", icon=":material/monitor_heart:")
    else:
        st.error(f"**{say(ALL[named].title)}.** {say(ALL[named].explains)}", icon=":material/e911_emergency:")
    _detectors(records)
    pictures(records, case.name)
    late = bool(records) and named == "labels"
    question(
        "clinic-ward",
        _("One of these is found ill only after half of its steps, since all its layers look well. Which?"),
        late,
        _("Shuffled labels: nothing in the network is wrong. Only the test set tells."),
    )  # fmt: skip


def _detectors(records: Sequence[Record]) -> None:
    """The detectors with what they measure, in the order in which one asks."""
    head = ["", _("Detector"), _("Measured"), _("Rings")]
    rows = [f"| {' | '.join(head)} |", "| :-- | :-- | --: | --: |"]
    for detector in DETECTORS:
        rings = bool(records) and detector.rings(records)
        icon = (
            ":red[:material/notifications_active:]"
            if rings
            else ":green[:material/check:]"
            if records
            else ""
        )
        value = f"{detector.measure(records):.3g}" if records else "…"
        bound = f"{'<' if detector.below else '>'} {detector.bound:g}"
        rows.append(f"| {icon} | {say(detector.title)} | {value} | {bound} |")
    st.markdown("\n".join(rows))


def broken_lines(case: Case, seed: int) -> str:
    """What differs from the healthy program."""
    return excerpt(program(HEALTHY, seed), program(case, seed))
