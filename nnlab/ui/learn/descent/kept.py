"""Descents that were computed lately, for all sessions: moving one racer's rate leaves the others alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

from torch import Tensor

from nnlab.lessons.descent import Racer, Recording, Surface, Trail, levels, race, recorded

GRID = 81  # points a side of a map
_MOST = 512
_Key = tuple[str, Racer, tuple[float, ...], int, str]
_kept: OrderedDict[_Key, Trail] = OrderedDict()
_guard = threading.Lock()


def trails(
    surface: Surface, racers: Sequence[Racer], start: tuple[float, ...], steps: int,
    schedules: Sequence[str] = (),
) -> list[Trail]:  # fmt: skip
    """As `nnlab.lessons.descent.race`, of which only what is new is computed."""
    named = schedules or ["constant"] * len(racers)
    keys = [(surface.name, one, start, steps, name) for one, name in zip(racers, named, strict=True)]
    with _guard:
        found = {key: _kept[key] for key in keys if key in _kept}
    missing = [key for key in dict.fromkeys(keys) if key not in found]
    if missing:
        made = race(surface, [key[1] for key in missing], start, steps, [key[4] for key in missing])
        found |= dict(zip(missing, made, strict=True))
    with _guard:
        for key in keys:
            _kept[key] = found[key]
            _kept.move_to_end(key)
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return [found[key] for key in keys]


@lru_cache(64)
def recording(surface: Surface, racer: Racer, start: tuple[float, ...], steps: int) -> Recording:
    """As `nnlab.lessons.descent.recorded`."""
    return recorded(surface, racer, start, steps)


@lru_cache(32)
def relief(surface: Surface) -> tuple[Tensor, tuple[float, ...]]:
    """The losses of a map, (`GRID`, `GRID`), and its levels."""
    grid = surface.grid(GRID)
    return grid, tuple(levels(grid, surface.steepness).tolist())


@lru_cache(32)
def profile(surface: Surface) -> tuple[Tensor, Tensor]:
    """401 places of a loss of one parameter, and the losses there."""
    import torch

    (bounds,) = surface.bounds
    return torch.linspace(*bounds, 401), surface.grid(401)
