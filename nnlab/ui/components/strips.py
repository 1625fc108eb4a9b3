"""Rows of values over the same columns, one strip under another: what happens at each step of a sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from nnlab.ui.components.library import limit, pack, part
from nnlab.ui.text import _


@dataclass(frozen=True, eq=False)
class Strip:
    """Some rows of the picture.

    Attributes:
        name: stands before the rows and in the readout.
        values: floats (rows, columns).
        limit: the value at the ends of the scale, which is centred on zero; None: the largest magnitude.
        units: whether its rows are the ones that can be selected.
    """

    name: str
    values: Any
    limit: float | None = None
    units: bool = False


def strips(
    shown: Sequence[Strip],
    labels: Sequence[str],
    *,
    key: str,
    label: str,
    selected: tuple[int, int] | None = None,
    marked: Sequence[int] = (),
    on_select: Callable[[int, int], None] | None = None,
    max_cell: int = 52,
    legend: bool = True,
) -> None:
    """Show strips of the same columns, aligned, in one picture on the diverging scale.

    Where there is room, each cell holds its number; the pointer and the arrow keys read all of them.

    Args:
        labels: one a column.
        label: what the picture is, for those who do not see it.
        selected: column and row that are marked; the row in strips of units alone.
        marked: columns that are marked besides.
        on_select: called with the column and the row that somebody selects.
        max_cell: CSS pixels a column is wide at most.
        legend: whether to draw the scale below; a second picture of the same page can do without.
    """
    arrays = [np.ascontiguousarray(np.asarray(strip.values), dtype="<f4") for strip in shown]
    header = {
        "strips": [
            {"name": strip.name, "rows": len(array), "limit": _limit(strip, array), "units": strip.units}
            for strip, array in zip(shown, arrays, strict=True)
        ],
        "labels": list(labels),
        "label": label,
        "selectable": on_select is not None,
        "selected": None if selected is None else list(selected),
        "marked": list(marked),
        "maxCell": max_cell,
        "legend": legend,
        "texts": {"scale": _("± beside a name: the ends of its scale.")},
    }
    payload = pack(header, *(array.tobytes() for array in arrays))
    if on_select is None:
        part("strips")(key=key, data=payload)
        return

    def noted() -> None:
        told = st.session_state[key].get("selected")
        if told is not None:
            column, row = told
            on_select(int(column), int(row))

    part("strips")(key=key, data=payload, default={"selected": None}, on_selected_change=noted)


def _limit(strip: Strip, array: np.ndarray) -> float:
    return limit(array) if strip.limit is None else strip.limit
