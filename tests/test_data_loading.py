"""A dataset is read once for everyone, and given back when nobody needs it."""

from __future__ import annotations

import gc
import shutil
import threading
import weakref
from pathlib import Path

import pytest
import torch
from published import write_dataset

from nnlab.data import Dataset, Split, dataset_info, is_present, load_dataset, loading
from nnlab.data.torchvision_sources import IdxSource
from nnlab.errors import DataError
from nnlab.paths import data_root


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The roots from which files of IDX datasets were really read, in order."""
    seen: list[Path] = []
    read = IdxSource.read

    def counted(self: IdxSource, root: Path) -> tuple[Split, Split]:
        seen.append(root)
        return read(self, root)

    monkeypatch.setattr(IdxSource, "read", counted)
    return seen


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_kept", type(loading._kept)())
    monkeypatch.setattr(loading, "_alive", weakref.WeakValueDictionary())


def test_the_same_tensors_for_everyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[Path]
) -> None:
    write_dataset("mnist", tmp_path, monkeypatch)
    first = load_dataset("mnist", tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    assert load_dataset("mnist") is first
    assert load_dataset("mnist", str(tmp_path / "link")) is first
    assert load_dataset("mnist", tmp_path, download=True) is first
    assert reads == [tmp_path]


def test_many_threads_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[Path]) -> None:
    write_dataset("mnist", tmp_path, monkeypatch)
    start = threading.Barrier(12)
    got: list[Dataset] = []

    def ask() -> None:
        start.wait()
        got.append(load_dataset("mnist", tmp_path))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 12 and len(set(map(id, got))) == 1
    assert len(reads) == 1


def test_two_roots_are_two_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, folder in enumerate(("a", "b")):
        (tmp_path / folder).mkdir()
        write_dataset("mnist", tmp_path / folder, monkeypatch, seed)
    a, b = (load_dataset("mnist", tmp_path / folder) for folder in ("a", "b"))
    assert not torch.equal(a.train.images, b.train.images)


def test_a_changed_file_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("mnist", tmp_path, monkeypatch, seed=0)
    before = load_dataset("mnist", tmp_path)
    shutil.rmtree(tmp_path / "MNIST")
    with pytest.raises(DataError, match="is missing there"):
        load_dataset("mnist", tmp_path)
    write_dataset("mnist", tmp_path, monkeypatch, seed=1)
    assert not torch.equal(load_dataset("mnist", tmp_path).train.images, before.train.images)


def test_a_failure_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError):
        load_dataset("mnist", tmp_path)
    write_dataset("mnist", tmp_path, monkeypatch)
    assert len(load_dataset("mnist", tmp_path).train) == 60


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[Path]) -> None:
    for name in ("mnist", "kmnist", "fashion_mnist"):
        write_dataset(name, tmp_path, monkeypatch)
    monkeypatch.setattr(loading, "KEPT_BYTES", 150_000)  # two of them are 131 kB
    held = load_dataset("mnist", tmp_path)
    dropped = weakref.ref(load_dataset("kmnist", tmp_path))
    assert len(reads) == 2
    load_dataset("mnist", tmp_path)  # now kmnist is the one not used for longest
    load_dataset("fashion_mnist", tmp_path)
    gc.collect()
    assert dropped() is None
    assert sum(map(loading._bytes, loading._kept.values())) <= 150_000
    load_dataset("kmnist", tmp_path)
    assert len(reads) == 4
    assert load_dataset("mnist", tmp_path) is held  # no longer kept, but somebody still holds it
    assert len(reads) == 4


def test_one_larger_than_the_bound_is_still_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[Path]
) -> None:
    write_dataset("mnist", tmp_path, monkeypatch)
    monkeypatch.setattr(loading, "KEPT_BYTES", 1)
    load_dataset("mnist", tmp_path)
    gc.collect()
    load_dataset("mnist", tmp_path)
    assert len(reads) == 1


def _mnist_root() -> Path:
    root = data_root()
    if not is_present("mnist", root):
        pytest.skip(f"the MNIST files are not in {root}; set NNLAB_DATA to a folder that has them")
    return root


@pytest.mark.mnist
def test_mnist_itself() -> None:
    data = load_dataset("mnist", _mnist_root())
    info = dataset_info("mnist")
    assert (len(data.train), len(data.test)) == (info.train_count, info.test_count) == (60_000, 10_000)
    assert data.train.images.shape == (60_000, 1, 28, 28)
    # The figures everybody normalises MNIST with.
    assert [round(value, 4) for value in (*data.mean, *data.std)] == [0.1307, 0.3081]
    assert data.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert torch.bincount(data.test.labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


@pytest.mark.mnist
def test_one_wrong_pixel_in_mnist_is_found(tmp_path: Path) -> None:
    shutil.copytree(_mnist_root() / "MNIST", tmp_path / "MNIST")
    path = tmp_path / "MNIST/raw/train-images-idx3-ubyte"
    path.chmod(0o644)
    with open(path, "r+b") as file:
        file.seek(30_000_000)
        pixel = file.read(1)[0]
        file.seek(30_000_000)
        file.write(bytes((pixel ^ 1,)))
    with pytest.raises(
        DataError, match=r"train-images-idx3-ubyte is damaged: its size is right, but its checks"
    ):
        load_dataset("mnist", tmp_path)
