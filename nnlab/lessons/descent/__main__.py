"""``python -m nnlab.lessons.descent``: a network's loss on a plane through its weights, as a map or a race.

Prints lines of JSON: ``{"row": [...]}`` for each row of the map, from the lowest; or ``{"step": n}`` before
each step of a race and ``{"trails": [...]}`` at its end.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch

from nnlab.lessons.descent.race import Trail, race
from nnlab.lessons.descent.racers import RACERS, Racer
from nnlab.lessons.descent.slices import slice_of
from nnlab.training.weights import load_model


def main() -> None:
    """Read the command line, compute, print."""
    parser = argparse.ArgumentParser(description="The loss of a network on a plane through its weights.")
    parser.add_argument("--weights", type=Path, required=True, help="the file of the network")
    parser.add_argument("--seed", type=int, default=0, help="of the two directions")
    parser.add_argument("--map", type=int, metavar="N", help="compute N x N losses")
    parser.add_argument("--race", metavar="JSON", help="racers, start and steps")
    given = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(given.weights)
    surface = slice_of(model, given.seed).surface()
    if given.map:
        low, high = surface.bounds[0]
        axis = torch.linspace(low, high, given.map)
        with torch.no_grad():
            for y in axis:
                _print({"row": surface(torch.stack([axis, y.expand(given.map)], 1)).tolist()})
    if given.race:
        asked = json.loads(given.race)
        racers = [racer_from_json(value) for value in asked["racers"]]
        trails = race(surface, racers, asked["start"], asked["steps"], tell=_tell)
        _print({"trails": [trail_to_json(trail) for trail in trails]})


def racer_to_json(racer: Racer) -> dict[str, Any]:
    """A racer as plain values."""
    return {"name": racer.name, "lr": racer.lr, "options": dict(racer.options)}


def racer_from_json(value: dict[str, Any]) -> Racer:
    """The inverse of `racer_to_json`; raises `LabError` for bad settings, KeyError for another name."""
    return RACERS[value["name"]].with_settings(value["lr"], **value["options"])


def trail_to_json(trail: Trail) -> dict[str, Any]:
    """A trail as plain values; its racer is left out."""
    return {
        "points": trail.points.tolist(), "losses": trail.losses.tolist(),
        "gradients": trail.gradients.tolist(), "rates": trail.rates.tolist(), "diverged": trail.diverged,
    }  # fmt: skip


def trail_from_json(value: dict[str, Any], racer: Racer) -> Trail:
    """The inverse of `trail_to_json`."""
    return Trail(
        racer, torch.tensor(value["points"]), torch.tensor(value["losses"]),
        torch.tensor(value["gradients"]), torch.tensor(value["rates"], dtype=torch.float64),
        value["diverged"],
    )  # fmt: skip


def _tell(step: int) -> None:
    _print({"step": step})


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
