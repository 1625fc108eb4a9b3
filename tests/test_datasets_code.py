"""The scripts of the Datasets page, copied into an empty file: they run and give the tensors of the lab."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from published import NAMES, write_dataset
from torchvision.transforms import v2

from nnlab.data import Dataset, dataset_info, load_dataset
from nnlab.data.division import Division, divide
from nnlab.data.images import ImageOptions, import_images
from nnlab.ui.datasets.code import script


@dataclass
class Steps:
    """As much of a pipeline as a script asks for."""

    lines: tuple[str, ...]
    one_hot: bool = False

    def code(self) -> list[str]:
        return list(self.lines)


@dataclass
class Batches:
    """As much of a loader's settings as a script asks for."""

    workers: int = 0

    def code(self) -> str:
        return f"DataLoader(dataset, batch_size=7, num_workers={self.workers})"


def run(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(text, space)
    return space


def normalised(data: Dataset, images: torch.Tensor) -> torch.Tensor:
    """By torchvision's own transforms."""
    return v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(data.mean, data.std)])(images)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_script_of_every_published_dataset(
    name: str, split: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    write_dataset(name, tmp_path, monkeypatch)
    data = load_dataset(name)
    kept = getattr(data, split)
    space = run(script(data, dataset_info(name), split))
    dataset = space["dataset"]
    assert len(dataset) == len(kept) and torch.equal(space["labels"], kept.labels)
    images = torch.stack([dataset[i][0] for i in range(len(dataset))])
    assert torch.equal(images, normalised(data, kept.images))
    assert [dataset[i][1] for i in range(len(dataset))] == kept.labels.tolist()
    batch, labels = next(iter(space["loader"]))
    assert torch.equal(batch, images[:64]) and torch.equal(labels, kept.labels[:64])


def test_the_script_of_the_built_in_dataset() -> None:
    data = load_dataset("strokes")
    space = run(script(data, dataset_info("strokes"), "test"))
    assert torch.equal(space["dataset"][123][0], normalised(data, data.test.images[123]))
    assert torch.equal(space["labels"], data.test.labels)


@pytest.fixture
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    write_dataset("mnist", tmp_path, monkeypatch)
    return load_dataset("mnist")


def test_a_pipeline_a_loader_and_a_tail(mnist: Dataset) -> None:
    steps = Steps(("v2.ToImage()", "v2.Pad(2)"), one_hot=True)
    text = script(
        mnist,
        dataset_info("mnist"),
        "train",
        pipeline=steps,
        loading=Batches(),
        tail="batches = list(loader)",
    )
    batches = run(text)["batches"]
    images = torch.cat([images for images, _ in batches])
    assert torch.equal(images, torch.nn.functional.pad(mnist.train.images, (2, 2, 2, 2)))
    labels = torch.cat([labels for _, labels in batches])
    assert torch.equal(labels, torch.nn.functional.one_hot(mnist.train.labels, 10).float())
    assert [len(labels) for _, labels in batches] == [7] * 8 + [4]


@pytest.mark.parametrize("part", ["train", "validation", "test"])
@pytest.mark.parametrize("division", [Division(validation=0.2, seed=3), Division(validation=0.1, test=0.3)])
def test_a_division(mnist: Dataset, part: str, division: Division) -> None:
    divided = divide(mnist, division)
    space = run(script(divided, dataset_info("mnist"), part, division=division))
    kept = getattr(divided, part)
    images = torch.stack([space["dataset"][i][0] for i in range(len(kept))])
    assert torch.equal(images, normalised(divided, kept.images))
    assert torch.equal(space["labels"], kept.labels)


def test_what_a_script_names_itself_is_not_imported(mnist: Dataset) -> None:
    tail = "def first(places):\n    return places[:3]  # no Subset, no nnlab\n\n\nthree = first(labels)"
    text = script(mnist, dataset_info("mnist"), "train", tail=tail)
    imports = text.partition("ROOT")[0]
    assert "nnlab" not in imports and "Subset" not in imports
    assert torch.equal(run(text)["three"], mnist.train.labels[:3])


def test_in_a_file_of_its_own_with_workers(mnist: Dataset, tmp_path: Path) -> None:
    tail = "print(sum(int(labels.sum()) for _, labels in loader))"
    file = tmp_path / "mine.py"
    file.write_text(script(mnist, dataset_info("mnist"), "test", loading=Batches(workers=2), tail=tail))
    done = subprocess.run([sys.executable, file], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout) == int(mnist.test.labels.sum())


def _jpegs(random: np.random.Generator) -> dict[str, bytes]:
    files = {}
    for name in ("cat", "dog"):
        for i in range(6):
            pixels = random.integers(0, 256, (20 + i, 30, 3), dtype=np.uint8)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG")
            files[f"{name}/{i}.jpg"] = file.getvalue()
    return files


def _with_transparency(random: np.random.Generator) -> dict[str, bytes]:
    files = _jpegs(random)
    file = io.BytesIO()
    Image.fromarray(random.integers(0, 256, (9, 14, 4), dtype=np.uint8)).save(file, "PNG")
    return {**files, "cat/clear.png": file.getvalue()}


@pytest.mark.parametrize("write", [_jpegs, _with_transparency])
@pytest.mark.parametrize(("fit", "channels"), [("fit", 3), ("fill", 1), ("stretch", 3)])
def test_the_script_of_own_images(
    write: Callable[[np.random.Generator], dict[str, bytes]],
    fit: str,
    channels: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    with zipfile.ZipFile(tmp_path / 'my "pets".zip', "w") as archive:
        for name, content in write(np.random.default_rng(0)).items():
            archive.writestr(name, content)
    info = import_images(tmp_path / 'my "pets".zip', ImageOptions(image_size=16, channels=channels, fit=fit))
    data = load_dataset(info.name)
    for split in ("train", "test"):
        text = script(data, info, split)
        assert ("nnlab" in text.partition("FOLDER")[0]) == (write is _with_transparency)
        space, kept = run(text), getattr(data, split)
        images = torch.stack([space["dataset"][i][0] for i in range(len(kept))])
        assert torch.equal(images, normalised(data, kept.images))
        assert torch.equal(space["labels"], kept.labels)
