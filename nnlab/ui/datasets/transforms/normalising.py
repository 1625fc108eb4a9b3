"""A right and a wrong normalisation side by side: numbers, histograms, and what a network makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from nnlab.data import Dataset, Split
from nnlab.training.first_steps import first_losses
from nnlab.transforms import Pipeline
from nnlab.transforms.normalising import RIGHT, WRONG, applied
from nnlab.ui.components import Series, curves
from nnlab.ui.datasets.browse.samples import draw_indices
from nnlab.ui.datasets.facts import facts
from nnlab.ui.text import _, mark
from nnlab.ui.theme import palette

_SAMPLE = 500  # images that are measured
_LEARNT = 200  # of them, on which the smallest network takes its first steps
_BINS = 40
_TITLES = {
    "unscaled": mark("Mean and std of [0, 1], but values up to 255"),
    "imagenet": mark("Mean and std of ImageNet"),
    "swapped": mark("Mean and std exchanged"),
    "twice": mark("Normalised twice"),
}
_KEY = "transforms-wrong"


def normalising_view(data: Dataset, split: Split) -> None:
    """Three histograms with their numbers, and two curves of a loss."""
    st.caption(
        _(
            "The weights of a layer start out for inputs with mean 0 and standard deviation 1. Where the "
            "inputs are shifted or hundreds of times as large, the first outputs are too, and so is every "
            "step."
        )
    )
    wrong = st.selectbox(
        _("What goes wrong"), list(WRONG), format_func=lambda name: _(_TITLES[name]), key=_KEY, width=390
    )
    drawn = draw_indices(split.labels, None, _SAMPLE, seed=0)  # files are often sorted by class
    images, labels = split.images[drawn], split.labels[drawn]
    titles = _("Before"), _("Right"), _("Wrong")
    pipelines = Pipeline.from_text("to_float"), RIGHT(data), WRONG[wrong](data)
    values = [applied(steps, images) for steps in pipelines]
    columns = st.columns(3, gap="medium")
    for column, title, steps, made in zip(columns, titles, pipelines, values, strict=True):
        with column:
            st.markdown(f"**{title}**")
            _histogram(made, title)
            exact = made.double()
            mean, std = float(exact.mean()), float(exact.std(correction=0))
            facts([("mean", f"{mean:.3f}"), ("std", f"{std:.3f}")])
            st.code("\n".join(steps.code()), language="python", wrap_lines=True)
    classes = len(data.classes)
    losses = [first_losses(made[:_LEARNT], labels[:_LEARNT], classes) for made in values[1:]]
    table, chart = st.columns([3, 2], gap="medium")
    with table:
        _table(titles, values, losses)
        st.caption(
            _(
                "The values of {count} images. The losses are those of one linear layer before and after "
                "{steps} steps of SGD with learning rate 0.1; guessing gives ln {classes} = {guess:.3f}.",
                count=len(images), steps=len(losses[0]) - 1, classes=classes, guess=math.log(classes),
            )
        )  # fmt: skip
    with chart:
        steps_taken = list(range(len(losses[0])))
        lines = [
            Series(titles[1], steps_taken, losses[0], smooth=False),
            Series(titles[2], steps_taken, losses[1], dash="dash", smooth=False),
        ]
        curves(
            lines, x_label=_("step"), y_label=_("loss"), log_y=True, height=220,
            key=f"transforms-losses-{data.name}-{len(split)}-{wrong}-{titles[1]}",
        )  # fmt: skip


def _table(titles: Sequence[str], values: Sequence[Tensor], losses: Sequence[Sequence[float]]) -> None:
    exact = [made.double() for made in values]
    measured = {
        "mean": [float(made.mean()) for made in exact],
        "std": [float(made.std(correction=0)) for made in exact],
        "min": [float(made.min()) for made in exact],
        "max": [float(made.max()) for made in exact],
        _("First loss"): [None, *(told[0] for told in losses)],
        _("Last loss"): [None, *(told[-1] for told in losses)],
    }
    config = {name: st.column_config.NumberColumn(format="%.3f") for name in measured}
    st.dataframe({"": titles, **measured}, hide_index=True, column_config=config)


def _histogram(values: Tensor, title: str) -> None:
    counts, edges = np.histogram(values.numpy(), bins=_BINS)
    middle = (edges[:-1] + edges[1:]) / 2
    st.plotly_chart(
        _figure(tuple(middle.tolist()), tuple(counts.tolist()), palette()),
        config={"displayModeBar": False},
        alt=_("How often each value occurs: {title}", title=title),
        key=f"transforms-histogram-{title}",
    )


@lru_cache(64)
def _figure(middle: tuple[float, ...], counts: tuple[int, ...], palette: tuple[str, ...]) -> Any:
    """A `plotly.graph_objects.Figure` with a logarithmic count, for most pixels may have one value."""
    import plotly.graph_objects as go

    figure = go.Figure(go.Bar(x=middle, y=counts, hovertemplate="%{x:.3f}: %{y:,}<extra></extra>"))
    figure.update_layout(
        colorway=palette or None,
        height=170,
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        bargap=0.05,
        xaxis={"fixedrange": True, "zeroline": True},
        yaxis={"type": "log", "fixedrange": True, "dtick": 1, "tickformat": "~s"},
    )
    return figure
