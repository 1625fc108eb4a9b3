"""The command line: what it prints, what it keeps, and its exit status."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from runs_kit import DATASET, ROOT, quick
from safetensors.torch import load_file

from nnlab.cli import main
from nnlab.data import load_dataset
from nnlab.data.division import Division, divide
from nnlab.nets.architecture import Architecture
from nnlab.runs import RunStore
from nnlab.training.evaluate import evaluate
from nnlab.training.weights import load_model

pytest_plugins = ("runs_fixtures",)

_OUTER_DATA = os.environ.get("NNLAB_DATA")
_FAST = ["train", "--dataset", DATASET, "--model", "logistic", "--epochs", "1", "--threads", "1"]


@pytest.fixture(autouse=True)
def as_it_was(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NNLAB_RUNS", str(here.path))
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def lines(text: str) -> list[dict[str, Any]]:
    values = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(value, dict) for value in values)
    return values


def test_train_with_json(here: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main([*_FAST, "--optimizer", "adam", "--lr", "1e-2", "--batch-size", "100", "--seed", "3", "--json"])
        == 0
    )
    printed = capsys.readouterr()
    *events, last = lines(printed.out)
    (run,) = here.runs()
    assert last["kind"] == "finished" and last["run"] == run.id
    assert {"test_loss", "test_accuracy", "epochs", "samples_per_second"} < set(last)
    assert last["epochs"] == 1 and last["samples_per_second"] > 0 and last["test_accuracy"] > 0.5
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events == [event.to_json() for event in run.events()][:-1]
    assert printed.err == ""
    recipe = run.spec.recipe
    assert (recipe.optimizer, recipe.lr, recipe.batch_size, recipe.seed) == ("adam", 0.01, 100, 3)
    data = load_dataset(DATASET)
    assert evaluate(run.load_model(), data.test, data.mean, data.std).accuracy == last["test_accuracy"]


def test_train_shows_its_progress(tmp_path: Path, here: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert main([*_FAST, "--runs", str(elsewhere)]) == 0
    printed = capsys.readouterr()
    (run,) = RunStore(elsewhere).runs()
    assert here.runs() == []
    assert printed.out.startswith(f"{run.id} finished, test accuracy ") and printed.out.count("\n") == 1
    progress = printed.err.split("\r")[-1]
    for part in ("step 24/24", "loss ", "test accuracy ", "samples/s", "0.0 s left"):
        assert part in progress


def test_every_option_reaches_the_recipe(here: RunStore) -> None:
    options = ["--optimizer", "sgd", "--schedule", "cosine", "--loss", "mse", "--option", "momentum=0.5",
               "--option", "nesterov=true", "--augment", "shift=0.1", "--augment", "rotate=5",
               "--transforms", "random_crop:size=28;to_image;to_float", "--init", "orthogonal"]  # fmt: skip
    assert main([*_FAST, *options]) == 0
    recipe = here.runs()[0].spec.recipe
    assert recipe.init == "orthogonal"
    assert (recipe.optimizer, recipe.schedule, recipe.loss, recipe.lr) == ("sgd", "cosine", "mse", 0.05)
    assert dict(recipe.options) == {"momentum": 0.5, "nesterov": True}
    assert (recipe.augmentation.shift, recipe.augmentation.rotate) == (0.1, 5)
    assert recipe.transforms.to_text() == "random_crop:size=28;to_image;to_float"


def test_a_run_with_a_validation_part(here: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--validation", "0.1", "--unstratified", "--split-seed", "4"]
    assert main([*_FAST, *options, "--json"]) == 0
    *events, last = lines(capsys.readouterr().out)
    (run,) = here.runs()
    assert run.spec.division == Division(0.1, stratified=False, seed=4)
    assert events[0]["samples"] == 2700 and {"validation_accuracy", "test_accuracy"} <= set(last)
    parts = divide(load_dataset(DATASET), run.spec.division)
    assert parts.validation is not None and run.load_model().info.mean == parts.mean
    found = evaluate(run.load_model(), parts.validation, parts.mean, parts.std)
    assert found.accuracy == last["validation_accuracy"]
    assert main(["runs"]) == 0
    assert f"{last['test_accuracy']:.2%}" in capsys.readouterr().out


def test_a_test_part_of_all_images(here: RunStore) -> None:
    assert main([*_FAST, "--test", "0.2"]) == 0
    (run,) = here.runs()
    assert run.spec.division == Division(test=0.2) and run.events()[0].values["samples"] == 2800


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--validation", "1"], "The validation share is 1.0;"),
        (["--test", "0"], "The test share is 0.0;"),
        (["--split-seed", "-1"], "The seed of the split is -1;"),
        (["--dataset", "mnsit"], 'There is no dataset "mnsit"; did you mean "mnist"'),
        (["--dataset", "kmnist"], "Kuzushiji-MNIST is not in"),
        (["--model", "nett"], "There is no preset 'nett'"),
        (["--optimizer", "adma"], "There is no optimizer 'adma'"),
        (["--lr", "0"], "The learning rate is 0.0;"),
        (["--lr", "-1"], "The learning rate is -1.0;"),
        (["--lr", "nan"], "The learning rate is nan;"),
        (["--lr", "1e6"], "The learning rate is 1000000.0;"),
        (["--batch-size", "0"], "The batch size is 0;"),
        (["--batch-size", "70000"], "has only 60000 training samples"),
        (["--epochs", "0"], "The number of epochs is 0.0;"),
        (["--seed", "-1"], "The seed is -1;"),
        (["--threads", "0"], "The number of threads is 0;"),
        (["--option", "momentum"], "'momentum' is not of the form NAME=VALUE"),
        (["--option", "momentum=fast"], "'momentum=fast' is not of the form NAME=VALUE"),
        (["--option", "speed=1"], "adam has no option speed"),
        (["--augment", "bend=1"], "--augment takes one of: shift, "),
        (["--augment", "shift=9"], "The augmentation shift is 9;"),
        (["--transforms", "rotate"], "There is no transform 'rotate'; did you mean rotation?"),
        (["--transforms", "rotation;resize:size=20"], "The pipeline makes 1 x 20 x 20 of 1 x 28 x 28"),
        (["--precision", "int4"], "The precision is 'int4';"),
        (["--init", "he"], "There is no initialisation 'he'; there are: default, "),
    ],
)  # fmt: skip
def test_what_cannot_be_trained(
    here: RunStore, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main([*_FAST, "--json", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("nnlab: ") and printed.err.count("\n") == 1
    assert sentence in printed.err
    assert not here.path.exists() or list(here.path.iterdir()) == []


def test_a_failed_run(here: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    wild = ["--optimizer", "sgd", "--lr", "100", "--model", "convnet", "--schedule", "constant"]
    assert main([*_FAST, *wild, "--json"]) == 1
    last = lines(capsys.readouterr().out)[-1]
    assert last["kind"] == "failed" and last["run"] == here.runs()[0].id
    assert "The learning rate 100.0 is probably too high for sgd" in last["sentence"]
    assert main([*_FAST, *wild]) == 1
    printed = capsys.readouterr()
    assert printed.out == f"{here.runs()[0].id} failed\n"
    assert "nnlab: The loss or the weights became infinite" in printed.err


@pytest.mark.parametrize("arguments", [[], ["fly"], ["train", "--epochs", "two"], ["export", "x"]])
def test_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as told:
        main(arguments)
    assert told.value.code == 2


def test_runs(here: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs"]) == 0 and main(["runs", "--json"]) == 0
    assert capsys.readouterr().out == ""
    made = [here.train_here(quick(seed=seed)) for seed in range(2)]
    failed = here.train_here(quick(batch_size=3001))
    (here.path / "20200101-000000-000000").mkdir()
    assert main(["runs", "--json"]) == 0
    printed = capsys.readouterr()
    rows = lines(printed.out)
    assert [row["run"] for row in rows] == [failed.id, made[1].id, made[0].id]
    assert [row["state"] for row in rows] == ["failed", "finished", "finished"]
    assert [row["test_accuracy"] for row in rows][1:] == [
        run.events()[-1].values["test_accuracy"] for run in reversed(made)
    ]
    assert rows[0]["test_accuracy"] is None and rows[1]["spec"] == made[1].spec.to_json()
    assert "20200101-000000-000000" in printed.err and "is damaged: spec.json is missing" in printed.err
    assert main(["runs", "--runs", str(here.path)]) == 0
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.split() == [failed.id, "failed", "-", "logistic", "on", DATASET]
    assert second.startswith(f"{made[1].id}  finished") and "%" in second


def test_export(here: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = here.train_here(quick())
    file = tmp_path / "out.safetensors"
    assert main(["export", run.id, "--to", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    expected = run.load_model().state_dict()
    for tensors in (load_file(file), load_model(file).state_dict()):
        assert set(tensors) == set(expected)
        assert all(torch.equal(tensors[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("run", "to", "sentence"),
    [
        ("", "out.safetensors", "There is no run ''"),
        ("../x", "out.safetensors", "There is no run '../x'"),
        (None, "out.zip", "out.zip ends in '.zip'; known endings are: .py, .ipynb, .safetensors, .json, "),
        (None, "out", "out ends in ''; known endings are: .py, .ipynb, .safetensors, .json, .onnx, .pt2."),
        (None, "nowhere/out.safetensors", "out.safetensors cannot be written"),
    ],
)
def test_what_cannot_be_exported(
    here: RunStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    run: str | None,
    to: str,
    sentence: str,
) -> None:
    made = here.train_here(quick(epochs=0.1))
    assert main(["export", made.id if run is None else run, "--to", str(tmp_path / to)]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / to).exists()


def test_a_folder_of_runs_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for command in ([*_FAST], ["runs"], ["export", "x", "--to", "x.safetensors"]):
        assert main([*command, "--runs", str(tmp_path / "file")]) == 2
        assert capsys.readouterr().err.startswith("nnlab: ")


def command(*arguments: str, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nnlab", *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, text=True,
    )  # fmt: skip


def test_control_c_stops_cleanly_and_the_run_is_kept(here: RunStore, tmp_path: Path) -> None:
    arguments = ["--dataset", DATASET, "--model", "convnet", "--batch-size", "16", "--epochs", "200"]
    process = command("train", *arguments, "--json", cwd=tmp_path, NNLAB_RUNS=str(here.path))
    assert process.stdout is not None
    next(line for line in process.stdout if json.loads(line)["kind"] == "tick")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    (run,) = here.runs()
    assert process.returncode == 130 and run.state == "stopped" and err == ""
    last = lines(out)[-1]
    assert last["kind"] == "stopped" and last["run"] == run.id and "test_accuracy" in last
    assert run.load_model().info.step == run.events()[-1].step


def test_a_command_run_from_anywhere(tmp_path: Path) -> None:
    """On the built-in dataset, which is in the environment's own data root or is written now."""
    arguments = ["--dataset", "strokes", "--model", "net", "--epochs", "0.1", "--optimizer", "adam",
                 "--lr", "1e-3", "--batch-size", "64", "--seed", "0", "--runs", "mine", "--json"]  # fmt: skip
    data = _OUTER_DATA or os.environ["NNLAB_DATA"]
    process = command("train", *arguments, cwd=tmp_path, NNLAB_DATA=data)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    last = lines(out)[-1]
    assert last["kind"] == "finished" and RunStore(tmp_path / "mine").open(last["run"]).state == "finished"


def test_how_fast_samples_come(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "loading",
        "--dataset",
        DATASET,
        "--batch-size",
        "50",
        "--workers",
        "0",
        "1",
        "--seconds",
        "0.05",
    ]
    assert main([*arguments, "--json"]) == 0
    found = lines(capsys.readouterr().out)
    assert [way["workers"] for way in found] == [0, 1, None]
    assert all(way["rate"] > 0 and way["first"] > 0 for way in found)
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "DataLoader, 1 workers" in printed and "resident tensor" in printed
    assert main(["loading", "--dataset", DATASET, "--workers", "-1"]) == 2
    assert "The number of workers is -1" in capsys.readouterr().err
    assert main(["loading", "--dataset", DATASET, "--sampler", "fair"]) == 2
    assert "no sampler 'fair'" in capsys.readouterr().err


def test_nobody_listens_any_more(
    here: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "out").open("w") as file:

        class Closed(io.TextIOBase):
            """A pipe whose reader has gone."""

            def write(self, text: str) -> int:
                raise BrokenPipeError

            def fileno(self) -> int:
                return file.fileno()

        monkeypatch.setattr(sys, "stdout", Closed())
        assert main([*_FAST, "--epochs", "500", "--json"]) == 1
        file.write("into nothing")  # as Python does at its end with what is left
    assert (tmp_path / "out").read_text() == ""
    assert here.runs()[0].state == "stopped" and capsys.readouterr().err == ""


def test_train_a_network_from_its_file(
    here: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "small.json"
    layers = [{"kind": "flatten"}, {"kind": "linear", "out_features": 10}]
    file.write_text(json.dumps({"name": "small", "layers": layers}))
    fast = ["train", "--dataset", DATASET, "--epochs", "0.1", "--threads", "1", "--json", "--model"]
    assert main([*fast, str(file)]) == 0
    (run,) = here.runs()
    assert run.spec.architecture == Architecture.from_json(json.loads(file.read_text()))
    assert main([*fast, str(tmp_path / "absent.json")]) == 2
    file.write_text('{"name": "small"')
    assert main([*fast, str(file)]) == 2
    absent, broken = capsys.readouterr().err.splitlines()
    assert "absent.json cannot be read" in absent and "small.json" in broken
    assert len(here.runs()) == 1
