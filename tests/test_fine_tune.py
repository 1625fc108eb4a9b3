"""Trainings that go on from given weights, on images of one's own: against a plain loop, and as runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import random_dataset
from runs_kit import DATASET, ended
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.cli import main
from nnlab.data import load_dataset
from nnlab.data.dataset import Dataset, Split
from nnlab.drawing.keeping import archive_of
from nnlab.drawing.own import OwnSet
from nnlab.drawing.own_drawing import OwnDrawing
from nnlab.errors import LabError, RunError
from nnlab.export import Subject, write_files
from nnlab.nets.initial import INITIALS
from nnlab.nets.presets import preset
from nnlab.runs import RunStore
from nnlab.runs.given import OWN, START
from nnlab.training.evaluate import evaluate
from nnlab.training.loop import train
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.training.start import Given, Mixture, Start, digest, mixed, own_digest
from nnlab.training.weights import TrainedModel, WeightsInfo

pytest_plugins = ["runs_fixtures"]
CPU = torch.device("cpu")


def given_model(name: str = "mlp", seed: int = 5, data: Dataset | None = None) -> TrainedModel:
    """A network that was trained somewhere else, with a mean and std of its own."""
    classes = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9") if data is None else data.classes
    model = TrainedModel(dict_of(preset(name).build((1, 28, 28), 10, seed)))
    model.info = WeightsInfo(7, preset(name), (1, 28, 28), classes, "elsewhere", (0.25,), (0.4,))
    return model.eval()


def dict_of(layers: nn.Module) -> OrderedDict[str, nn.Module]:
    return OrderedDict(layers.named_children())


def own_images(count: int = 6, label: int = 3) -> Split:
    """Images that look like those of another class, as the dataset has them."""
    other = random_dataset(seed=9, train=10 * count).train
    chosen = (other.labels == (label + 1) % 10).nonzero().flatten()[:count]
    return Split(other.images[chosen], torch.full((len(chosen),), label))


def tuning(
    model: TrainedModel,
    own: Split | None,
    dataset: str = "random",
    repeat: int = 4,
    rehearsal: int = 0,
    **recipe: object,
) -> tuple[RunSpec, Given]:
    mixture = None if own is None else Mixture(own_digest(own), len(own), repeat, rehearsal)
    how = Recipe(**{"lr": 1e-3, "batch_size": 8, "epochs": 1, "schedule": "constant", **recipe})  # type: ignore[arg-type]
    spec = RunSpec(dataset, model.info.architecture, how, start=Start.of(model, "a test"), mixture=mixture)
    return spec, Given(model.state_dict(), own)


def by_hand(model: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe) -> dict[str, Tensor]:
    """What one writes in plain torch: the weights after the training."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.lr, fused=True)
    order = torch.Generator().manual_seed(recipe.seed)
    for _ in range(int(recipe.epochs)):
        for index in torch.randperm(len(labels), generator=order).split(recipe.batch_size):
            x = (images[index].float() / 255 - torch.tensor(0.25)) / torch.tensor(0.4)
            loss = F.cross_entropy(model(x), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.state_dict()


def fresh(model: TrainedModel) -> nn.Module:
    """Another module with the same weights."""
    twin = model.info.architecture.build((1, 28, 28), 10, seed=123)
    twin.load_state_dict(model.state_dict())
    return twin


@pytest.mark.parametrize("rehearsal", [0, 40])
def test_the_weights_are_bitwise_those_of_a_plain_loop_from_the_same_start(rehearsal: int) -> None:
    data, model, own = random_dataset(), given_model(), own_images()
    spec, given = tuning(model, own, rehearsal=rehearsal, seed=3, epochs=2)
    events = list(train(spec, data, given=given, device=CPU))
    assert events[0].values["samples"] == 4 * 6 + rehearsal and events[-1].kind == "finished"
    first = next(event.snapshot for event in events if event.kind == "snapshot")
    assert first is not None and digest(first.tensors) == digest(model.state_dict())

    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(3))[:rehearsal]
    images = torch.cat([own.images] * 4 + [data.train.images[order]])
    labels = torch.cat([own.labels] * 4 + [data.train.labels[order]])
    wanted = by_hand(fresh(model), images, labels, spec.recipe)
    last = [event.snapshot for event in events if event.kind == "snapshot"][-1]
    assert last is not None
    for name, tensor in wanted.items():
        assert torch.equal(last.tensors[name], tensor), name
    # It is measured on the dataset's own test images, fed as the given network is used to.
    twin = fresh(model)
    twin.load_state_dict(last.tensors)
    found = evaluate(twin, data.test, (0.25,), (0.4,))
    assert events[-1].values["test_accuracy"] == found.accuracy


def test_without_images_of_ones_own_the_dataset_is_learned_further() -> None:
    data, model = random_dataset(), given_model()
    spec, given = tuning(model, None, batch_size=32)
    last = [event.snapshot for event in train(spec, data, given=given, device=CPU) if event.snapshot][-1]
    wanted = by_hand(fresh(model), data.train.images, data.train.labels, spec.recipe)
    assert all(torch.equal(last.tensors[name], tensor) for name, tensor in wanted.items())


def test_one_class_alone_is_learned_and_the_others_forgotten_unless_they_are_rehearsed() -> None:
    data = random_dataset(train=600, test=200)
    start = RunSpec("random", preset("mlp"), Recipe(lr=1e-3, batch_size=32, epochs=6))
    *_, last = (event.snapshot for event in train(start, data, device=CPU) if event.snapshot)
    model = given_model(data=data)
    model.info = replace(model.info, mean=data.mean, std=data.std)
    model.load_state_dict(last.tensors)
    own = own_images(8)

    def measured(weights: TrainedModel | nn.Module) -> tuple[float, float]:
        return tuple(evaluate(weights, split, data.mean, data.std).accuracy for split in (data.test, own))

    before = measured(model)
    after = {}
    for rehearsal in (0, 300):
        spec, given = tuning(model, own, repeat=20, rehearsal=rehearsal, lr=3e-3, batch_size=16)
        *_, last = (event.snapshot for event in train(spec, data, given=given, device=CPU) if event.snapshot)
        twin = fresh(model)
        twin.load_state_dict(last.tensors)
        after[rehearsal] = measured(twin)
    assert before[0] > 0.9 and before[1] < 0.2
    assert after[0][1] == 1 and after[0][0] < 0.5  # all it says now is that class
    assert after[300][1] > 0.8 and after[300][0] > after[0][0] + 0.2


def test_a_run_keeps_what_it_began_with(store: RunStore) -> None:
    model, own = given_model("logistic"), own_images()
    data = load_dataset(DATASET)
    spec, given = tuning(model, own, DATASET, rehearsal=50)
    run = ended(store.start(spec, given))
    assert run.state == "finished" and run.spec == spec == RunSpec.from_json(
        json.loads(json.dumps(spec.to_json()))
    )
    assert {START, OWN} <= {path.name for path in run.path.iterdir()}
    wanted = mixed(data, spec.mixture, own, 0).train
    weights = by_hand(fresh(model), wanted.images, wanted.labels, spec.recipe)
    trained = run.load_model()
    assert all(torch.equal(trained.state_dict()[name], tensor) for name, tensor in weights.items())
    assert trained.info.mean == (0.25,) and trained.info.std == (0.4,) and trained.info.dataset == DATASET


def test_the_script_of_a_fine_tuned_run_comes_to_the_same_bits(here: RunStore, tmp_path: Path) -> None:
    spec, given = tuning(given_model(), own_images(), DATASET, rehearsal=30)
    run = here.train_here(spec, given=given)
    assert run.state == "finished", run.status.problem
    written = write_files(Subject.of(run), tmp_path / "again.py")
    assert {path.name for path in written} == {"again.py", "again-data.pt", "again-start.pt"}
    done = subprocess.run(
        [sys.executable, "again.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 and "bit for bit" in done.stdout, done.stdout + done.stderr
    code = (tmp_path / "again.py").read_text()
    assert "It goes on from the weights of a test in again-start.pt." in code
    notebook = write_files(Subject.of(run), tmp_path / "again.ipynb")
    assert len(notebook) == 3 and 'START = \\"again-start.pt\\"' in notebook[0].read_text()


def test_what_is_missing_or_damaged_is_told(here: RunStore) -> None:
    model, own = given_model("logistic"), own_images()
    spec, given = tuning(model, own, DATASET)
    with pytest.raises(LabError, match="weights that the training should begin with"):
        here.start(spec)
    with pytest.raises(LabError, match="images of one's own that the training should show"):
        here.start(spec, Given(given.weights, Split(own.images, own.labels + 1)))
    with pytest.raises(LabError, match="do not fit lenet"):
        here.start(replace(spec, architecture=preset("lenet")), given)
    large = Split(own.images.repeat(1, 1, 2, 2), own.labels)
    with pytest.raises(LabError, match="have the shape"):
        here.start(*tuning(model, large, DATASET))
    with pytest.raises(LabError, match="cannot be rehearsed: it has 60,000"):
        here.start(*tuning(model, own, DATASET, rehearsal=60_001))
    assert here.runs() == []
    run = here.train_here(spec, given=given)
    for name in (START, OWN):
        kept = (run.path / name).read_bytes()
        for content in (kept[:-8] + bytes(8), b"nonsense", None):
            (run.path / name).unlink() if content is None else (run.path / name).write_bytes(content)
            with pytest.raises(RunError, match=f"damaged: {name}|cannot be read"):
                Subject.of(run).script("x")
        (run.path / name).write_bytes(kept)


@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("start", {"weights": "abc"}, "is not a digest"),
        ("start", {"mean": [0.1, 0.2]}, "do not normalise images"),
        ("start", {"std": [float("nan")]}, "do not normalise images"),
        ("start", {"source": "x" * 300}, "longer than 200"),
        ("mixture", {"count": 0}, "count is 0"),
        ("mixture", {"repeat": 1.5}, "repeat is 1.5"),
        ("mixture", {"rehearsal": -1}, "rehearsal is -1"),
        ("mixture", {"images": None}, "is not a digest"),
        ("recipe", {"init": next(name for name in INITIALS if name != "default")}, "cannot also be drawn by"),
        ("division", {"validation": 0.1}, "has no validation part"),
    ],
)
def test_nonsense_in_a_specification_is_refused(part: str, value: dict[str, object], sentence: str) -> None:
    spec, _ = tuning(given_model("logistic"), own_images())
    whole = spec.to_json()
    whole[part] = {**whole[part], **value}
    with pytest.raises(LabError, match=sentence):
        RunSpec.from_json(whole)


def test_the_command_line_goes_on_from_a_run(here: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    first = here.train_here(RunSpec(DATASET, preset("logistic"), Recipe(batch_size=250)))
    folder = str(here.path)
    status = main(
        ["train", "--start", first.id, "--epochs", "1", "--batch-size", "100", "--runs", folder, "--json"]
    )
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    second = here.open(told[-1]["run"])
    assert second.spec.start == Start.of(first.load_model(), first.id) and second.spec.dataset == DATASET
    assert second.spec.architecture == first.spec.architecture
    began = second.load_model(0).state_dict()
    assert digest(began) == digest(first.load_model().state_dict())
    file = first.snapshots()[-1][1]
    assert main(["train", "--start", str(file), "--epochs", "0.1", "--runs", folder]) == 0
    assert main(["train", "--start", first.id, "--model", "lenet", "--runs", folder]) == 2
    assert "do not fit lenet" in capsys.readouterr().err
    assert main(["train", "--start", "nosuchrun", "--runs", folder]) == 2
    assert "There is no run" in capsys.readouterr().err


def test_the_command_line_learns_kept_drawings(
    here: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = here.train_here(RunSpec(DATASET, preset("logistic"), Recipe(batch_size=250)))
    classes = first.load_model().info.classes
    drawings = OwnSet(
        (
            OwnDrawing(classes[4], ((90, 80, 190, 80, 125, 220),)),
            OwnDrawing("unheard of", ((140, 60, 140, 220),)),
        )
    )
    file = tmp_path / "mine.zip"
    file.write_bytes(archive_of(drawings))
    common = ["train", "--start", first.id, "--runs", str(here.path), "--lr", "1e-4", "--epochs", "1"]
    assert (
        main([*common, "--drawings", str(file), "--repeat", "30", "--rehearsal", "70", "--batch-size", "50"])
        == 0
    )
    assert "1 drawings of other classes are left out" in capsys.readouterr().err
    run = here.runs()[0]
    split, _ = drawings.split(first.load_model())
    assert split is not None
    assert run.spec.mixture == Mixture(own_digest(split), 1, 30, 70) and split.labels.tolist() == [4]
    assert run.events()[0].values["samples"] == 100
    assert main(["train", "--drawings", str(file), "--runs", str(here.path)]) == 2
    assert "goes with --start" in capsys.readouterr().err
    assert main([*common, "--drawings", str(tmp_path / "none.zip")]) == 2
    assert "none.zip cannot be read" in capsys.readouterr().err
