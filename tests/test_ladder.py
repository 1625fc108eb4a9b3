"""From scratch to torch.nn: the programs run, give the same numbers, and each bug shows as it is said to."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import nnlab
from nnlab.data.dataset import Dataset, Split
from nnlab.errors import LabError
from nnlab.lessons.ladder import (
    BUGS,
    STEPS,
    Bug,
    Outcome,
    Sameness,
    Settings,
    Step,
    broken,
    changes,
    excerpt,
    outcomes,
    run,
)
from nnlab.lessons.ladder.running import _difference, from_json, outcome
from nnlab.lessons.ladder.steps import step_named

ROOT = Path(__file__).parents[1]
COUNT = 3000
USUAL = Settings()


@pytest.fixture(scope="module")
def small() -> Iterator[Dataset]:
    """A part of strokes, in the place of the whole."""
    data = nnlab.load_dataset("strokes")
    part = replace(data, train=Split(data.train.images[:COUNT], data.train.labels[:COUNT]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nnlab, "load_dataset", lambda name: part)
        yield part


@pytest.fixture(scope="module")
def found(small: Dataset) -> dict[str, Outcome | Sameness]:
    return {f"{type(one).__name__} {one.name}": one for one in outcomes(USUAL)}


def by_hand(data: Dataset, dtype: torch.dtype) -> tuple[Tensor, Tensor, float]:
    """Weights and bias after one epoch, and the first loss, from the formula of the gradient."""
    torch.set_default_dtype(dtype)
    try:
        torch.manual_seed(0)
        x, y = data.train.images.flatten(1) / 255, data.train.labels
        weights, bias = torch.randn(784, 10) / math.sqrt(784), torch.zeros(10)
        first = float(F.cross_entropy(x[:64] @ weights + bias, y[:64]))
        for begin in range(0, len(x), 64):
            xb, yb = x[begin : begin + 64], y[begin : begin + 64]
            delta = ((xb @ weights + bias).softmax(1) - F.one_hot(yb, 10)) / len(xb)
            weights -= 0.5 * xb.T @ delta
            bias -= 0.5 * delta.sum(0)
    finally:
        torch.set_default_dtype(torch.float32)
    return weights, bias, first


@pytest.mark.parametrize("step", [step for step in STEPS if step.parameters], ids=lambda step: step.name)
def test_every_step_is_logistic_regression(step: Step, small: Dataset) -> None:
    weights, bias, first = by_hand(small, torch.float64)
    names = run(step.source(replace(USUAL, double=True)))
    torch.testing.assert_close(step.parameters(names), (weights, bias), rtol=0, atol=1e-12)
    assert names["first_loss"] == pytest.approx(first, abs=1e-12)
    assert names["accuracy"] == (
        (small.test.images.flatten(1).double() / 255 @ weights + bias).argmax(1) == small.test.labels
    ).float().mean().item()  # fmt: skip


def test_what_is_said_to_be_equal_is_equal(found: dict[str, Outcome | Sameness]) -> None:
    same = [one for one in found.values() if isinstance(one, Sameness)]
    assert [one.name for one in same] == [step.name for step in STEPS[1:-1]]
    for one in same:
        assert one.by_rounding_alone
        if one.name in ("module", "optim", "dataset", "loader"):
            assert one.single == one.double == 0
        else:
            assert 0 < one.single < 1e-5
    assert not Sameness("x", 1e-3, 1e-3).by_rounding_alone
    assert not Sameness("x", math.inf, 1e-3).by_rounding_alone


def test_nan_on_one_side_is_no_sameness() -> None:
    bias = torch.zeros(1)
    one, other = torch.tensor([[1.0, math.nan]]), torch.tensor([[1.0, 2.0]])
    assert _difference((one, bias), (other, bias)) == math.inf
    assert _difference((one, bias), (one, bias)) == 0
    assert _difference((one * math.nan, bias), (one * math.nan, bias)) == 0
    assert _difference((other, bias), (other + 1, bias)) == 1


def test_the_first_loss_is_that_of_guessing(found: dict[str, Outcome | Sameness]) -> None:
    for step in STEPS:
        one = found[f"Outcome {step.name}"]
        assert isinstance(one, Outcome) and one.first_loss is not None and 2.2 < one.first_loss < 2.4
        assert one.loss is not None and one.loss < one.first_loss
        assert one.accuracy_again == (one.accuracy if step.name == "cnn" else None)
        assert from_json(one.to_json()) == one and len(one.losses) <= 200


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_one_change_of_its_step(bug: Bug) -> None:
    right = step_named(bug.step).source(USUAL)
    assert right.count(bug.right) == 1 and broken(bug, USUAL) != right
    changed = [line for line in changes(right, broken(bug, USUAL)).splitlines() if line[:1] in "+-"]
    assert 1 <= len(changed) <= 2
    shown = excerpt(right, broken(bug, USUAL)).splitlines()
    assert [line for line in shown if line[:1] in "+-"] == changed
    assert len(shown) <= len(changed) + 4 and shown[0].strip() and shown[-1].strip()


@pytest.fixture(scope="module")
def wrong(small: Dataset) -> dict[str, Outcome]:
    return {bug.name: outcome(bug.name, broken(bug, USUAL)) for bug in BUGS}


def test_the_sign(wrong: dict[str, Outcome], found: dict[str, Outcome | Sameness]) -> None:
    right, one = found["Outcome raw"], wrong["sign"]
    assert isinstance(right, Outcome) and right.first_loss is not None
    assert one.first_loss == -right.first_loss and one.accuracy < 0.12
    finite = [loss for loss in one.losses if loss is not None]
    assert min(finite) < -20


def test_the_missing_sum(wrong: dict[str, Outcome]) -> None:
    one = wrong["sum"]
    assert one.first_loss == pytest.approx(0, abs=1e-6) and one.loss == pytest.approx(0, abs=1e-6)


def test_the_wrong_dim(wrong: dict[str, Outcome]) -> None:
    assert wrong["dim"].first_loss == pytest.approx(math.log(64), abs=0.1)


def test_the_wrong_start(wrong: dict[str, Outcome], found: dict[str, Outcome | Sameness]) -> None:
    right, one = found["Outcome raw"], wrong["start"]
    assert isinstance(right, Outcome)
    assert one.losses[-1] is not None and right.losses[-1] is not None and one.losses[-1] < right.losses[-1]
    assert one.accuracy < right.accuracy


def test_the_forgotten_zero_grad(wrong: dict[str, Outcome]) -> None:
    losses = [loss for loss in wrong["zero_grad"].losses if loss is not None]
    assert max(losses[len(losses) // 2 :]) > 2 * losses[0] > 2 * min(losses)


def test_softmax_twice(wrong: dict[str, Outcome]) -> None:
    losses = [loss for loss in wrong["softmax"].losses if loss is not None]
    assert min(losses) > math.log(math.e + 9) - 1 and losses[-1] < losses[0]


def test_dropout_at_the_test(wrong: dict[str, Outcome]) -> None:
    one = wrong["train_mode"]
    assert one.accuracy_again is not None and one.accuracy != one.accuracy_again


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_programs_are_well_formatted(step: Step, tmp_path: Path) -> None:
    path = tmp_path / "step.py"
    path.write_text(step.source(USUAL))
    for command in (["format", "--check"], ["check", "--select", "F,I"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--line-length", "110", "--isolated", str(path)],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_a_program_runs_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "step.py"
    path.write_text(STEPS[1].source(USUAL))
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("loss before: 2.3351, after: 0.72")


@pytest.mark.parametrize(
    "values",
    [{"learning_rate": 0}, {"learning_rate": math.nan}, {"batch_size": 0}, {"epochs": 9}, {"seed": -1}],
)
def test_settings_that_make_no_training_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(LabError, match="should lie"):
        STEPS[0].source(replace(USUAL, **values))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["cifar10", "usps", "emnist_letters", "nope"])
def test_data_for_which_the_steps_are_not_written_are_refused(name: str) -> None:
    with pytest.raises(LabError, match=f"not for {name}"):
        STEPS[0].source(replace(USUAL, dataset=name))
