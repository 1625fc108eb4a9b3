"""The part compare: networks side by side on one data set."""

from __future__ import annotations

import streamlit as st

from nnlab.devices import detect_device
from nnlab.errors import LabError
from nnlab.ui.build.compare.chart import charts
from nnlab.ui.build.compare.choice import batch_choice, networks_choice
from nnlab.ui.build.compare.facts import Facts, facts_of, free_now
from nnlab.ui.build.compare.measured import measure
from nnlab.ui.build.compare.numbers import numbers, size, ways_out
from nnlab.ui.build.data import Target, data_choice
from nnlab.ui.text import _


def draw() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare-strip"):
        target = data_choice()
        batch = batch_choice()
    chosen = networks_choice(target)
    if not chosen:
        st.info(_("Choose the networks to compare: presets, the one that you have built, those of runs."))
        return
    free = free_now()
    looked: list[Facts | LabError] = []
    for candidate in chosen:
        try:
            looked.append(facts_of(candidate, target, batch, free))
        except LabError as problem:
            looked.append(problem)
    numbers(chosen, looked, batch)
    ways_out(chosen, looked, target)
    st.caption(_about(target, batch, free))
    compared = [found for found in looked if isinstance(found, Facts)]
    if compared:
        measure(compared, free)
        charts(compared)


def _about(target: Target, batch: int, free: int) -> str:
    return _(
        "For one image of {shape}; memory and time for batches of {batch} with Adam. Estimates of memory are "
        "of the whole process that trains; {free} are free on this machine's {device}.",
        shape="×".join(map(str, target.in_shape)), batch=f"{batch:,}", free=size(free),
        device=detect_device().type,
    )  # fmt: skip
