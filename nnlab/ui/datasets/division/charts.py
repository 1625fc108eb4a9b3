"""How many of each class are in each part, and how far their shares are off, as bars and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import streamlit as st
from torch import Tensor

from nnlab.data import Dataset
from nnlab.ui.text import _
from nnlab.ui.theme import palette

_CROWDED = 20  # classes, from which on not each has its name beneath the chart

Bars = tuple[str, tuple[float, ...]]


def counts_of_parts(data: Dataset, counts: Sequence[tuple[str, Tensor]]) -> None:
    """The images of each class (K,) for each part, given with its title."""
    bars = tuple((title, tuple(map(float, values.tolist()))) for title, values in counts)
    _chart(_("Images of each class"), data, bars, "counts", ",")


def deviations(data: Dataset, off: Sequence[tuple[str, Tensor]]) -> None:
    """By how many percentage points the share of each class (K,) in the held-out images is off."""
    bars = tuple((title, tuple(map(float, values.tolist()))) for title, values in off)
    _chart(_("How far class shares are off (percentage points)"), data, bars, "off", "+.2f")


def _chart(heading: str, data: Dataset, bars: tuple[Bars, ...], key: str, number: str) -> None:
    st.markdown(f"**{heading}**")
    chart, table = st.tabs([_("Chart"), _("Table")])
    chart.plotly_chart(
        _figure(data.classes, bars, palette(), number),
        config={"displayModeBar": False}, alt=heading, key=f"division-{key}-{data.name}",
    )  # fmt: skip
    whole = number == ","
    columns = {title: [int(v) for v in values] if whole else list(values) for title, values in bars}
    table.dataframe(
        {_("Class"): data.classes, **columns},
        hide_index=True,
        height=min(300, 38 + 35 * len(data.classes)),
        column_config={
            title: st.column_config.NumberColumn(format="%d" if whole else "%+.3f") for title in columns
        },
    )


@lru_cache(32)
def _figure(classes: tuple[str, ...], bars: tuple[Bars, ...], palette: tuple[str, ...], number: str) -> Any:
    """A `plotly.graph_objects.Figure`."""
    import plotly.graph_objects as go

    figure = go.Figure()
    # The parts differ by hatching too, not by colour alone.
    for (title, values), pattern in zip(bars, ("", "/", "x"), strict=False):
        figure.add_bar(
            x=list(range(len(classes))), y=values, name=title, customdata=classes,
            hovertemplate="%{customdata}: %{y:" + number + "}", marker_pattern_shape=pattern,
            marker_pattern_fillmode="replace",
        )  # fmt: skip
    shown = range(0, len(classes), len(classes) // _CROWDED + 1)
    figure.update_layout(
        colorway=palette or None,
        height=250,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        barmode="group",
        bargap=0.25,
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"tickvals": list(shown), "ticktext": [classes[i] for i in shown], "fixedrange": True},
        yaxis={"rangemode": "tozero", "fixedrange": True, "tickformat": "," if number == "," else "+~r"},
    )
    return figure
