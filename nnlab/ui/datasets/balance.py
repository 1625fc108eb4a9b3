"""How many images each class has, as bars and as a table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import streamlit as st
import torch

from nnlab.data import Dataset
from nnlab.ui.datasets.controls import SPLITS
from nnlab.ui.text import _

_CROWDED = 30  # classes, from which on their names do not fit beneath the bars of a usual screen


def class_balance(data: Dataset) -> None:
    """A bar for each class and split, and the same counts in a table."""
    counts = {
        _(title): tuple(torch.bincount(getattr(data, name).labels, minlength=len(data.classes)).tolist())
        for name, title in SPLITS.items()
    }
    # Streamlit 1.67 does not hand the palette of config.toml to Plotly by itself.
    palette = st.get_option(f"theme.{st.context.theme.type or 'light'}.chartCategoricalColors") or ()
    bars, table = st.tabs([_("Chart"), _("Table")])
    bars.plotly_chart(
        _figure(data.classes, tuple(counts.items()), tuple(palette)),
        config={"displayModeBar": False},
        alt=_("How many images each class has, in both splits"),
        key=f"balance-{data.name}",
    )
    height = min(388, 38 + 35 * len(data.classes))
    table.dataframe({_("Class"): data.classes, **counts}, hide_index=True, height=height)


@lru_cache(32)
def _figure(
    classes: tuple[str, ...], counts: tuple[tuple[str, tuple[int, ...]], ...], palette: tuple[str, ...]
) -> Any:
    """A `plotly.graph_objects.Figure`; it takes 6 ms to build, more than all else on the page."""
    # Here, so that the first visitor of a new server sees the images before Plotly is imported.
    import plotly.graph_objects as go

    figure = go.Figure()
    # The splits differ by hatching too, not by colour alone.
    for (name, values), pattern in zip(counts, ("", "/"), strict=True):
        figure.add_bar(
            x=list(range(len(classes))),
            y=values,
            name=name,
            customdata=classes,
            hovertemplate="%{customdata}: %{y:,}",
            marker_pattern_shape=pattern,
            marker_pattern_fillmode="replace",
        )
    shown = range(0, len(classes), len(classes) // _CROWDED + 1)
    figure.update_layout(
        colorway=palette or None,
        height=260,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        barmode="group",
        bargap=0.25,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"tickvals": list(shown), "ticktext": [classes[i] for i in shown], "fixedrange": True},
        yaxis={"rangemode": "tozero", "fixedrange": True, "tickformat": ","},
    )
    return figure
