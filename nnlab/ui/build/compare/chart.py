"""Where the parameters and the multiply-adds of networks lie: for each network a bar of its layers in a row,
each as wide as its share."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import streamlit as st

from nnlab.nets.architecture import Row
from nnlab.nets.layers import LAYERS
from nnlab.ui.build.compare.facts import Facts
from nnlab.ui.text import _, mark
from nnlab.ui.theme import background, palette

_LETTER = 0.024  # the share that a letter takes on a small screen: names stand where there is room
_FAMILIES = {  # what is told apart: by colour, and by a pattern for eyes that tell few colours
    "convolution": (mark("Convolution"), 0, ""),
    "linear": (mark("Linear"), 1, "/"),
    "normalisation": (mark("Normalisation"), 2, "."),
    "other": (mark("Other"), 7, "x"),
}


class Part(NamedTuple):
    """One layer in the bar of a network: from which share of all to which."""

    bar: int
    layer: str
    family: str
    value: int
    start: float
    width: float


def charts(compared: Sequence[Facts]) -> None:
    """Both charts, side by side where there is room."""
    titles = tuple(facts.candidate.title for facts in compared)
    columns = st.columns(2, gap="medium")
    for column, name, title in (
        (columns[0], "params", _("Where the parameters are")),
        (columns[1], "macs", _("Where the multiply-adds are")),
    ):
        parts = tuple(part for bar, facts in enumerate(compared) for part in _parts(bar, facts.rows, name))
        families = tuple(_(title) for title, _color, _pattern in _FAMILIES.values())
        column.markdown(f"**{title}**")
        column.plotly_chart(
            _figure(titles, parts, families, palette(), background()), key=f"compare-{name}",
            config={"displayModeBar": False}, alt=title,
        )  # fmt: skip
    with st.expander(_("The same as a table"), icon=":material/table:"):
        for facts in compared:
            st.markdown(f"**{html.escape(facts.candidate.title)}**")
            rows = [row for row in facts.rows if row.params or row.macs]
            st.dataframe(
                {
                    _("Layer"): [row.name for row in rows],
                    _("Output"): [" × ".join(map(str, row.out_shape)) for row in rows],
                    _("Parameters"): [row.params for row in rows],
                    _("Share of parameters"): [_share(row.params, facts.params) for row in rows],
                    _("Multiply-adds"): [row.macs for row in rows],
                    _("Share of multiply-adds"): [_share(row.macs, facts.macs) for row in rows],
                },
                hide_index=True,
            )


def _parts(bar: int, rows: Sequence[Row], name: str) -> list[Part]:
    values = [(row, getattr(row, name)) for row in rows]
    total, start = sum(value for _row, value in values), 0.0
    parts = []
    for row, value in values:
        if value:
            family = LAYERS[row.kind].family
            parts.append(
                Part(bar, row.name, family if family in _FAMILIES else "other", value, start, value / total)
            )
            start += value / total
    return parts


def _share(value: int, total: int) -> str:
    return f"{value / total:.1%}" if total else ""


@lru_cache(16)
def _figure(
    titles: tuple[str, ...],
    parts: tuple[Part, ...],
    families: tuple[str, ...],
    colors: tuple[str, ...],
    back: str | None,
) -> Any:
    """A `plotly.graph_objects.Figure`."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for (family, (_title, color, pattern)), title in zip(_FAMILIES.items(), families, strict=True):
        own = [part for part in parts if part.family == family]
        if not own:
            continue
        figure.add_bar(
            y=[part.bar for part in own], x=[part.width for part in own], base=[part.start for part in own],
            orientation="h", name=title, width=0.6,
            text=[part.layer if part.width >= _LETTER * len(part.layer) else "" for part in own],
            textposition="inside", insidetextanchor="middle", textangle=0, constraintext="none",
            customdata=[(part.layer, f"{part.value:,}", f"{part.width:.1%}") for part in own],
            hovertemplate="%{customdata[0]}: %{customdata[1]} (%{customdata[2]})<extra></extra>",
            marker={
                "color": colors[color] if colors else None, "line": {"color": back, "width": 1},
                "pattern": {"shape": pattern, "size": 5, "solidity": 0.12, "fillmode": "overlay"},
            },
        )  # fmt: skip
    names = [html.escape(title if len(title) <= 24 else title[:23] + "…") for title in titles]
    figure.update_layout(
        height=70 + 52 * len(titles), barmode="overlay", margin={"l": 0, "r": 0, "t": 0, "b": 0},
        xaxis={"range": [0, 1], "tickformat": ".0%", "fixedrange": True, "tickvals": [0, 0.25, 0.5, 0.75, 1]},
        yaxis={
            "fixedrange": True, "autorange": "reversed", "tickvals": list(range(len(names))),
            "ticktext": names, "zeroline": False, "showgrid": False,
        },
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    return figure
