"""Planes through the weights of networks: which there are, and what programs of our own find on them."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from nnlab.drawing.shipped import WEIGHTS
from nnlab.errors import RunError
from nnlab.lessons.descent import Racer, Trail
from nnlab.lessons.descent.__main__ import racer_to_json, trail_from_json
from nnlab.lessons.descent.scripts import network_script
from nnlab.lessons.descent.slices import SAMPLES, data_of
from nnlab.paths import data_root
from nnlab.program import Program, Programs
from nnlab.training.weights import load_model
from nnlab.ui.store import run_store

GRID = 25  # points a side of a map, each of which is a batch through the network
SHIPPED = "shipped"
_MODULE = "nnlab.lessons.descent"
_LOADING = "from pathlib import Path\n\nfrom nnlab.training.weights import load_model"
_RUNS, _TRAILS = 8, 256  # as many runs are offered, as many trails kept
_programs = Programs()
_trails: OrderedDict[Hashable, Trail] = OrderedDict()


@dataclass(frozen=True)
class Plane:
    """A plane through the weights in a file, which is of a run or the shipped one; `seed` is of its two
    directions."""

    name: str
    weights: Path
    seed: int


def networks() -> dict[str, tuple[str, Path]]:
    """The shipped network and the runs with weights, the latest first: their titles and files."""
    found = {SHIPPED: ("", WEIGHTS)}
    for run in reversed(run_store().runs()):
        if len(found) > _RUNS:
            break
        try:
            kept = run.snapshots()
            if kept:
                found[run.id] = (f"{run.spec.architecture.name}, {run.spec.dataset}, {run.id}", kept[-1][1])
        except RunError:
            continue  # it was deleted meanwhile, or is damaged
    return found


def map_program(plane: Plane) -> Program:
    """The program that computes the map of a plane; where it was asked for before, the same one."""
    return _start(("map", plane), plane, "--map", str(GRID))


def grid_of(program: Program) -> Tensor | None:
    """The map, once it is whole."""
    rows = [line["row"] for line in program.lines]
    return torch.tensor(rows) if len(rows) == GRID else None


def known_trails(
    plane: Plane, racers: Sequence[Racer], start: tuple[float, ...], steps: int
) -> dict[Racer, Trail]:
    """Those that were computed already."""
    keys = {one: (plane, one, start, steps) for one in racers}
    return {one: _trails[key] for one, key in keys.items() if key in _trails}


def race_program(plane: Plane, racers: Sequence[Racer], start: tuple[float, ...], steps: int) -> Program:
    """The program in which `racers` race; their trails are kept by `keep`."""
    asked = {"racers": [racer_to_json(one) for one in racers], "start": list(start), "steps": steps}
    return _start(("race", plane, tuple(racers), start, steps), plane, "--race", json.dumps(asked))


def keep(
    program: Program, plane: Plane, racers: Sequence[Racer], start: tuple[float, ...], steps: int
) -> bool:
    """Whether the race has ended; its trails are then known."""
    if not program.lines or "trails" not in program.lines[-1]:
        return False
    for one, value in zip(racers, program.lines[-1]["trails"], strict=True):
        _trails[(plane, one, start, steps)] = trail_from_json(value, one)
    while len(_trails) > _TRAILS:
        _trails.popitem(last=False)
    return True


def plane_script(
    plane: Plane, racers: Sequence[Racer], start: tuple[float, ...], steps: Sequence[int]
) -> str:
    """The program of a race on a plane, with this package's own loader of weights."""
    model, imports = "shipped_model()", "from nnlab.drawing import shipped_model"
    if plane.name != SHIPPED:
        model, imports = f"load_model(Path({str(plane.weights)!r}))", _LOADING
    return network_script(model, imports, _dataset(plane.weights), plane.seed, SAMPLES, racers, start, steps)


@lru_cache(16)
def _dataset(weights: Path) -> str:
    """Whose images the batch is of."""
    return data_of(load_model(weights))


def _start(key: Hashable, plane: Plane, *arguments: str) -> Program:
    known = _programs.known(key)
    if known is not None and known.problem is not None and not known.stopped:
        return known  # not begun again at every beat; `stop` gives leave to
    return _programs.start(
        key, ["--weights", str(plane.weights), "--seed", str(plane.seed), *arguments], _MODULE,
        NNLAB_DATA=str(data_root().expanduser().resolve()), OMP_NUM_THREADS="1",
    )  # fmt: skip
