"""Running the steps and comparing what they end with, number by number.

A program is executed in this process; a page has ``python -m nnlab.lessons.ladder`` do it in one of its own.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from nnlab.lessons.ladder.steps import STEPS, Settings

_MOST_LOSSES = 200  # of a run that are told; of more, as many at even distances


@dataclass(frozen=True)
class Outcome:
    """What a program ended with.

    first_loss: of the first batch, before training; loss and accuracy: of the test set, after it.
    losses: of the batches in order, at most 200 of them, `every` so many steps.
    accuracy_again: of a second test of the same network; None where a program tests once.
    Numbers that are not finite are None, so that an outcome is plain JSON.
    """

    name: str
    first_loss: float | None
    loss: float | None
    accuracy: float
    losses: tuple[float | None, ...]
    every: int
    accuracy_again: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": "outcome", **asdict(self)}


@dataclass(frozen=True)
class Sameness:
    """How far the weights of a step lie from those of the step before, after the same training.

    single, double: the largest difference between two weights in float32, and in float64; 0 says that all
    are equal, bit for bit, or nan in both; inf that only one of the two is finite somewhere. A difference
    of rounding is about 5e8 times smaller in float64 (2^-24 against 2^-53); one of meaning is not.
    """

    name: str
    single: float
    double: float

    @property
    def by_rounding_alone(self) -> bool:
        """Whether float64 makes the difference at least 2^20 times smaller; also where there is none."""
        return math.isfinite(self.single) and self.double <= self.single / 2**20

    def to_json(self) -> dict[str, Any]:
        return {"kind": "sameness", **asdict(self)}


def run(source: str) -> dict[str, Any]:
    """Execute one of this package's programs; its variables. What it prints is thrown away."""
    names: dict[str, Any] = {"__name__": "__main__"}
    usual = torch.get_default_dtype()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, "<step>", "exec"), names)
    finally:
        torch.set_default_dtype(usual)
    return names


def outcome(name: str, source: str) -> Outcome:
    """What the program `source` ends with."""
    return _outcome(name, run(source))


def outcomes(settings: Settings) -> Iterator[Outcome | Sameness]:
    """Run every step, in float32; then compare each with the one before it, in float64 too."""
    before: tuple[Tensor, Tensor] | None = None
    differences = {}
    for step in STEPS:
        names = run(step.source(settings))
        yield _outcome(step.name, names)
        if step.parameters is not None:
            parameters = step.parameters(names)
            if before is not None:
                differences[step.name] = _difference(before, parameters)
            before = parameters
    double = replace(settings, double=True)
    before = None
    for step in STEPS:
        if step.parameters is not None:
            parameters = step.parameters(run(step.source(double)))
            if before is not None:
                yield Sameness(step.name, differences[step.name], _difference(before, parameters))
            before = parameters


def from_json(value: Mapping[str, Any]) -> Outcome | Sameness:
    """The inverse of both `to_json`."""
    given: dict[str, Any] = {name: given for name, given in value.items() if name != "kind"}
    if value["kind"] == "sameness":
        return Sameness(**given)
    return Outcome(**{**given, "losses": tuple(given["losses"])})


def _outcome(name: str, names: dict[str, Any]) -> Outcome:
    losses = names["losses"]
    every = math.ceil(len(losses) / _MOST_LOSSES)
    return Outcome(
        name,
        _finite(names["first_loss"]),
        _finite(names["loss"]),
        names["accuracy"],
        tuple(map(_finite, losses[::every])),
        every,
        names.get("accuracy_again"),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _difference(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> float:
    """The largest one between two elements; inf where only one of the two is finite, 0 where neither is."""
    largest = 0.0
    for a, b in zip(one, other, strict=True):
        if not torch.equal(a.isfinite(), b.isfinite()):
            return math.inf
        largest = max(largest, float((a - b)[a.isfinite()].abs().amax()) if a.isfinite().any() else 0.0)
    return largest
