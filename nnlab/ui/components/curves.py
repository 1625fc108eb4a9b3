"""Lines that grow while one watches: only new points travel, and the reader's zoom stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


@dataclass(frozen=True, eq=False)
class Series:
    """One line: points (x, y) with x ascending, to which later calls only append.

    `name` is unique in a chart and stands in its legend. `dash` and `marker` tell lines apart without colour;
    `color` is an index into the theme's palette (None: the position in the chart). A `faint` line steps back.
    `smooth=False` exempts a line of few points from the smoothing that the reader sets.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dash: Literal["solid", "dash", "dot"] = "solid"
    marker: Literal["none", "circle", "square", "triangle"] = "none"
    color: int | None = None
    faint: bool = False
    smooth: bool = True


def curves(
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    key: str,
    height: int = 320,
    log_y: bool = False,
    smoothing: float = 0.0,
    x_names: Sequence[str] | None = None,
) -> None:
    """A live line chart. Call it at each update with the whole history of every series.

    What was sent before is remembered for the session and not sent again. The browser knows how many points
    it should have, so where an update was lost or the page was reloaded it asks for everything once.

    Args:
        height: CSS pixels of the plot.
        log_y, smoothing: how the reader's switches stand at first; smoothing is the weight of the past
            (0 to 0.99) in an exponential moving average, with the raw line kept behind it.
        x_names: what is called so at x = 0, 1, 2, ...; the numbers themselves by default. There is nothing to
            smooth then.
    """
    names = [line.name for line in series]
    if len(set(names)) < len(names):
        raise ValueError(f"two series of one chart have the same name: {names}")
    mount = part("curves")
    sent: dict[str, _Sent] = st.session_state.setdefault(f"{key}:sent", {})
    lines, blobs = [], []
    for position, line in enumerate(series):
        before = sent.get(line.name)
        start = before.count if before is not None and before.continues(line) else 0
        x, y = _numbers(line.x[start:]), _numbers(line.y[start:])
        sent[line.name] = _Sent.of(line)
        lines.append(
            {
                "name": line.name, "from": start, "count": len(x), "x": x.dtype.str, "y": y.dtype.str,
                "dash": line.dash, "marker": line.marker, "faint": line.faint, "smooth": line.smooth,
                "color": position if line.color is None else line.color,
            }
        )  # fmt: skip
        blobs += [x.tobytes(), y.tobytes()]
    for gone in set(sent) - set(names):
        del sent[gone]
    header: dict[str, Any] = {
        "series": lines, "xLabel": x_label, "yLabel": y_label, "height": height, "logY": log_y,
        "smoothing": smoothing, "xNames": None if x_names is None else list(x_names), "texts": _texts(),
    }  # fmt: skip
    mount(key=key, data=pack(header, *blobs), on_resend_change=sent.clear)


@dataclass(frozen=True)
class _Sent:
    """What the browser has of a series: how many points, and the first and the last of them."""

    count: int
    ends: tuple[float, ...]

    @classmethod
    def of(cls, line: Series) -> _Sent:
        count = min(len(line.x), len(line.y))
        if not count:
            return cls(0, ())
        return cls(count, _ends(line, count))

    def continues(self, line: Series) -> bool:
        """Whether `line` begins with what was sent."""
        if not self.count or min(len(line.x), len(line.y)) < self.count:
            return False
        return np.array_equal(_ends(line, self.count), self.ends, equal_nan=True)


def _ends(line: Series, count: int) -> tuple[float, ...]:
    """x and y of the first and of the last of `count` points."""
    return tuple(float(axis[i]) for i in (0, count - 1) for axis in (line.x, line.y))


def _numbers(values: Sequence[float]) -> np.ndarray:
    """float64, or float32 where that loses nothing: losses are float32 in torch already."""
    exact = np.asarray(values, dtype="<f8")
    short = exact.astype("<f4")
    return short if np.array_equal(short.astype("<f8"), exact, equal_nan=True) else exact


def _texts() -> dict[str, str]:
    return {
        "in": _("Zoom in"),
        "out": _("Zoom out"),
        "all": _("Show all"),
        "log": _("Log scale"),
        "smooth": _("Smoothing"),
        "empty": _("Nothing to show yet"),
    }
