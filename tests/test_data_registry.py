"""Every entry of the registry, against torchvision's own classes on the same files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision.datasets as tv
from published import NAMES, TEST, TRAIN, torchvision_items, write_dataset
from torchvision.transforms.functional import pil_to_tensor

from nnlab.data import BUILT_IN, dataset_info, dataset_names, is_present, load_dataset, register
from nnlab.data.dataset import Split
from nnlab.errors import DataError


@pytest.mark.parametrize("name", NAMES)
def test_every_image_and_label_is_torchvisions(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(name, tmp_path, monkeypatch)
    data = load_dataset(name, tmp_path)
    info = dataset_info(name)
    assert (data.name, data.title, data.classes, data.shape) == (name, info.title, info.classes, info.shape)
    assert data.drawable == info.drawable
    _same(name, data.train, torchvision_items(name, tmp_path, train=True), TRAIN)
    _same(name, data.test, torchvision_items(name, tmp_path, train=False), TEST)
    assert int(data.train.labels.min()) == 0
    assert int(data.train.labels.max()) == len(data.classes) - 1
    pixels = data.train.images.double() / 255
    assert data.mean == pytest.approx(pixels.mean((0, 2, 3)).tolist(), abs=1e-12)
    assert data.std == pytest.approx(pixels.std((0, 2, 3), correction=0).tolist(), abs=1e-12)


def _same(name: str, ours: Split, theirs: object, count: int) -> None:
    assert len(ours) == len(theirs) == count  # type: ignore[arg-type]
    assert ours.images.is_contiguous()
    for i in range(count):
        image, label = theirs[i]  # type: ignore[index]
        expected = pil_to_tensor(image)
        if name.startswith("emnist"):
            expected = expected.transpose(1, 2)  # torchvision leaves the letters lying on their side
        assert torch.equal(ours.images[i], expected)
        assert int(ours.labels[i]) == label - (name == "emnist_letters")


def test_the_names() -> None:
    assert dataset_names() == [
        "strokes", "mnist", "fashion_mnist", "kmnist", "qmnist", "emnist_letters", "emnist_balanced", "usps",
        "cifar10", "cifar100", "svhn",
    ]  # fmt: skip
    assert dataset_names()[0] == BUILT_IN


@pytest.mark.parametrize("name", dataset_names())
def test_an_entry_describes_itself(name: str) -> None:
    info = dataset_info(name)
    assert info.name == name
    assert info.title and info.origin and info.licence
    assert len(set(info.classes)) == len(info.classes) > 1
    assert info.train_count >= info.test_count > 0
    assert info.built_in == (name == BUILT_IN) == (info.download_bytes == 0)
    assert all(file.startswith(info.folder) for file in info.source.files)
    if info.drawable:
        assert info.shape == (1, 28, 28)


def test_class_names_are_torchvisions() -> None:
    assert dataset_info("fashion_mnist").classes == tuple(tv.FashionMNIST.classes)
    assert dataset_info("emnist_letters").classes == tuple(tv.EMNIST.classes_split_dict["letters"][1:])
    assert dataset_info("emnist_balanced").classes == tuple(tv.EMNIST.classes_split_dict["balanced"])
    assert [name.split()[1] for name in dataset_info("kmnist").classes] == tv.KMNIST.classes
    hundred = dataset_info("cifar100").classes
    assert len(hundred) == 100
    assert list(hundred) == sorted(hundred)


@pytest.mark.parametrize("name", NAMES)
def test_addresses_are_https_and_checksums_torchvisions(name: str) -> None:
    for archive in dataset_info(name).source.archives():
        assert all(re.match(r"https://[a-z0-9.-]+/", url) for url in archive.urls)
        assert len({url.rsplit("/", 1)[-1] for url in archive.urls}) == 1
        assert re.fullmatch(r"[0-9a-f]{32}", archive.md5)


def test_an_unknown_name() -> None:
    with pytest.raises(
        DataError, match=r'no dataset "mnits"; did you mean "mnist"\? Known are: strokes, mnist'
    ):
        dataset_info("mnits")
    with pytest.raises(DataError, match='did you mean "emnist_letters"'):
        load_dataset("emnist")
    with pytest.raises(DataError, match='did you mean "fashion_mnist"'):
        is_present("Fashion-MNIST")
    with pytest.raises(DataError, match=r'no dataset "zebra"\. Known are: .*svhn'):
        load_dataset("zebra")
    with pytest.raises(DataError, match='no dataset ""'):
        load_dataset("")


def test_a_taken_name_cannot_be_registered() -> None:
    with pytest.raises(DataError, match='already a dataset "mnist"'):
        register(dataset_info("mnist"))


def test_describing_and_reading_mnist_need_no_torchvision() -> None:
    heavy = "('torchvision', 'scipy', 'streamlit')"
    code = f"import sys, nnlab.data; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
