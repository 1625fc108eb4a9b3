"""Descents on a loss of two parameters: a map with trails, a table, and charts over the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _

DASHES, MARKERS = ("solid", "dash", "dot"), ("circle", "square", "triangle")


@dataclass(frozen=True)
class Look:
    """How a trail is drawn; `color` is an index into the theme's palette."""

    color: int
    dash: str
    marker: str


def look(place: int) -> Look:
    """That of the trail at `place`; eight in a row differ by colour, and by dash or marker."""
    return Look(place, DASHES[place // 3 % 3], MARKERS[place % 3])


@dataclass(frozen=True, eq=False)
class Path:
    """A trail on the map.

    Attributes:
        points: floats (n + 1, 2).
        losses: (n + 1,).
        lines: what each chart shows of it, (n + 1,) or (n,) each.
        note: said of it in the table; `lost`: said instead from step `diverged` on.
    """

    name: str
    look: Look
    points: Any
    losses: Any
    lines: Sequence[Any]
    note: str = ""
    lost: str = ""
    diverged: int | None = None


@dataclass(frozen=True)
class StepChart:
    """A chart over the steps.

    Attributes:
        log: whether its axis is logarithmic.
        capped: whether a line that shoots far above all starts may leave it.
    """

    y_label: str
    log: bool = False
    capped: bool = False
    height: int = 170


def descent(
    grid: Any,
    levels: Sequence[float],
    bounds: Sequence[tuple[float, float]],
    paths: Sequence[Path],
    *,
    key: str,
    label: str,
    steps: int,
    minima: Sequence[tuple[float, ...]] = (),
    start: Sequence[float] | None = None,
    charts: Sequence[StepChart] = (),
    step: int | None = None,
    play: str = "",
    on_start: Callable[[float, float], None] | None = None,
    on_step: Callable[[int], None] | None = None,
    height: int = 400,
) -> None:
    """Show trails on the map of a loss; they play in the browser from this one message.

    Args:
        grid: (n, n) losses over `bounds`, rows by the second parameter, from low to high.
        levels: ascending losses between two shades of the map.
        label: what the picture is, for those who do not see it.
        steps: of the longest trail.
        minima: marked by crosses.
        start: marked by a ring; `on_start` is called with where somebody moves it.
        step: which step is shown; None: the reader walks through them, at first from the start.
        play: where this changes, the trails play again.
        on_step: called with the step that somebody walks to.
        height: CSS pixels of the map at most.
    """
    values = np.ascontiguousarray(np.asarray(grid), dtype="<f4")
    header = {
        "grid": values.shape[0],
        "levels": [float(level) for level in levels],
        "range": [float(np.nanmin(values)), float(np.nanmax(values))],
        "bounds": [list(pair) for pair in bounds],
        "minima": [list(place) for place in minima],
        "start": None if start is None else list(start),
        "draggable": on_start is not None,
        "steppable": on_step is not None,
        "steps": steps,
        "step": step,
        "play": play,
        "label": label,
        "height": height,
        "charts": [
            {"yLabel": one.y_label, "xLabel": _("step"), "log": one.log, "capped": one.capped,
             "height": one.height}
            for one in charts
        ],
        "trails": [
            {"name": path.name, "note": path.note, "lost": path.lost, "diverged": path.diverged,
             "look": {"color": path.look.color, "dash": path.look.dash, "marker": path.look.marker}}
            for path in paths
        ],
        "texts": player_texts()
        | {
            "place": "x, y", "loss": _("loss"), "note": _("settings"), "start": _("start"),
            "drag": _("Drag the ring to start elsewhere, or use the arrow keys."),
        },
    }  # fmt: skip
    blobs = [values.tobytes()]
    for path in paths:
        numbers = (path.points, path.losses, *path.lines)
        blobs += [np.ascontiguousarray(np.asarray(one), dtype="<f4").tobytes() for one in numbers]
    calls: dict[str, Any] = {}
    default: dict[str, Any] = {}
    if on_start is not None:
        default["start"] = None

        def moved() -> None:
            told = st.session_state[key].get("start")
            if told is not None:
                on_start(float(told[0]), float(told[1]))

        calls["on_start_change"] = moved
    if on_step is not None:
        default["step"] = None

        def walked() -> None:
            told = st.session_state[key].get("step")
            if told is not None:
                on_step(int(told))

        calls["on_step_change"] = walked
    if default:
        calls["default"] = default
    part("descent")(key=key, data=pack(header, *blobs), **calls)


def player_texts() -> dict[str, str]:
    """What stands on the buttons that walk through the steps."""
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "step": _("step"),
        "back": _("One step back"),
        "forth": _("One step on"),
    }
