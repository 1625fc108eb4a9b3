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


def speed(info: DatasetInfo, loading: Loading) -> None:
    """The button, the measurement as it goes, and what it found."""
    latest = measuring.latest()
    going = latest is not None and latest.running
    st.fragment(_speed, run_every=_LOOK_EVERY if going else None)(Subject.of(info.name, loading), going)


def _speed(subject: Subject, going: bool) -> None:
    latest = measuring.latest()
    if latest is not None and latest.running:
        if not going:
            st.rerun()  # the whole page: from now on this part looks again and again
        _watch(latest, subject)
        return
    if going:
        st.rerun()
    found = measuring.found(subject)
    if latest is not None and latest.problem is not None and latest.subject == subject:
        st.error(say(latest.problem), icon=":material/error:")
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


def _watch(measurement: Measurement, subject: Subject) -> None:
    done = len(measurement.rates)
    text = _("Measuring: {done} of {ways} ways", done=done, ways=WAYS)
    if measurement.subject != subject:
        text += " · " + _about(measurement.subject)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(done / WAYS, text, width="stretch")
        st.button(_("Stop"), icon=":material/stop:", key="batches-stop", on_click=measurement.stop)


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
