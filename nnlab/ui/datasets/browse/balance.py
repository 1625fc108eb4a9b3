"""How many images each class has: in words, as bars and as a table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import streamlit as st
import torch

from nnlab.data import Dataset
from nnlab.ui.datasets.controls import SPLITS
from nnlab.ui.text import _, plain
from nnlab.ui.theme import palette

_CROWDED = 30  # classes, from which on their names do not fit beneath the bars of a usual screen
_UNEVEN = 1.5  # times as many images in the largest class as in the smallest, from which on it is said so


def class_balance(data: Dataset) -> None:
    """A sentence, a bar for each class and split, and the same counts in a table."""
    counts = {
        _(title): tuple(torch.bincount(getattr(data, name).labels, minlength=len(data.classes)).tolist())
        for name, title in SPLITS.items()
    }
    for title, found in counts.items():
        _in_words(title, data.classes, found)
    bars, table = st.tabs([_("Chart"), _("Table")])
    marks = (_("most"), _("fewest"))
    bars.plotly_chart(
        _figure(data.classes, tuple(counts.items()), palette(), marks),
        config={"displayModeBar": False},
        alt=_("How many images each class has, in both splits"),
        key=f"balance-{data.name}",
    )
    height = min(388, 38 + 35 * len(data.classes))
    table.dataframe({_("Class"): data.classes, **counts}, hide_index=True, height=height)


def _in_words(title: str, classes: tuple[str, ...], counts: tuple[int, ...]) -> None:
    """The largest class against the smallest, with a mark where they are far apart."""
    most, fewest = max(counts), min(counts)
    values = {
        "split": title, "largest": plain(classes[counts.index(most)]), "most": most,
        "smallest": plain(classes[counts.index(fewest)]), "fewest": fewest,
    }  # fmt: skip
    if most == fewest:
        st.markdown(
            _(
                ":material/balance: **{split}**: every class has {most:,} images.",
                split=title,
                most=most,
            )
        )
    elif fewest == 0:
        st.markdown(
            _(
                ":material/warning: **{split}**: of class {smallest} there is no image at all; the largest, "
                "{largest}, has {most:,}.",
                **values,
            )
        )
    elif most >= _UNEVEN * fewest:
        st.markdown(
            _(
                ":material/warning: **{split}**: the largest class, {largest}, has {ratio:.2f} times as many "
                "images as the smallest, {smallest} ({most:,} and {fewest:,}). A network may learn to prefer "
                "the large ones.",
                ratio=most / fewest, **values,
            )
        )  # fmt: skip
    else:
        st.markdown(
            _(
                ":material/balance: **{split}**: the largest class, {largest}, has {ratio:.2f} times as many "
                "images as the smallest, {smallest} ({most:,} and {fewest:,}).",
                ratio=most / fewest, **values,
            )
        )  # fmt: skip


@lru_cache(32)
def _figure(
    classes: tuple[str, ...],
    counts: tuple[tuple[str, tuple[int, ...]], ...],
    palette: tuple[str, ...],
    marks: tuple[str, str],
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
            text=_marked(values, marks),
            textposition="outside",
            textangle=0,
            constraintext="none",
            cliponaxis=False,
            hovertemplate="%{customdata}: %{y:,}",
            marker_pattern_shape=pattern,
            marker_pattern_fillmode="replace",
        )
    shown = range(0, len(classes), len(classes) // _CROWDED + 1)
    figure.update_layout(
        colorway=palette or None,
        height=280,
        margin={"l": 0, "r": 0, "t": 24, "b": 0},
        barmode="group",
        bargap=0.25,
        legend={"orientation": "h", "y": 1.06, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"tickvals": list(shown), "ticktext": [classes[i] for i in shown], "fixedrange": True},
        yaxis={"rangemode": "tozero", "fixedrange": True, "tickformat": ","},
    )
    return figure


def _marked(values: tuple[int, ...], marks: tuple[str, str]) -> list[str]:
    """The words over the largest and the smallest bar; none where all are alike."""
    texts = [""] * len(values)
    if max(values) > min(values):
        texts[values.index(max(values))], texts[values.index(min(values))] = marks
    return texts
