"""The other files that a run is taken along in, the data of a program, and the command that writes them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from export_kit import DROPOUT, Case, alone
from published import NAMES, write_dataset
from runs_kit import quick

from nnlab.cli import main
from nnlab.data import load_dataset
from nnlab.data.division import Division, divide
from nnlab.errors import LabError
from nnlab.export import Subject, digest, write_files
from nnlab.export.apart import export_apart
from nnlab.export.data import data_part, is_published
from nnlab.export.parts import imports
from nnlab.nets.architecture import Architecture
from nnlab.nets.presets import preset
from nnlab.runs import RunStore
from nnlab.training.recipe import RunSpec
from nnlab.training.weights import load_model, save_weights

pytest_plugins = ("runs_fixtures",)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("division", [Division(), Division(validation=0.2, test=0.3, seed=4)])
def test_the_data_of_every_published_dataset(
    name: str, division: Division, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As torchvision reads it, and to the last image as the lab does."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    write_dataset(name, tmp_path, monkeypatch)
    data = load_dataset(name)
    assert is_published(name)
    part = data_part(data, division)
    text = "\n".join((*part.definitions, *part.steps))
    space = {"ROOT": str(tmp_path)}
    exec(f"{imports([text])}\n{text}", space)
    divided = divide(data, division)
    for variable, split in (("train", divided.train), ("test", divided.test), ("valid", divided.validation)):
        if split is not None:
            found = space[f"{variable}_x"]
            assert isinstance(found, torch.Tensor) and found.is_contiguous()
            assert torch.equal(found, split.images) and torch.equal(space[f"{variable}_y"], split.labels)


_CELLS = """
import json, sys
for number, book in enumerate(sys.argv[1:]):
    space = {}
    try:
        for cell in json.load(open(book))["cells"]:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), space)
        print("whole")
    except AssertionError as error:
        print(error)
"""


def test_a_notebook_does_the_same(here: RunStore, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    run = here.train_here(Case(DROPOUT, {"epochs": 0.1}, Division(validation=0.1)).spec())
    (file,) = write_files(Subject.of(run), tmp_path / "run.ipynb")
    book = json.loads(file.read_text())
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in book["cells"]:
        extra = {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {}
        assert set(cell) == {"cell_type", "id", "metadata", "source", *extra}
        assert all(line.endswith("\n") for line in cell["source"][:-1])
    titles = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown"]
    assert titles[1:] == ["## Model", "## Data", "## Training", "## Check"]
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--isolated", str(file)],
        capture_output=True,
        text=True,
    )
    assert formatted.returncode == 0, formatted.stdout
    (tmp_path / "changed.ipynb").write_text(file.read_text().replace("LR = 0.01", "LR = 0.02"))
    told = alone(["-c", _CELLS, "run.ipynb", "changed.ipynb"], tmp_path)
    assert told.returncode == 0, told.stderr
    assert "whole\n" in told.stdout and told.stdout.splitlines()[-1].startswith("the run ended with")


def test_the_first_weights_of_a_network_that_was_never_trained(here: RunStore) -> None:
    spec = Case("net", {"init": "orthogonal"}).spec()
    expected = spec.architecture.build((1, 28, 28), 10, 5, "orthogonal").state_dict()
    model = Subject(spec).model()
    assert digest(model.state_dict()) == digest(expected)
    assert model.info.step == 0 and not model.training


@pytest.mark.parametrize("suffix", [".py", ".ipynb", ".json", ".safetensors"])
def test_the_command(here: RunStore, tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = here.train_here(quick(epochs=0.1))
    file = tmp_path / f"run{suffix}"
    assert main(["export", run.id, "--runs", str(here.path), "--to", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    match suffix:
        case ".py":
            compile(file.read_text(), str(file), "exec")
        case ".ipynb":
            assert json.loads(file.read_text())["nbformat"] == 4
        case ".json":
            assert Architecture.from_text(file.read_bytes()) == run.spec.architecture
        case ".safetensors":
            assert digest(load_model(file).state_dict()) == digest(run.load_model().state_dict())


def test_the_digest_is_of_names_values_and_types() -> None:
    weights = {"a": torch.arange(4.0), "b": torch.tensor(3)}
    same = digest(weights)
    # How a tensor lies in memory is no part of it.
    images = torch.arange(48.0).view(2, 2, 3, 4)
    assert digest({"x": images}) == digest({"x": images.contiguous(memory_format=torch.channels_last)})
    assert digest({"a": weights["a"] + 0, "b": weights["b"]}) == same
    for other in ({**weights, "b": torch.tensor(4)}, {"c": weights["a"], "b": weights["b"]}):
        assert digest(other) != same


def test_weights_alone_become_a_program_in_a_process_of_its_own(tmp_path: Path) -> None:
    state = torch.get_rng_state()
    subject = Subject(RunSpec("strokes", preset("logistic")))
    model = subject.model()
    content = export_apart(model, ".pt2")
    assert torch.equal(torch.get_rng_state(), state)
    images = torch.rand(2, 1, 28, 28)
    assert torch.equal(torch.export.load(io.BytesIO(content)).module()(images), model(images))
    save_weights(tmp_path / "w.safetensors", model.state_dict(), model.info)
    assert main(["export", str(tmp_path / "w.safetensors"), "--to", str(tmp_path / "run.py")]) == 2
    assert main(["export", str(tmp_path / "none.safetensors"), "--to", str(tmp_path / "x.pt2")]) == 2


def test_what_goes_wrong_apart_is_told() -> None:
    model = Subject(RunSpec("strokes", preset("logistic"))).model()
    with torch.no_grad():
        model.linear1.weight.fill_(float("nan"))
    with pytest.raises(LabError, match="cannot be made: The scores of the network are not all finite"):
        export_apart(model, ".onnx")
