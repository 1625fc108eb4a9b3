"""Small datasets in the very files that the publishers use, for every dataset that torchvision knows.

The checksums in torchvision's tables are replaced by those of these files.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision.datasets as tv
from scipy.io import savemat

from nnlab.data.registry import dataset_info, dataset_names
from nnlab.data.sources import Archive

NAMES = [name for name in dataset_names() if dataset_info(name).source.archives()]
TRAIN, TEST = 60, 23  # images in each split
_IDX_FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}


def write_dataset(name: str, root: Path, patch: pytest.MonkeyPatch, seed: int = 0) -> None:
    """Write the dataset below `root` as the publisher does, random but for the labels' range."""
    random = np.random.default_rng(seed)
    if name in _IDX_FOLDERS:
        folder = root / _IDX_FOLDERS[name] / "raw"
        for split, count in (("train", TRAIN), ("t10k", TEST)):
            _write_idx(folder / f"{split}-images-idx3-ubyte", _pixels(random, count, 28, 28))
            _write_idx(folder / f"{split}-labels-idx1-ubyte", _labels(random, count, 10).astype(np.uint8))
    elif name == "qmnist":
        folder = root / "QMNIST" / "raw"
        for split, count in (("train", TRAIN), ("test", TEST)):
            table = random.integers(0, 70_000, (count, 8))
            table[:, 0] = _labels(random, count, 10)
            _write_idx(folder / f"qmnist-{split}-images-idx3-ubyte", _pixels(random, count, 28, 28))
            _write_idx(folder / f"qmnist-{split}-labels-idx2-int", table.astype(">i4"))
    elif name.startswith("emnist_"):
        kind = name.removeprefix("emnist_")
        for split, count in (("train", TRAIN), ("test", TEST)):
            labels = _labels(random, count, 26) + 1 if kind == "letters" else _labels(random, count, 47)
            start = root / "EMNIST" / "raw" / f"emnist-{kind}-{split}"
            _write_idx(Path(f"{start}-images-idx3-ubyte"), _pixels(random, count, 28, 28))
            _write_idx(Path(f"{start}-labels-idx1-ubyte"), labels.astype(np.uint8))
    elif name == "usps":
        _write_usps(root, random, patch)
    elif name == "svhn":
        _write_svhn(root, random, patch)
    else:
        _write_cifar(tv.CIFAR10 if name == "cifar10" else tv.CIFAR100, root, random, patch)


def torchvision_items(name: str, root: Path, train: bool) -> Any:
    """torchvision's own dataset object for the files below `root`: items are (PIL image, label)."""
    split = "train" if train else "test"
    return {
        "mnist": lambda: tv.MNIST(root, train=train),
        "fashion_mnist": lambda: tv.FashionMNIST(root, train=train),
        "kmnist": lambda: tv.KMNIST(root, train=train),
        "qmnist": lambda: tv.QMNIST(root, train=train),
        "emnist_letters": lambda: tv.EMNIST(root, split="letters", train=train),
        "emnist_balanced": lambda: tv.EMNIST(root, split="balanced", train=train),
        "usps": lambda: tv.USPS(root, train=train),
        "cifar10": lambda: tv.CIFAR10(root, train=train),
        "cifar100": lambda: tv.CIFAR100(root, train=train),
        "svhn": lambda: tv.SVHN(root, split=split),
    }[name]()


def packed(archive: Archive, root: Path) -> bytes:
    """The published file that holds what lies below `root`."""
    if archive.packing == "plain":
        return (root / archive.into / archive.name).read_bytes()
    if archive.packing == "gz":
        return gzip.compress((root / archive.into / archive.name.removesuffix(".gz")).read_bytes())
    file = io.BytesIO()
    if archive.packing == "tar.gz":
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            for path in sorted(root.iterdir()):
                tar.add(path, path.name)
    else:
        with zipfile.ZipFile(file, "w") as archive_file:
            for path in sorted((root / archive.into).iterdir()):
                archive_file.writestr(f"gzip/{path.name}.gz", gzip.compress(path.read_bytes()))
            archive_file.writestr("gzip/emnist-mnist-test-labels-idx1-ubyte.gz", gzip.compress(b"not wanted"))
    return file.getvalue()


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def _pixels(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.integers(0, 256, shape, dtype=np.uint8)


def _labels(random: np.random.Generator, count: int, classes: int) -> np.ndarray:
    labels = random.integers(0, classes, count)
    labels[:2] = 0, classes - 1  # both ends occur
    return labels


def _write_idx(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {1: 0x08, 4: 0x0C}[values.itemsize]
    header = bytes((0, 0, kind, values.ndim)) + np.array(values.shape, dtype=">u4").tobytes()
    path.write_bytes(header + values.tobytes())


def _write_usps(root: Path, random: np.random.Generator, patch: pytest.MonkeyPatch) -> None:
    listed = {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        url, file, _ = tv.USPS.split_list[split]
        lines = []
        for label in _labels(random, count, 10) + 1:
            values = (f"{i}:{value:.6f}" for i, value in enumerate(random.uniform(-1, 1, 256), start=1))
            lines.append(f"{label} {' '.join(values)}\n")
        data = bz2.compress("".join(lines).encode())
        (root / file).write_bytes(data)
        listed[split] = [url, file, md5(data)]
    patch.setattr(tv.USPS, "split_list", listed)


def _write_svhn(root: Path, random: np.random.Generator, patch: pytest.MonkeyPatch) -> None:
    listed = {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        url, file, _ = tv.SVHN.split_list[split]
        labels = (_labels(random, count, 10) + 1).astype(np.uint8)  # 10 stands for the digit 0
        values = {"X": _pixels(random, 32, 32, 3, count), "y": labels[:, None]}
        savemat(root / file, values, do_compression=True)
        listed[split] = [url, file, md5((root / file).read_bytes())]
    patch.setattr(tv.SVHN, "split_list", listed)


def _write_cifar(kind: Any, root: Path, random: np.random.Generator, patch: pytest.MonkeyPatch) -> None:
    folder = root / kind.base_folder
    folder.mkdir(parents=True)
    fine = kind is tv.CIFAR100

    def write(name: str, value: dict[str, Any]) -> str:
        data = pickle.dumps(value, protocol=2)
        (folder / name).write_bytes(data)
        return md5(data)

    def batch(name: str, count: int) -> list[str]:
        labels = _labels(random, count, 100 if fine else 10).tolist()
        value = {"data": _pixels(random, count, 3072), "fine_labels" if fine else "labels": labels}
        return [name, write(name, value)]

    train = [batch(name, TRAIN // len(kind.train_list)) for name, _ in kind.train_list]
    test = [batch(name, TEST) for name, _ in kind.test_list]
    classes = list(dataset_info("cifar100" if fine else "cifar10").classes)
    meta = dict(kind.meta, md5=write(kind.meta["filename"], {kind.meta["key"]: classes}))
    patch.setattr(kind, "train_list", train)
    patch.setattr(kind, "test_list", test)
    patch.setattr(kind, "meta", meta)
