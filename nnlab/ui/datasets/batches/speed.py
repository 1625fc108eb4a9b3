"""Samples a second of the DataLoader with 0, 1 and 2 workers, against our resident tensor; at a button."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import streamlit as st

from nnlab.data import DatasetInfo
from nnlab.data.loaders import Loading
from nnlab.training.loading_speed import Rate
from nnlab.ui.datasets.batches import measuring
from nnlab.ui.datasets.batches.choice import TITLES
from nnlab.ui.datasets.batches.measuring import WAYS, Measurement, Subject
from nnlab.ui.owned import dataset_title
from nnlab.ui.text import _, say
from nnlab.ui.theme import palette

_LOOK_EVERY = 0.5  # seconds


def running() -> Measurement | None:
    """The measurement that goes on, if one does."""
    latest = measuring.latest()
    return latest if latest is not None and latest.program.running else None


def watched(measurement: Measurement) -> None:
    """A measurement as it goes. It stands apart from `speed`, because a fragment inside another one cannot be
    used safely while the page is still being drawn."""
    st.fragment(_watch, run_every=_LOOK_EVERY)(measurement)


def speed(info: DatasetInfo, loading: Loading, is_watched: bool) -> None:
    """The button and what was found; nothing while a measurement is watched."""
    if is_watched != (running() is not None):
        st.rerun()  # the whole page, which has to begin or to end watching
    if is_watched:
        return
    subject, latest = Subject.of(info.name, loading), measuring.latest()
    found = measuring.found(subject)
    problem = latest.program.problem if latest is not None and latest.subject == subject else None
    if problem is not None:
        st.error(say(problem), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Measure on this machine") if found is None else _("Measure again"),
            icon=":material/speed:", key="batches-measure", on_click=_start, args=(subject,),
        )  # fmt: skip
        st.caption(_about(subject), width="content")
    if found is not None:
        _rates(found)


def _start(subject: Subject) -> None:
    measuring.start(subject)


def _about(subject: Subject) -> str:
    return _(
        "{dataset}, batches of {size}, {order}; about ten seconds.",
        dataset=dataset_title(subject.dataset), size=subject.batch_size, order=_(TITLES[subject.sampler]),
    )  # fmt: skip


def _watch(measurement: Measurement) -> None:
    if not measurement.program.running:
        st.rerun()
    done = len(measurement.rates)
    text = _("Measuring: {done} of {ways} ways", done=done, ways=WAYS) + " · " + _about(measurement.subject)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(done / WAYS, text, width="stretch")
        st.button(_("Stop"), icon=":material/stop:", key="batches-stop", on_click=measurement.program.stop)


def _rates(rates: Sequence[Rate]) -> None:
    names = tuple(_way(rate) for rate in rates)
    chart, table = st.columns([4, 5], gap="medium", vertical_alignment="center")
    chart.plotly_chart(
        _figure(names, tuple(rate.rate for rate in rates), palette()),
        config={"displayModeBar": False}, key="batches-speed", alt=_("Samples a second of each way"),
    )  # fmt: skip
    base = rates[0].rate
    table.dataframe(
        {
            _("Way"): names,
            _("Samples a second"): [round(rate.rate) for rate in rates],
            _("Ratio"): [f"{rate.rate / base:.2f} ×" for rate in rates],
            _("First batch after"): [f"{rate.first:.3f} s" for rate in rates],
        },
        hide_index=True,
    )
    st.caption(
        _(
            "The DataLoader opens every image by itself, in Python. Workers do that side by side, but must "
            "hand each batch over from process to process, which small batches do not repay. The resident "
            "tensor holds all images as uint8 and cuts a batch out in one step."
        )
    )


def _way(rate: Rate) -> str:
    if rate.workers is None:
        return _("Resident tensor")
    return f"num_workers={rate.workers}"


@lru_cache(16)
def _figure(names: tuple[str, ...], rates: tuple[float, ...], palette: tuple[str, ...]) -> Any:
    """A `plotly.graph_objects.Figure`."""
    import plotly.graph_objects as go

    colors = [palette[0]] * (len(rates) - 1) + [palette[2]] if palette else None
    figure = go.Figure()
    figure.add_bar(
        y=names, x=rates, orientation="h", text=[f"{rate:,.0f}" for rate in rates], textposition="auto",
        hovertemplate="%{x:,.0f}", marker_color=colors, marker_pattern_shape=[""] * (len(rates) - 1) + ["/"],
    )  # fmt: skip
    figure.update_layout(
        height=200,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        xaxis={"fixedrange": True, "rangemode": "tozero", "tickformat": "~s"},
        yaxis={"fixedrange": True, "autorange": "reversed"},
    )
    return figure
