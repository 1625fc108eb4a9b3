"""The matrix of confusions against counting one by one, and its command."""

from __future__ import annotations

import json

import pytest
import torch
from helpers import random_dataset
from runs_kit import DATASET
from test_flips import untrained

from nnlab.cli import main
from nnlab.data import load_dataset
from nnlab.drawing import image_logits
from nnlab.nets.presets import preset
from nnlab.runs import RunStore
from nnlab.training.confusion import confusion
from nnlab.training.evaluate import evaluate
from nnlab.training.recipe import Recipe, RunSpec

pytest_plugins = ["runs_fixtures"]


def test_every_image_is_counted_where_it_belongs() -> None:
    model, split = untrained(), random_dataset(test=60).test
    found = confusion(model, split, model.info.mean, model.info.std, 10)
    counts = [[0] * 10 for _ in range(10)]
    for place, (image, label) in enumerate(zip(split.images, split.labels.tolist(), strict=True)):
        answer = int(image_logits(model, image[None]).argmax())
        counts[label][answer] += 1
        assert place in found.places(label, answer)
    assert found.matrix.tolist() == counts and not model.training
    assert found.accuracy == evaluate(model, split, model.info.mean, model.info.std).accuracy
    assert found.accuracies() == [row[place] / sum(row) for place, row in enumerate(counts)]
    first = confusion(model, split, model.info.mean, model.info.std, 12)
    assert first.matrix.shape == (12, 12) and first.accuracies()[10:] == [None, None]


def test_the_command_tells_the_answers_of_a_run_and_of_a_file(
    here: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run = here.train_here(RunSpec(DATASET, preset("logistic"), Recipe(batch_size=250)))
    folder = ["--runs", str(here.path)]
    assert main(["confusion", run.id, "--json", *folder]) == 0
    *progress, last = map(json.loads, capsys.readouterr().out.splitlines())
    data = load_dataset(DATASET)
    wanted = confusion(run.load_model(), data.test, data.mean, data.std, 10)
    assert last == {"dataset": DATASET, "answers": wanted.answers.tolist()}
    assert progress[-1] == {"done": 500, "of": 500}
    assert main(["confusion", str(run.snapshots()[-1][1])]) == 0
    text = capsys.readouterr().out
    assert f"test accuracy {run.status.result['test_accuracy']:.2%}" in text
    rows = [line.split()[-10:] for line in text.splitlines()[1:11]]
    assert torch.equal(torch.tensor([[int(cell) for cell in row] for row in rows]), wanted.matrix)
    assert main(["confusion", run.id, "--dataset", "strokes", *folder]) == 2
    assert "apart" in capsys.readouterr().err
