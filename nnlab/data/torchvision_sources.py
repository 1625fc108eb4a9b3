"""The datasets that torchvision knows, in torchvision's own layout of files.

Addresses, checksums and file names are torchvision's tables, read from its classes when they are needed
(importing it takes a second, so reading MNIST does without). Its readers are used for USPS and SVHN;
IDX files and CIFAR batches are read here, into the same values, because each file is checked first.

torchvision lists a few addresses as plain http. Only https is used: the same host where it answers
there, or the publisher's other address.

Not covered: QMNIST's further columns, EMNIST's other splits, SVHN's extra split, CIFAR-100's coarse labels.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnlab.data.dataset import Split
from nnlab.data.idx import read_idx
from nnlab.data.sources import Archive, Place
from nnlab.errors import DataError, Sentence

# The publishers' https addresses where torchvision has none that answers.
_HTTPS = {
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/":
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
}  # fmt: skip

# MNIST itself, unpacked (torchvision publishes checksums of the packed files only); 25 ms to verify.
_MNIST_SHA256 = {
    "train-images-idx3-ubyte": {
        47_040_016: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
    "train-labels-idx1-ubyte": {60_008: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
    "t10k-images-idx3-ubyte": {7_840_016: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
    "t10k-labels-idx1-ubyte": {10_008: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
}  # fmt: skip


@dataclass(frozen=True)
class IdxSource:
    """MNIST, Fashion-MNIST, KMNIST: four IDX files in ``<class>/raw``."""

    tv_class: str

    @property
    def folder(self) -> str:
        return f"{self.tv_class}/raw"

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(
            f"{self.folder}/{split}-{part}"
            for split in ("train", "t10k")
            for part in ("images-idx3-ubyte", "labels-idx1-ubyte")
        )

    def read(self, root: Path) -> tuple[Split, Split]:
        known = _MNIST_SHA256 if self.tv_class == "MNIST" else {}
        images, labels, test_images, test_labels = (
            read_idx(root / name, "uint8", 3 if "images" in name else 1, known.get(name.rsplit("/", 1)[-1]))
            for name in self.files
        )
        return _split(root / self.folder, images, labels), _split(
            root / self.folder, test_images, test_labels
        )

    def place(self, split: str, index: int) -> Place:
        return _in_idx(self.files[0 if split == "train" else 2], index)

    def archives(self) -> tuple[Archive, ...]:
        tv = _torchvision(self.tv_class)
        return tuple(
            Archive(_https([mirror + name for mirror in tv.mirrors]), md5, self.folder, "gz")
            for name, md5 in tv.resources
        )


@dataclass(frozen=True)
class QmnistSource:
    """QMNIST: labels in the first of eight columns of big-endian integers."""

    folder: str = "QMNIST/raw"
    files: tuple[str, ...] = tuple(
        f"QMNIST/raw/qmnist-{split}-{part}"
        for split in ("train", "test")
        for part in ("images-idx3-ubyte", "labels-idx2-int")
    )

    def read(self, root: Path) -> tuple[Split, Split]:
        images, labels, test_images, test_labels = (
            read_idx(root / name, "uint8" if "images" in name else "int32", 3 if "images" in name else 2)
            for name in self.files
        )
        folder = root / self.folder
        return _split(folder, images, labels[:, 0]), _split(folder, test_images, test_labels[:, 0])

    def place(self, split: str, index: int) -> Place:
        return _in_idx(self.files[0 if split == "train" else 2], index)

    def archives(self) -> tuple[Archive, ...]:
        resources = _torchvision("QMNIST").resources
        return tuple(
            Archive(_https([url]), md5, self.folder, "gz")
            for split in ("train", "test")
            for url, md5 in resources[split]
        )


@dataclass(frozen=True)
class EmnistSource:
    """A split of EMNIST. Its images are stored column by column, and "letters" counts from 1."""

    split: str
    first_label: int
    folder: str = "EMNIST/raw"

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(
            f"{self.folder}/emnist-{self.split}-{part}"
            for part in (
                "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                "test-images-idx3-ubyte", "test-labels-idx1-ubyte",
            )
        )  # fmt: skip

    def read(self, root: Path) -> tuple[Split, Split]:
        images, labels, test_images, test_labels = (
            read_idx(root / name, "uint8", 3 if "images" in name else 1) for name in self.files
        )
        folder = root / self.folder
        return (
            _split(folder, images.transpose(1, 2), labels.long() - self.first_label),
            _split(folder, test_images.transpose(1, 2), test_labels.long() - self.first_label),
        )

    def place(self, split: str, index: int) -> Place:
        return _in_idx(self.files[0 if split == "train" else 2], index, turned=True)

    def archives(self) -> tuple[Archive, ...]:
        tv = _torchvision("EMNIST")
        # One archive holds every split; both that the lab knows are taken out, so that it travels once.
        keep = ("*/emnist-letters-*.gz", "*/emnist-balanced-*.gz")
        return (Archive(_https([tv.url]), tv.md5, self.folder, "zip of gz", keep),)


@dataclass(frozen=True)
class UspsSource:
    """USPS digits of 16x16 pixels: two bzip2 files in LIBSVM's text format, in the root itself."""

    folder: str = ""
    files: tuple[str, ...] = ("usps.bz2", "usps.t.bz2")

    def read(self, root: Path) -> tuple[Split, Split]:
        tv = _torchvision("USPS")
        splits = []
        for split in ("train", "test"):
            _, name, md5 = tv.split_list[split]
            _verified(root / name, md5)
            data = tv(root, train=split == "train")
            splits.append(_split(root / name, torch.from_numpy(data.data), torch.tensor(data.targets)))
        return splits[0], splits[1]

    def place(self, split: str, index: int) -> Place:
        where = Sentence(
            "line {line:,} of the text that is packed in it: the label, then 256 numbers from -1 to 1",
            line=index + 1,
        )
        return Place(self.files[0 if split == "train" else 1], where, None, "", "L", (16, 16))

    def archives(self) -> tuple[Archive, ...]:
        listed = _torchvision("USPS").split_list
        return tuple(Archive(_https([listed[s][0]]), listed[s][2], "", "plain") for s in ("train", "test"))


@dataclass(frozen=True)
class CifarSource:
    """CIFAR-10 and CIFAR-100: pickled batches of which only the published originals are ever unpickled."""

    tv_class: str
    label_key: str
    rows: int  # images in each file of the training split

    @property
    def folder(self) -> str:
        return {"CIFAR10": "cifar-10-batches-py", "CIFAR100": "cifar-100-python"}[self.tv_class]

    @property
    def files(self) -> tuple[str, ...]:
        names = {
            "CIFAR10": (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"),
            "CIFAR100": ("train", "test", "meta"),
        }[self.tv_class]
        return tuple(f"{self.folder}/{name}" for name in names)

    def read(self, root: Path) -> tuple[Split, Split]:
        tv = _torchvision(self.tv_class)
        folder = root / self.folder
        return self._read(folder, tv.train_list), self._read(folder, tv.test_list)

    def _read(self, folder: Path, listed: Sequence[tuple[str, str]]) -> Split:
        images, labels = [], []
        for name, md5 in listed:
            # The verified bytes themselves are unpickled, not the file a second time.
            batch = pickle.loads(_verified(folder / name, md5), encoding="latin1")
            images.append(torch.from_numpy(batch["data"]).view(-1, 3, 32, 32))
            labels.extend(batch[self.label_key])
        return _split(folder, torch.cat(images), torch.tensor(labels))

    def place(self, split: str, index: int) -> Place:
        batch, row = divmod(index, self.rows) if split == "train" else (-2, index)  # the last names classes
        where = Sentence(
            "row {row:,} of the array in this pickled batch: all red values, then all green, then all blue",
            row=row,
        )
        return Place(self.files[batch], where, 3 * 32 * 32, "", "RGB", (32, 32))

    def archives(self) -> tuple[Archive, ...]:
        tv = _torchvision(self.tv_class)
        return (Archive(_https([tv.url]), tv.tgz_md5, "", "tar.gz"),)


@dataclass(frozen=True)
class SvhnSource:
    """House numbers: two MATLAB files in the root itself, images stored (H, W, C, N), the digit 0 as 10."""

    folder: str = ""
    files: tuple[str, ...] = ("train_32x32.mat", "test_32x32.mat")

    def read(self, root: Path) -> tuple[Split, Split]:
        tv = _torchvision("SVHN")
        splits = []
        for split in ("train", "test"):
            _, name, md5 = tv.split_list[split]
            _verified(root / name, md5)
            data = tv(root, split=split)
            images = torch.from_numpy(np.ascontiguousarray(data.data))
            splits.append(_split(root / name, images, torch.from_numpy(data.labels)))
        return splits[0], splits[1]

    def place(self, split: str, index: int) -> Place:
        where = Sentence("X[:, :, :, {index}] of the arrays packed in this MATLAB file", index=index)
        return Place(self.files[0 if split == "train" else 1], where, None, "", "RGB", (32, 32))

    def archives(self) -> tuple[Archive, ...]:
        listed = _torchvision("SVHN").split_list
        return tuple(Archive(_https([listed[s][0]]), listed[s][2], "", "plain") for s in ("train", "test"))


def _in_idx(file: str, index: int, turned: bool = False) -> Place:
    """The place of an image of 28x28 in an IDX file, behind its header of 16 bytes."""
    first = 16 + 784 * index
    values = {"first": first, "last": first + 783}
    if turned:
        where = Sentence("bytes {first:,} to {last:,}, one for each pixel, column by column", **values)
    else:
        where = Sentence("bytes {first:,} to {last:,}, one for each pixel, row by row", **values)
    return Place(file, where, 784, "", "L", (28, 28), first, turned)


def _torchvision(name: str) -> Any:
    """torchvision's class of that name, imported only now."""
    import torchvision.datasets

    return getattr(torchvision.datasets, name)


def _https(urls: Sequence[str]) -> tuple[str, ...]:
    """The same addresses by https, torchvision's order kept."""
    secure = []
    for url in urls:
        for plain, other in _HTTPS.items():
            url = url.replace(plain, other)
        secure.append(url.replace("http://", "https://", 1))
    return tuple(secure)


def _verified(path: Path, md5: str) -> bytes:
    """The bytes of a published file. Raises `DataError` where they are not the original ones."""
    data = path.read_bytes()
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != md5:
        raise DataError(
            "{path} is damaged: the published file has the MD5 checksum {expected}, this one, of {size} "
            "bytes, has {found}.",
            path=path, expected=md5, size=len(data), found=found,
        )  # fmt: skip
    return data


def _split(path: Path, images: Tensor, labels: Tensor) -> Split:
    """Images (N, H, W) or (N, C, H, W) and labels (N,), made uint8 (N, C, H, W) and int64."""
    if len(images) != len(labels):
        raise DataError(
            "{path} is damaged: it has {images} images and {labels} labels.",
            path=path, images=len(images), labels=len(labels),
        )  # fmt: skip
    images = images.unsqueeze(1) if images.ndim == 3 else images
    return Split(images.contiguous(), labels.long())
