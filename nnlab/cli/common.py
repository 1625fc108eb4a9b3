"""What several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlab.errors import LabError

if TYPE_CHECKING:
    from nnlab.nets.architecture import Architecture
    from nnlab.training.weights import TrainedModel

    # What ``parser.add_subparsers()`` returns; argparse has no public name for it.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

INTERRUPTED = 130  # the shell's convention: 128 + SIGINT


def add_runs(parser: argparse.ArgumentParser) -> None:
    """The option that every command about runs takes."""
    parser.add_argument(
        "--runs", metavar="DIR", help="the folder of runs (default: NNLAB_RUNS, or the cache)"
    )


def accuracy_text(values: Mapping[str, Any]) -> str:
    """What an event or a result tells of it, with the part it was measured on; "" for nothing."""
    from nnlab.training.events import last_accuracy

    found = last_accuracy(values)
    return "" if found is None else f"{found[0]} accuracy {found[1]:.2%}"


def network(name: str) -> Architecture:
    """The preset of that name, or the architecture in that JSON file."""
    from nnlab.nets.architecture import Architecture
    from nnlab.nets.presets import preset

    if not name.endswith(".json"):
        return preset(name)
    try:
        return Architecture.from_text(Path(name).read_bytes())
    except OSError as error:
        raise LabError("{file} cannot be read ({reason}).", file=name, reason=error.strerror) from None
    except LabError as problem:
        raise LabError("{file}: {problem}", file=name, problem=problem) from None


def start_of(name: str, runs: str | None, step: int | None = None) -> TrainedModel:
    """The network with the weights of the run `name` after `step` steps, by default the last, or with those
    in a file (.safetensors)."""
    from nnlab.runs import RunStore
    from nnlab.training.weights import SUFFIX
    from nnlab.training.weights_file import fitted_model, read_weights

    if name.endswith(SUFFIX):
        return fitted_model(read_weights(Path(name)))
    return RunStore(runs).open(name).load_model(step)
