"""The two zips of photographs, against torchvision's ImageFolder and a CSV read by hand."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms.functional import pil_to_tensor

import nnlab
from nnlab.cli import main
from nnlab.data.images import look_at
from nnlab.runs import RunStore

pytest_plugins = ("own_images_fixtures",)

_DATA = os.environ.get("NNLAB_DATA")
FOLDERS, TABLE = (Path(_DATA or "") / "photos" / f"cifar10-{kind}.zip" for kind in ("folders", "csv"))
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
pytestmark = [
    pytest.mark.photos,
    pytest.mark.skipif(
        not _DATA or not FOLDERS.is_file() or not TABLE.is_file(),
        reason="the zips of photographs are not in the data root; set NNLAB_DATA to a folder that has them",
    ),
    pytest.mark.usefixtures("root"),
]


def test_class_folders_are_those_of_torchvision(tmp_path: Path) -> None:
    data = nnlab.load_images(FOLDERS)
    assert data.classes == CLASSES and (len(data.train), len(data.test)) == (3000, 600)
    zipfile.ZipFile(FOLDERS).extractall(tmp_path / "photos")
    info = nnlab.data.dataset_info(data.name)
    for split in ("train", "test"):
        folder = ImageFolder(tmp_path / "photos" / split, transform=pil_to_tensor)
        mine = getattr(data, split)
        assert tuple(folder.classes) == data.classes and mine.labels.tolist() == folder.targets
        assert torch.equal(mine.images, torch.stack([image for image, _ in folder]))
        for index in (0, 7, len(folder) - 1):
            place = info.source.place(split, index)
            assert folder.samples[index][0].endswith(place.file)
    unpacked = nnlab.load_images(tmp_path / "photos")
    assert torch.equal(unpacked.train.images, data.train.images)
    assert torch.equal(unpacked.test.labels, data.test.labels)


def test_the_table_gives_a_thousand() -> None:
    data = nnlab.load_images(TABLE)
    assert data.classes == tuple("0123456789") and (len(data.train), len(data.test)) == (800, 200)
    assert torch.bincount(data.train.labels).tolist() == [80] * 10
    with zipfile.ZipFile(TABLE) as archive:
        rows = csv.reader(io.TextIOWrapper(archive.open("labels.csv"), "utf-8"))
        label_of = {f"images/{file}": int(label) for file, label in rows}
        source = nnlab.data.dataset_info(data.name).source
        for split in ("train", "test"):
            mine = getattr(data, split)
            for index in range(len(mine)):
                file = source.place(split, index).file
                assert mine.labels[index] == label_of.pop(file)
                picture = Image.open(archive.open(file)).convert("RGB")
                assert torch.equal(mine.images[index], pil_to_tensor(picture))
    assert not label_of


def test_what_they_hold() -> None:
    found = look_at(FOLDERS)
    assert found.counts == {"train": (300,) * 10, "test": (60,) * 10}
    assert len({example.label for example in found.examples}) == 8
    assert look_at(TABLE).counts == {"train": (100,) * 10, "test": None}


def test_trained_from_the_shell_where_data_is_only_read(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root.mkdir()
    root.chmod(0o555)
    command = ["train", "--images", str(TABLE), "--model", "convnet", "--epochs", "1"]
    assert main([*command, "--runs", str(tmp_path / "runs")]) == 0
    (run,) = RunStore(tmp_path / "runs").runs()
    assert run.state == "finished" and (run.status.result or {})["test_accuracy"] > 0.1
    assert not list(root.iterdir())
    root.chmod(0o755)
