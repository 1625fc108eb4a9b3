"""Descents on the map, drawn alike in every part."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nnlab.lessons.descent import Surface, Trail
from nnlab.ui.components.descent import Path, StepChart, descent, look
from nnlab.ui.learn.descent import kept
from nnlab.ui.learn.descent.controls import move_start
from nnlab.ui.text import _, say

Relief = tuple[Tensor, tuple[float, ...]]


def show_trails(
    surface: Surface,
    trails: Sequence[Trail],
    names: Sequence[str],
    start: tuple[float, ...],
    *,
    key: str,
    notes: Sequence[str],
    places: Sequence[int] | None = None,
    show_rates: bool = False,
    step: int | None = None,
    on_step: Callable[[int], None] | None = None,
    relief: Relief | None = None,
    played: str = "",
    height: int = 400,
) -> None:
    """The map with `trails`, and their losses over the steps.

    Args:
        names, notes: of each trail, for the table.
        places: which look each has; by default one after the other.
        show_rates: whether a chart of the learning rates stands above that of the losses.
        step, on_step, height: as for `nnlab.ui.components.descent.descent`.
        relief: the losses of the map and its levels; None: the surface's own, computed here.
        played: where this changes, the trails play again, as they do from another start.
    """
    grid, levels = kept.relief(surface) if relief is None else relief
    log = surface.lowest >= 0
    charts = [StepChart(_("loss"), log=log, capped=True)]
    if show_rates:
        charts.insert(0, StepChart(_("learning rate"), height=150))
    paths = []
    for at, (trail, name, note) in enumerate(zip(trails, names, notes, strict=True)):
        lines = [trail.rates.to(torch.float32), trail.losses] if show_rates else [trail.losses]
        lost = "" if trail.diverged is None else _("diverged at step {step}", step=trail.diverged)
        place = at if places is None else places[at]
        paths.append(Path(name, look(place), trail.points, trail.losses, lines, note, lost, trail.diverged))
    steps = max((trail.steps for trail in trails), default=0)
    descent(
        grid, levels, surface.bounds, paths, key=key, steps=steps, minima=surface.minima, start=start,
        charts=charts, step=step, play=f"{surface.name} {start} {played}", on_step=on_step, height=height,
        on_start=lambda x, y: move_start(surface, x, y),
        label=_("Map of {surface} with the trails of {names}", surface=say(surface.title),
                names=", ".join(names)),
    )  # fmt: skip
