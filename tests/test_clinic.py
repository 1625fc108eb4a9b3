"""The failure clinic: each broken training is named by its detector, and the numbers are plain PyTorch's."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest
import torch
from torch.nn import functional as F

from nnlab.lessons.clinic import CASES, DETECTORS, HEALTHY, Case, Record, diagnosis, from_json, program, train
from nnlab.program import own_environment

ALL = (HEALTHY, *CASES)


@pytest.fixture(scope="module")
def told() -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for case in ALL:
        records: list[Record] = []
        train(case, 1, records.append)
        found[case.name] = records
    return found


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_each_is_named_and_the_healthy_one_is_not(case: Case, told: dict[str, list[Record]]) -> None:
    records = told[case.name]
    assert diagnosis(records) == (None if case is HEALTHY else case.name)
    # No other is named on the way to it.
    named = {diagnosis(records[: count + 1]) for count in range(len(records))} - {None}
    assert named == (set() if case is HEALTHY else {case.name})


def test_every_case_has_a_detector_and_changes_one_place() -> None:
    assert sorted(case.name for case in CASES) == sorted(detector.case for detector in DETECTORS)
    healthy = program(HEALTHY)
    for case in CASES:
        assert healthy.count(case.right) == 1 and program(case) != healthy


def test_the_healthy_one_learns_and_the_others_do_not_as_well(told: dict[str, list[Record]]) -> None:
    healthy = told["healthy"][-1].test_accuracy
    assert healthy > 0.8
    for case in CASES:
        assert told[case.name][-1].test_accuracy < healthy - 0.2


def test_a_watched_training_is_the_plain_one() -> None:
    """The look at it changes no random number and no weight."""
    names: dict[str, object] = {}
    exec(program(HEALTHY, 1), names)
    watched = train(HEALTHY, 1, lambda record: None)
    plain = names["model"].state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(plain[name], tensor) for name, tensor in watched["model"].state_dict().items())
    assert names["accuracy"] == watched["accuracy"]


def test_the_numbers_of_a_record_are_pytorchs(told: dict[str, list[Record]]) -> None:
    short = (
        program(HEALTHY, 1)
        .replace("range(300)", "range(6)")
        .replace("    optimizer.step()\n", "    if step < 5: optimizer.step()\n")
    )
    names: dict[str, object] = {}
    exec(short, names)
    model, batch, x, y = names["model"], names["batch"], names["x"], names["y"]
    record = told["healthy"][1]
    assert record.step == 5
    logits = model(x[batch])  # type: ignore[operator, index]
    assert record.loss == F.cross_entropy(logits, y[batch]).item()  # type: ignore[index]
    gradients = [p.grad for p in model.parameters()]  # type: ignore[attr-defined]
    assert record.held == record.fresh == torch.stack([g.norm() for g in gradients]).norm().item()
    for layer, place in zip(record.layers, (0, 2, 4), strict=True):
        weight = model[place].weight  # type: ignore[index]
        out = model[: place + (2 if place < 4 else 1)](x[batch])  # type: ignore[index]
        assert layer.grad == weight.grad.norm().item() and layer.weight == weight.norm().item()
        assert layer.mean == out.mean().item() and layer.std == out.std().item()
        assert layer.silent == (out == 0).all(0).float().mean().item()
        assert layer.update == pytest.approx(0.1 * layer.grad / layer.weight)
        assert sum(layer.activations) == out.numel() and sum(layer.gradients) == weight.numel()
        assert layer.activation_ends == (out.min().item(), out.max().item())
        assert layer.alike == 0


def test_records_travel_as_json(told: dict[str, list[Record]]) -> None:
    for records in told.values():
        again = [from_json(json.loads(json.dumps(record.to_json()))) for record in records]
        for one, other in zip(again, records, strict=True):
            assert repr(one) == repr(other)  # nan is not equal to itself
    assert any(math.isnan(one.test_loss) or one.test_loss > 10 for one in told["rate"])


def test_the_command_tells_what_the_function_tells(told: dict[str, list[Record]]) -> None:
    command = [sys.executable, "-P", "-m", "nnlab.lessons.clinic", "--case", "zeros", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=own_environment(), timeout=120)
    assert done.returncode == 0, done.stderr
    lines = [from_json(json.loads(line)) for line in done.stdout.splitlines()]
    assert [one.step for one in lines] == [one.step for one in told["zeros"]]
    assert diagnosis(lines) == "zeros"


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_programs_are_well_formatted(case: Case) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "110", "-"],
        input=program(case), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
