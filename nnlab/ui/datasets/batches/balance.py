"""How many of each class a batch has, for each order, as bars and as a table with what to expect."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import streamlit as st
import torch
from torch import Tensor

from nnlab.data import Dataset
from nnlab.data.loaders import SAMPLERS, Loading, expected_count, expected_spread
from nnlab.ui.datasets.batches.choice import TITLES
from nnlab.ui.text import _
from nnlab.ui.theme import palette

_BATCHES = 12  # in the chart
_CLASSES = 16  # with a bar of their own; the rest are one

Counts = tuple[tuple[int, ...], ...]  # for each batch, the samples of each class


def class_balance(data: Dataset, labels: Tensor, orders: Mapping[str, Tensor], loading: Loading) -> None:
    """The chart and the table.

    Args:
        labels: (n,) of the samples that are loaded.
        orders: one epoch (n,) of each sampler.
    """
    size = min(loading.batch_size, len(labels))
    counts = {name: _per_batch(labels[order], size, len(data.classes)) for name, order in orders.items()}
    chart, table = st.tabs([_("Chart"), _("Table")])
    figure = _figure(
        _names(data.classes),
        tuple((_(TITLES[name]), _grouped(found[:_BATCHES])) for name, found in counts.items()),
        palette(),
    )
    chart.plotly_chart(
        figure, config={"displayModeBar": False}, key="batches-balance",
        alt=_("How many of each class the first batches have, for each order"),
    )  # fmt: skip
    table.dataframe(_table(data, labels, counts, dataclasses.replace(loading, batch_size=size)),
                    hide_index=True, height=min(388, 38 + 35 * len(data.classes)))  # fmt: skip
    table.caption(_("Samples of the class in a whole batch: mean ± standard deviation over the batches of an "
                    "epoch, and in brackets what is expected."))  # fmt: skip


def _per_batch(labels: Tensor, size: int, classes: int) -> Tensor:
    """(batches, K) for the whole batches of an epoch."""
    whole = labels[: len(labels) // size * size].view(-1, size)
    return torch.zeros(len(whole), classes, dtype=torch.int64).scatter_add_(1, whole, torch.ones_like(whole))


def _table(
    data: Dataset, labels: Tensor, counts: Mapping[str, Tensor], loading: Loading
) -> dict[str, list[str]]:
    present = torch.bincount(labels, minlength=len(data.classes))
    columns = {
        _("Class"): list(data.classes),
        _("Share of the samples"): [f"{count / len(labels):.1%}" for count in present.tolist()],
    }
    for name in SAMPLERS:
        found, by = counts[name].double(), dataclasses.replace(loading, sampler=name)
        cells = []
        for label in range(len(data.classes)):
            mean, std = float(found[:, label].mean()), float(found[:, label].std(correction=0))
            spread = expected_spread(labels, by, label)
            text = f"{mean:.2f} ± {std:.2f}"
            if spread is not None:
                text += f"  ({expected_count(labels, by, label):.2f} ± {spread:.2f})"
            cells.append(text)
        columns[_(TITLES[name])] = cells
    return columns


def _names(classes: tuple[str, ...]) -> tuple[str, ...]:
    return classes if len(classes) <= _CLASSES else (*classes[: _CLASSES - 1], _("other classes"))


def _grouped(counts: Tensor) -> Counts:
    """(batches, K) with the classes that have no bar of their own summed up."""
    if counts.shape[1] > _CLASSES:
        rest = counts[:, _CLASSES - 1 :].sum(1, keepdim=True)
        counts = torch.cat([counts[:, : _CLASSES - 1], rest], 1)
    return tuple(tuple(row) for row in counts.tolist())


@lru_cache(32)
def _figure(classes: tuple[str, ...], ways: tuple[tuple[str, Counts], ...], palette: tuple[str, ...]) -> Any:
    """A `plotly.graph_objects.Figure`: a field for each way of ordering, a bar for each batch."""
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=1, cols=len(ways), shared_yaxes=True, subplot_titles=[title for title, _counts in ways],
        horizontal_spacing=0.03,
    )  # fmt: skip
    for column, (_title, counts) in enumerate(ways, 1):
        for label, name in enumerate(classes):
            color = palette[label % len(palette)] if palette else None
            figure.add_bar(
                x=list(range(1, len(counts) + 1)), y=[row[label] for row in counts], name=name,
                legendgroup=name, showlegend=column == 1, marker_color=color, marker_line_width=0,
                # More classes than colours: the second round is hatched.
                marker_pattern_shape="/" if label >= len(palette) else "",
                hovertemplate=name + ": %{y}", row=1, col=column,
            )  # fmt: skip
    figure.update_layout(
        height=300, margin={"l": 0, "r": 0, "t": 24, "b": 0}, barmode="stack", bargap=0.15,
        legend={"orientation": "h", "y": -0.12, "yanchor": "top", "x": 0, "traceorder": "normal"},
    )  # fmt: skip
    figure.update_xaxes(fixedrange=True, dtick=1 if len(ways[0][1]) <= 6 else 3)
    figure.update_yaxes(fixedrange=True, rangemode="tozero")
    return figure
