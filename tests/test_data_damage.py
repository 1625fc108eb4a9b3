"""Files absent, cut off, garbled or tampered with: one sentence with the file, the fault, the way out."""

from __future__ import annotations

import gzip
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets as tv
from published import NAMES, md5, write_dataset

from nnlab.data import dataset_info, is_present, load_dataset
from nnlab.errors import DataError

IDX = [name for name in NAMES if any("idx" in file for file in dataset_info(name).source.files)]
REST = [name for name in NAMES if name not in IDX]


def _refused(name: str, root: Path) -> str:
    """The sentence with which the dataset is refused; it always names the way out."""
    with pytest.raises(DataError) as error:
        load_dataset(name, root)
    sentence = str(error.value)
    assert 'built-in dataset "strokes"' in sentence
    assert dataset_info(name).title in sentence
    return sentence


@pytest.mark.parametrize("name", NAMES)
def test_nothing_there(name: str, tmp_path: Path) -> None:
    assert not is_present(name, tmp_path)
    assert str(tmp_path) in _refused(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_each_file_in_turn_deleted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(name, tmp_path, monkeypatch)
    load_dataset(name, tmp_path)
    for file in dataset_info(name).source.files:
        assert is_present(name, tmp_path)
        (tmp_path / file).rename(tmp_path / "elsewhere")
        assert not is_present(name, tmp_path)
        sentence = _refused(name, tmp_path)
        assert str(tmp_path) in sentence and f"{file} is missing" in sentence
        (tmp_path / "elsewhere").rename(tmp_path / file)


@pytest.mark.parametrize("name", IDX)
@pytest.mark.parametrize("which", range(4))
def test_an_idx_file_damaged_in_any_way(
    name: str, which: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(name, tmp_path, monkeypatch)
    path = tmp_path / dataset_info(name).source.files[which]
    whole = path.read_bytes()
    dims = whole[3]
    sizes = [int(size) for size in np.frombuffer(whole, ">u4", count=dims, offset=4)]
    factors = [str(size) for size in sizes] + (["4"] if whole[2] == 0x0C else [])
    arithmetic = f"{4 + 4 * dims} + {' × '.join(factors)} = {len(whole)} bytes"
    huge = whole[:4] + b"\xff" * 4 * dims + whole[4 + 4 * dims :]
    for damaged, says in (
        (whole[:-1], f"{arithmetic}, and it has {len(whole) - 1}"),
        (whole + b"\0", f"{arithmetic}, and it has {len(whole) + 1}"),
        (whole[: len(whole) // 2], f"{arithmetic}, and it has {len(whole) // 2}"),
        (huge, f"and it has {len(whole)}"),
        (whole[:6], f"alone should have {4 + 4 * dims} bytes, the file has 6"),
        (whole[:3], f"this one with {whole[:3].hex(' ')}"),
        (b"", "this one with (none)"),
        (b"\0\0\x0d" + whole[3:], "this one with 00 00 0d"),
        (gzip.compress(whole), "this one with 1f 8b"),
    ):
        path.write_bytes(damaged)
        sentence = _refused(name, tmp_path)
        assert sentence.startswith(f"{path} is damaged")
        assert says in sentence
    path.write_bytes(whole)
    load_dataset(name, tmp_path)


def test_fewer_labels_than_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("mnist", tmp_path, monkeypatch)
    path = tmp_path / "MNIST/raw/t10k-labels-idx1-ubyte"
    path.write_bytes(bytes((0, 0, 8, 1, 0, 0, 0, 5)) + b"\1" * 5)
    assert "23 images and 5 labels" in _refused("mnist", tmp_path)


def test_a_label_that_no_class_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("emnist_letters", tmp_path, monkeypatch)
    path = tmp_path / "EMNIST/raw/emnist-letters-train-labels-idx1-ubyte"
    whole = path.read_bytes()
    for label, found in ((0, "from -1 to 25"), (27, "from 0 to 26")):
        path.write_bytes(whole[:20] + bytes((label,)) + whole[21:])
        assert found in _refused("emnist_letters", tmp_path)


def test_images_of_another_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("kmnist", tmp_path, monkeypatch)
    for split, count in (("train", 60), ("t10k", 23)):
        header = bytes((0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 14, 0, 0, 0, 56))
        path = tmp_path / f"KMNIST/raw/{split}-images-idx3-ubyte"
        path.write_bytes(header + path.read_bytes()[16:])
    assert "the shape (1, 14, 56) instead of (1, 28, 28)" in _refused("kmnist", tmp_path)


@pytest.mark.parametrize("name", REST)
def test_one_changed_byte_where_checksums_are_published(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(name, tmp_path, monkeypatch)
    for file in dataset_info(name).source.files:
        if "meta" in file:  # the names of the classes; the lab has its own
            continue
        path = tmp_path / file
        whole = path.read_bytes()
        for damaged in (whole[:40] + bytes((whole[40] ^ 1,)) + whole[41:], whole[:-1], b""):
            path.write_bytes(damaged)
            sentence = _refused(name, tmp_path)
            assert sentence.startswith(f"{path} is damaged")
            assert md5(whole) in sentence and md5(damaged) in sentence
        path.write_bytes(whole)
    load_dataset(name, tmp_path)


class _Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_is_not_the_original_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset("cifar10", tmp_path, monkeypatch)
    trap = tmp_path / "sprung"
    batch = tmp_path / tv.CIFAR10.base_folder / "data_batch_3"
    batch.write_bytes(pickle.dumps(_Trap(trap)))
    _refused("cifar10", tmp_path)
    assert not trap.exists()


def test_a_folder_in_the_place_of_the_data_root(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert not is_present("mnist", tmp_path / "file")
    _refused("mnist", tmp_path / "file")


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("mnist", tmp_path, monkeypatch)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "train-images-idx3-ubyte")

    monkeypatch.setattr(np, "fromfile", refuse)
    assert "Permission denied" in _refused("mnist", tmp_path)
