"""A dataset is read once for everyone, and given back when nobody needs it."""

from __future__ import annotations

import gc
import math
import shutil
import threading
import weakref
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from published import torchvision_items, write_dataset

from nnlab.data import Dataset, Split, dataset_info, is_present, load_dataset, loading, measure
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


@pytest.mark.parametrize("shape", [(700, 1, 28, 28), (600, 2, 13, 13), (3, 3, 16, 16), (1, 1, 1, 257)])
def test_mean_and_std_are_exact(shape: tuple[int, int, int, int]) -> None:
    images = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    for brighter in (images, images | 0b11110000, torch.full_like(images, 255)):
        mean, std = measure(brighter)
        for channel, ours in enumerate(zip(mean, std, strict=True)):
            counts = Counter(brighter[:, channel].reshape(-1).tolist())
            total = sum(counts.values())
            middle = sum(Fraction(value, 255) * count for value, count in counts.items()) / total
            spread = sum((Fraction(value, 255) - middle) ** 2 * count for value, count in counts.items())
            assert ours == pytest.approx((float(middle), math.sqrt(spread / total)), rel=1e-15)


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
    for ours, train in ((data.train, True), (data.test, False)):
        theirs = torchvision_items("mnist", _mnist_root(), train)
        assert torch.equal(ours.images, theirs.data.unsqueeze(1))
        assert torch.equal(ours.labels, theirs.targets)
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
