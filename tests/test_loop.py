"""The training loop: every moment is that of plain PyTorch; overfitting and its remedies are measured."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
import torch
from torch.nn import functional as F

from nnlab.errors import LabError
from nnlab.lessons.loop.iteration import (
    BATCH,
    CODE,
    ITERATIONS,
    LAST,
    STAGES,
    at,
    loss_now,
    losses_until,
    place_after,
)
from nnlab.lessons.loop.overfitting import EPOCHS, Epoch, Settings, kept, program, train
from nnlab.program import own_environment


@pytest.fixture(scope="module")
def plain() -> dict[str, object]:
    """The variables of the code on the page, which uses torch.optim."""
    names: dict[str, object] = {"print": lambda *_: None}
    exec(CODE, names)
    return names


def test_the_course_is_that_of_the_code_on_the_page(plain: dict[str, object]) -> None:
    assert list(losses_until(LAST)) == plain["losses"] and len(losses_until(3)) == 3
    weights = at(LAST).weights
    for mine, theirs in zip(weights.values(), plain["model"].parameters(), strict=True):  # type: ignore[attr-defined]
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("iteration", [0, 1, 9, ITERATIONS, 639])
def test_what_is_there_at_each_stage(iteration: int) -> None:
    moments = [at(len(STAGES) * iteration + done) for done in range(1, len(STAGES) + 1)]
    assert [one.stage for one in moments] == list(STAGES) and {one.iteration for one in moments} == {
        iteration
    }
    batch, forward, loss, backward, step, zero = moments
    assert batch.images is not None and batch.images.shape == (BATCH, 1, 28, 28) and batch.logits is None
    assert forward.logits is not None and forward.loss is None
    assert forward.images is not None and forward.hidden is not None and forward.logits is not None
    weights = list(forward.before.values())
    torch.testing.assert_close(forward.hidden, (forward.images.flatten(1) @ weights[0].T + weights[1]).relu())
    torch.testing.assert_close(forward.logits, forward.hidden @ weights[2].T + weights[3])
    assert loss.logits is not None and loss.labels is not None and loss.losses is not None
    assert loss.loss == F.cross_entropy(loss.logits, loss.labels).item() == losses_until(LAST)[iteration]
    torch.testing.assert_close(loss.losses, -loss.logits.log_softmax(1)[range(BATCH), loss.labels])
    for one in (batch, forward, loss, zero):
        assert all(gradient is None for gradient in one.gradients.values())
    for name, gradient in backward.gradients.items():
        assert gradient is not None and gradient.shape == backward.weights[name].shape
        assert torch.equal(backward.weights[name], backward.before[name])
        expected = backward.before[name].add(gradient, alpha=-0.1)
        assert torch.equal(step.weights[name], expected) and torch.equal(zero.weights[name], expected)
        assert torch.equal(step.gradients[name], gradient)  # type: ignore[arg-type]
    assert loss_now(loss) == pytest.approx(loss.loss) and loss_now(step) < loss_now(loss)


def test_from_place_to_place() -> None:
    assert at(0).stage is None and at(0).images is None
    assert [place_after(0, what) for what in ("stage", "batch", "epoch")] == [1, 6, 6 * ITERATIONS]
    assert (
        place_after(5, "batch") == 6
        and place_after(6, "batch") == 12
        and place_after(LAST - 1, "epoch") == LAST
    )
    for wrong in (-1, LAST + 1):
        with pytest.raises(ValueError):
            at(wrong)


SMALL = Settings(samples=60, hidden=64)


@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        replace(SMALL, dropout=0.5),
        replace(SMALL, augment=True),
        replace(SMALL, patience=3, weight_decay=0.1),
    ],
    ids=["plain", "dropout", "augment", "early"],
)
def test_the_program_is_what_is_run_and_well_written(settings: Settings) -> None:
    epochs: list[Epoch] = []
    watched = train(settings, epochs.append)
    names: dict[str, object] = {"print": lambda *_: None}
    exec(program(settings), names)
    state = names["model"].state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(state[name], tensor) for name, tensor in watched["model"].state_dict().items())
    last = kept(epochs, settings)
    assert names["val_accuracy"] == last.val_accuracy and names["train_accuracy"] == last.train_accuracy
    assert (len(epochs) < EPOCHS) == (settings.patience > 0)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "110", "-"],
        input=program(settings), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_it_overfits_and_the_remedies_help() -> None:
    def at_end(**remedies: object) -> Epoch:
        epochs: list[Epoch] = []
        settings = Settings(samples=100, hidden=256, **remedies)  # type: ignore[arg-type]
        train(settings, epochs.append)
        return kept(epochs, settings)

    plain = at_end()
    assert plain.train_accuracy == 1 and plain.val_loss > 100 * plain.train_loss
    for remedy in ({"augment": True}, {"patience": 8}, {"weight_decay": 1.0}):
        helped = at_end(**remedy)
        assert helped.val_loss < plain.val_loss
        assert helped.val_loss - helped.train_loss < plain.val_loss - plain.train_loss


@pytest.mark.parametrize(
    "wrong", [{"samples": 1}, {"hidden": 0}, {"dropout": 1.0}, {"weight_decay": -1.0}, {"hidden": 10**9}]
)
def test_settings_that_make_no_training_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(LabError):
        program(replace(SMALL, **wrong))  # type: ignore[arg-type]


def test_the_command_tells_what_the_function_tells() -> None:
    settings = replace(SMALL, patience=2)
    arguments = ["--samples", "60", "--hidden", "64", "--patience", "2"]
    command = [sys.executable, "-P", "-m", "nnlab.lessons.loop.overfitting", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=own_environment(), timeout=120)
    assert done.returncode == 0, done.stderr
    epochs: list[Epoch] = []
    train(settings, epochs.append)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["epoch"] for one in told] == [one.epoch for one in epochs]
    for one, other in zip(told, epochs, strict=True):
        assert one == pytest.approx(asdict(other), rel=1e-3)  # the number of threads is another
