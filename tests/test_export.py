"""Programs made of runs: they end as the run did, to the last bit, and with an error where they do not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from architectures import Sample, architectures
from export_kit import CASES, DROPOUT, Case, alone, run_all
from helpers import random_dataset
from hypothesis import HealthCheck, Phase, given, settings
from own_images_kit import packed, png

from nnlab.data import Dataset, is_present
from nnlab.data.division import Division
from nnlab.data.images import ImageOptions, import_images
from nnlab.errors import LabError, RunError
from nnlab.export import Recorded, Script, Subject, digest, training_script, write_files
from nnlab.nets.presets import preset
from nnlab.runs import RunStore, locks
from nnlab.runs.state import State, store_state
from nnlab.training.loop import Controls, train
from nnlab.training.recipe import Recipe, RunSpec

pytest_plugins = ("runs_fixtures",)

_OUTER_DATA = os.environ.get("NNLAB_DATA")
CHANGED = {"LR = 0.01\n": "LR = 0.0100001\n", "SEED = 5\n": "SEED = 6\n"}
OTHERS = ("stopped", "zoo", "strokes")
RANDOM = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="module")
def store(folder: Path, small_data: Path) -> Iterator[RunStore]:
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNLAB_DATA", str(small_data))
        yield RunStore(folder / "runs")
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def ends(store: RunStore, folder: Path) -> dict[str, str]:
    """What went wrong with each program; one process has carried out all of them."""
    programs = []
    for name, case in CASES.items():
        torch.set_num_threads(case.threads)
        programs += write_files(Subject.of(store.train_here(case.spec())), folder / f"{name}.py")
    for number, (line, other) in enumerate(CHANGED.items()):
        text = (folder / "adam-epochs.py").read_text()
        assert text.count(line) == 1
        programs.append(folder / f"changed{number}.py")
        programs[-1].write_text(text.replace(line, other))
    programs += [_stopped(store, folder), _zoo(store, folder), _strokes(store, folder)]
    programs += _random_networks(folder)
    return run_all(programs, folder)


def _stopped(store: RunStore, folder: Path) -> Path:
    controls = Controls()
    run = store.train_here(
        Case("net", {"epochs": 3, "schedule": "one_cycle", "batch_size": 600}).spec(),
        controls,
        lambda event: setattr(controls, "stop", event.step >= 7),
    )
    return write_files(Subject.of(run), folder / "stopped.py")[0]


def _zoo(store: RunStore, folder: Path) -> Path:
    """Pictures of one's own, in colour, so that channels lie last in memory."""
    kinds = enumerate("abc")
    files = {f"{kind}/{i}.png": png(seed=20 * place + i) for place, kind in kinds for i in range(20)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNLAB_DATA", str(folder / "root"))
        name = import_images(packed(folder / "zoo.zip", files), ImageOptions(image_size=18, channels=3)).name
        case = Case("convnet", {"batch_size": 16, "epochs": 2}, Division(validation=0.2))
        return write_files(Subject.of(store.train_here(case.spec(name))), folder / "zoo.py")[0]


def _strokes(store: RunStore, folder: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNLAB_DATA", _OUTER_DATA or str(folder / "root"))
        run = store.train_here(Case("logistic", {"epochs": 0.01}).spec("strokes"))
        return write_files(Subject.of(run), folder / "strokes.py")[0]


def _random_networks(folder: Path) -> list[Path]:
    """Of any layers and branches, on images of any size, in batches of any size."""
    programs: list[Path] = []

    @settings(
        max_examples=RANDOM, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(architectures())
    def write(sample: Sample) -> None:
        number = len(programs)
        precision = "bfloat16" if number % 4 == 3 else "float32"
        recipe = Recipe(lr=1e-3, batch_size=1 + number % 37, epochs=0.5, seed=number, precision=precision)
        try:
            spec, data, recorded = _in_memory(sample, recipe)
        except LabError as problem:  # batch norm, and a last batch of one sample
            assert "compares the samples of a batch" in str(problem)
            return
        if recorded is not None:
            script = training_script(spec, data, name=f"random{number}", root="", recorded=recorded)
            programs.append(written(script, folder))

    torch.set_num_threads(1)
    write()
    return programs


def _in_memory(sample: Sample, recipe: Recipe) -> tuple[RunSpec, Dataset, Recorded | None]:
    """A run that is nowhere recorded, on data of no registry; without an end where its loss was no number."""
    data = random_dataset(sample.in_shape, sample.classes, train=90, test=30)
    spec = RunSpec("random", sample.architecture, recipe)
    for event in train(spec, data, device=torch.device("cpu")):
        if event.values.get("reason") == "last":
            weights = event.snapshot
    if event.kind == "failed":
        return spec, data, None
    assert weights is not None
    measured = {name: event.values[name] for name in ("test_loss", "test_accuracy")}
    end = Recorded("0", weights.step, measured, digest(weights.tensors), "cpu", 1, torch.__version__)
    return spec, data, end


def written(script: Script, folder: Path) -> Path:
    assert script.splits is not None
    torch.save(dict(script.splits), folder / script.data_name)
    (folder / f"{script.name}.py").write_text(script.code())
    return folder / f"{script.name}.py"


@pytest.mark.parametrize("name", [*CASES, *OTHERS])
def test_a_program_ends_as_its_run(ends: dict[str, str], name: str) -> None:
    assert ends[name] == ""


def test_programs_of_random_networks(ends: dict[str, str]) -> None:
    found = {name: end for name, end in ends.items() if name.startswith("random")}
    assert len(found) > RANDOM / 2
    assert set(found.values()) == {""}


@pytest.mark.parametrize("number", range(len(CHANGED)))
def test_a_program_that_was_changed_fails(ends: dict[str, str], number: int) -> None:
    assert "AssertionError: the run ended with" in ends[f"changed{number}"]


def test_the_exit_status_tells(ends: dict[str, str], small_data: Path, folder: Path, tmp_path: Path) -> None:
    """Of a program by itself, which is told where its data is."""
    text = (folder / "adam-epochs.py").read_text()
    place = str(small_data.resolve())
    assert f'"{place}"' in text and "assert " not in text  # which python -O would skip
    (tmp_path / "good.py").write_text(text.replace(place, str(tmp_path / "nowhere")))
    good = alone(["good.py", str(small_data)], tmp_path)
    assert good.returncode == 0 and good.stdout.endswith("bit for bit what the run ended with\n")
    (tmp_path / "bad.py").write_text(text.replace("SEED = 5", "SEED = 7"))
    assert alone(["bad.py"], tmp_path).returncode != 0


def test_programs_are_laid_out_and_use_what_they_import(ends: dict[str, str], folder: Path) -> None:
    programs = [str(folder / f"{name}.py") for name in ends]
    for command in (["format", "--check"], ["check", "--select", "F,I,UP,SIM,RUF"]):
        found = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", *programs], capture_output=True, text=True
        )
        assert found.returncode == 0, found.stdout


def test_a_program_holds_what_its_recipe_uses_and_no_more(ends: dict[str, str], folder: Path) -> None:
    plain, everything = ((folder / f"{name}.py").read_text() for name in ("adam-epochs", "everything"))
    for word in ("autocast", "mkldnn", "hold_out", "grid_sample", "initialise", "v2.", "fork_rng"):
        assert word in everything and word not in plain
    zoo = (folder / "zoo.py").read_text()
    assert "channels_last" in zoo and "torchvision" not in zoo
    assert (folder / "zoo-data.pt").stat().st_size < 60 * 3 * 18 * 18 + 10_000
    assert "nnlab" not in plain + everything + zoo
    assert "  # of 15: the run was stopped" in (folder / "stopped.py").read_text()
    assert len(plain.splitlines()) < 120


@pytest.mark.parametrize(
    ("state", "sentence"), [("failed", "broke off"), ("interrupted", "broke off"), ("paused", "not ended")]
)
def test_runs_that_cannot_be_repeated(store: RunStore, state: str, sentence: str) -> None:
    run = store.train_here(Case().spec())
    store_state(run.path, State(state, result={}))
    lock = locks.hold(run.path / locks.WORKER)  # somebody is about it
    try:
        with pytest.raises(RunError, match=sentence):
            Recorded.of(store.open(run.id))
    finally:
        lock.release()


def test_a_network_that_was_never_trained(store: RunStore, folder: Path) -> None:
    """Its program trains as the lab would, and has nothing to check."""
    torch.set_num_threads(1)
    spec = Case(DROPOUT, {"epochs": 1, "batch_size": 500}, Division(validation=0.1)).spec()
    script = Subject(spec).script("net")
    assert "RECORDED" not in script.code() and "set_num_threads" not in script.code()
    (folder / "net.py").write_text(script.code())
    found = alone(["net.py"], folder)
    assert found.returncode == 0, found.stderr
    result = store.train_here(spec).status.result
    assert result is not None
    for name in ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy"):
        assert f"{name.replace('_', ' ')}: {result[name]:.6f}" in found.stdout


def test_on_an_accelerator_the_program_only_compares() -> None:
    data = random_dataset()
    spec = RunSpec("random", preset("net"), Recipe(epochs=1, batch_size=50, precision="bfloat16"))
    recorded = Recorded("0", 3, {"test_loss": 1.0, "test_accuracy": 0.5}, "0", "cuda", 1, torch.__version__)
    code = training_script(spec, data, name="there", root="", recorded=recorded).code()
    assert "digest" not in code and "raise" not in code
    changes: list[tuple[str, str]] = [
        ('DEVICE = "cuda"', 'DEVICE = "cpu"'),
        ('torch.autocast("cuda"', 'torch.autocast("cpu"'),
        ('DATA = Path(__file__).with_name("there-data.pt")', "DATA = None"),
        ("torch.load(DATA, weights_only=True)", "given"),
    ]
    for there, here in changes:
        assert code.count(there) == 1
        code = code.replace(there, here)
    space = {"given": {"train": _pair(data), "test": (data.test.images, data.test.labels)}}
    exec(code, space)
    assert space["found"].keys() == {"test loss", "test accuracy"}


def _pair(data: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    return data.train.images, data.train.labels


def test_names_stay_in_their_place(tmp_path: Path) -> None:
    """What people call things stands in the docstring, in comments and in a literal."""
    data = replace(random_dataset(train=20, test=20), title='x"""\nraise SystemExit(3)\n"""\\')
    network = replace(preset("logistic"), name='a"""b\\')
    spec = RunSpec("random", network, Recipe(epochs=1, batch_size=20))
    script = training_script(spec, data, name='it"s', root="")
    found = alone([str(written(script, tmp_path))], tmp_path)
    assert found.returncode == 0, found.stderr


@pytest.mark.mnist
def test_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if _OUTER_DATA is not None:
        monkeypatch.setenv("NNLAB_DATA", _OUTER_DATA)
    if not is_present("mnist"):
        pytest.skip("no MNIST in the data root")
    torch.set_num_threads(1)
    spec = RunSpec("mnist", preset("convnet"), Recipe(epochs=0.05), Division(validation=0.1))
    run = RunStore(tmp_path / "runs").train_here(spec)
    program, *_ = write_files(Subject.of(run), tmp_path / "mnist.py")
    found = alone([program.name], tmp_path)
    assert found.returncode == 0, found.stderr
