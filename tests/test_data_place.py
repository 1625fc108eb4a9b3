"""Where an image's bytes are: what is read there, by hand, is the image."""

from __future__ import annotations

import bz2
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published import NAMES, TEST, TRAIN, write_dataset
from scipy.io import loadmat

from nnlab.data import dataset_info, load_dataset
from nnlab.data.sources import Place
from nnlab.data.strokes.pen import write_digits

CASES = [("train", 0), ("train", 37), ("train", TRAIN - 1), ("test", 0), ("test", TEST - 1)]


def pixels_at(name: str, place: Place, root: Path) -> np.ndarray:
    """The image (C, H, W) that the file holds at that place, read with the least of tools."""
    path, values = root / place.file, place.where.values
    if name == "usps":
        line = bz2.decompress(path.read_bytes()).decode().splitlines()[values["line"] - 1]
        numbers = np.array([float(part.partition(":")[2]) for part in line.split()[1:]])
        return ((numbers + 1) / 2 * 255).astype(np.uint8).reshape(1, 16, 16)
    if name == "svhn":
        return loadmat(path)["X"][:, :, :, values["index"]].transpose(2, 0, 1)
    if name.startswith("cifar"):
        row = pickle.loads(path.read_bytes(), encoding="latin1")["data"][values["row"]]
        assert row.nbytes == place.bytes
        return row.reshape(3, 32, 32)
    found = path.read_bytes()[values["first"] : values["last"] + 1]
    assert len(found) == place.bytes
    pixels = np.frombuffer(found, np.uint8).reshape(1, 28, 28)
    return pixels.transpose(0, 2, 1) if "column by column" in place.where else pixels


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_at_the_place_are_the_image(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(name, tmp_path, monkeypatch)
    info, data = dataset_info(name), load_dataset(name, tmp_path)
    source: Any = info.source
    if name.startswith("cifar"):  # the files of this test are shorter
        source = replace(source, rows=TRAIN // (5 if name == "cifar10" else 1))
    for split, index in CASES:
        place = source.place(split, index)
        image = getattr(data, split).images[index]
        assert np.array_equal(pixels_at(name, place, tmp_path), image.numpy())
        assert place.mode == {1: "L", 3: "RGB"}[len(image)]
        assert place.size == tuple(image.shape[:0:-1])


def test_the_published_batches_of_cifar10_have_ten_thousand_rows_each() -> None:
    place = dataset_info("cifar10").source.place("train", 23_456)
    assert place.file == "cifar-10-batches-py/data_batch_3"
    assert str(place.where).startswith("row 3,456 of")


@pytest.mark.mnist
@pytest.mark.parametrize(("split", "index"), [("train", 0), ("train", 59_999), ("test", 9_999)])
def test_mnist_itself(split: str, index: int) -> None:
    from nnlab.paths import data_root

    if not (data_root() / "MNIST/raw/train-images-idx3-ubyte").is_file():
        pytest.skip("MNIST is not in the data root")
    place = dataset_info("mnist").source.place(split, index)
    image = getattr(load_dataset("mnist"), split).images[index]
    assert np.array_equal(pixels_at("mnist", place, data_root()), image.numpy())


@pytest.mark.parametrize(("split", "index"), [("train", 4_321), ("test", 3_999)])
def test_the_pen_writes_the_image_again(split: str, index: int) -> None:
    place = dataset_info("strokes").source.place(split, index)
    assert (place.file, place.bytes) == ("", None)
    values = place.where.values
    again = write_digits(values["count"], values["seed"])
    mine = getattr(load_dataset("strokes"), split)
    assert torch.equal(again.images[values["row"]], mine.images[index])
    assert again.labels[values["row"]] == mine.labels[index]
