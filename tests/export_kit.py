"""What the tests of exported programs need: runs of every kind, and a process that knows nothing of nnlab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs_kit import DATASET

from nnlab.data.division import Division
from nnlab.nets.architecture import Architecture, LayerSpec, chain, sequence
from nnlab.nets.initial import INITIALS
from nnlab.nets.presets import preset
from nnlab.training.augment import Augmentation
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.transforms import Pipeline

_CONV = ("conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1})
RESIDUAL = sequence(
    "small resnet",
    _CONV, "batch_norm2d", "relu",
    LayerSpec("residual", branches=(chain(_CONV, "batch_norm2d", "relu", _CONV), ())),
    "relu", ("max_pool2d", {"kernel_size": 4}), "flatten", "linear",
)  # fmt: skip
# Its convolutions stand inside branches only.
INCEPTION = sequence(
    "inception",
    ("max_pool2d", {"kernel_size": 2}),
    LayerSpec("concat", branches=(chain(_CONV), chain(_CONV, "relu", _CONV))),
    "relu", ("max_pool2d", {"kernel_size": 7}), "flatten", "linear",
)  # fmt: skip
DROPOUT = sequence(
    "drops", _CONV, "dropout2d", ("max_pool2d", {"kernel_size": 4}), "flatten",
    ("linear", {"out_features": 20}), "relu", ("dropout", {"p": 0.3}), "linear",
)  # fmt: skip
_EVERY_MOVE = Augmentation(shift=0.1, rotate=10.0, scale=0.15, shear=5.0, elastic=0.05)
_CROP = "random_crop:size=28,padding=2;rotation:degrees=10"
_FLOATS = "to_image;to_float;gaussian_noise:sigma=0.2;erasing:p=0.7;affine"


@dataclass(frozen=True)
class Case:
    """A training of a few steps."""

    model: str | Architecture = "logistic"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    division: Division = field(default_factory=Division)
    threads: int = 1

    def spec(self, dataset: str = DATASET) -> RunSpec:
        usual = {"batch_size": 100, "epochs": 0.2, "seed": 5, "lr": 0.01}
        network = preset(self.model) if isinstance(self.model, str) else self.model
        return RunSpec(dataset, network, Recipe(**{**usual, **self.recipe}), self.division).validate()


def _case(model: str | Architecture = "logistic", *, threads: int = 1, **recipe: Any) -> Case:
    return Case(model, recipe, threads=threads)


CASES = {
    # Optimizers, presets, losses, schedules and batch sizes, in turn.
    "adam": _case("convnet", optimizer="adam", schedule="one_cycle", batch_size=128),
    "adam-epochs": _case("logistic", optimizer="adam", epochs=2, batch_size=500,
                         options={"betas": (0.8, 0.95)}),
    "adamw": _case("mlp", optimizer="adamw", schedule="cosine", loss="nll", epochs=1, batch_size=700,
                   options={"weight_decay": 0.1}),
    "sgd": _case("lenet", optimizer="sgd", schedule="step", loss="mse", epochs=2, batch_size=800,
                 options={"momentum": 0.8, "nesterov": True}),
    "rmsprop": _case("net", optimizer="rmsprop", schedule="constant", batch_size=4, epochs=0.02),
    "adagrad": _case("logistic", optimizer="adagrad", batch_size=1, epochs=0.01),
    "adadelta": _case("net", optimizer="adadelta", lr=1.0, schedule="cosine", epochs=1.5, batch_size=600),
    "cosine": _case("logistic", schedule="cosine", epochs=1, batch_size=250),
    "step": _case("logistic", optimizer="sgd", schedule="step", epochs=1.3, batch_size=400),
    "one-step": _case("logistic", batch_size=3000, epochs=1),
    "threads": _case("mlp", threads=2),
    "bfloat16": _case("convnet", precision="bfloat16"),
    "bfloat16-mse": _case("mlp", precision="bfloat16", loss="mse", schedule="constant"),
    # Networks that fork, normalise and draw.
    "residual": _case(RESIDUAL, optimizer="sgd", epochs=1, batch_size=500),
    "inception": _case(INCEPTION),
    "inception-small": _case(INCEPTION, batch_size=5, epochs=0.01),
    "dropout": _case(DROPOUT),
    "dropout-transforms": _case(DROPOUT, transforms=Pipeline.from_text(_CROP), batch_size=30, epochs=0.1),
    "everything": Case(
        DROPOUT,
        {"transforms": Pipeline.from_text(_CROP), "augmentation": _EVERY_MOVE, "precision": "bfloat16",
         "init": "orthogonal", "loss": "nll", "batch_size": 8, "epochs": 0.02},
        Division(validation=0.1, test=0.2, seed=4),
    ),
    # Divisions.
    "validation": Case(division=Division(validation=0.1, seed=1)),
    "plain-validation": Case(division=Division(validation=0.15, stratified=False)),
    "test": Case("net", division=Division(test=0.3, seed=2)),
    "both": Case(division=Division(validation=0.123, test=0.077, seed=3), recipe={"epochs": 1}),
    "plain-both": Case(division=Division(validation=0.1, test=0.1, stratified=False)),
    # What moves the images.
    "moves": _case("net", augmentation=_EVERY_MOVE),
    **{
        name: _case("logistic", augmentation=Augmentation(**{name: value}), seed=9)
        for name, value in _EVERY_MOVE.to_json().items()
    },
    "scale-shear": _case("logistic", augmentation=Augmentation(scale=0.3, shear=20.0, shift=0.2)),
    "turn-zoom": _case("logistic", augmentation=Augmentation(rotate=90.0, scale=0.3)),
    "transforms": _case("net", transforms=Pipeline.from_text(_CROP), epochs=0.1, batch_size=20),
    "transforms-floats": _case("logistic", transforms=Pipeline.from_text(_FLOATS)),
    "transforms-moves": _case("net", transforms=Pipeline.from_text(_CROP), augmentation=_EVERY_MOVE),
    # How the weights begin.
    **{f"init-{name}": _case("lenet", init=name, batch_size=500) for name in INITIALS},
}  # fmt: skip


# Runs programs one after the other, so that torch is imported once; the last line tells how each ended.
_DRIVER = """
import importlib.util, io, json, runpy, sys, contextlib, traceback
assert importlib.util.find_spec("nnlab") is None
ends = {}
for path in sys.argv[1:]:
    sys.argv = [path]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(path, run_name="__main__")
        ends[path] = ""
    except BaseException:
        ends[path] = traceback.format_exc()
print(json.dumps(ends))
"""


def alone(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in `folder`, where nothing of the lab is to be found."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NNLAB"))
    }
    environment["OMP_NUM_THREADS"] = "1"  # what torch does by itself; programs say how many they want
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )


def run_all(programs: list[Path], folder: Path) -> dict[str, str]:
    """What went wrong with each program, by its file's stem; "" where nothing did."""
    found = alone(["-c", _DRIVER, *map(str, programs)], folder)
    assert found.returncode == 0, found.stderr
    ends = json.loads(found.stdout.splitlines()[-1])
    return {Path(path).stem: end for path, end in ends.items()}
