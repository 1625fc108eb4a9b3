"""Pictures of a person's own as an entry like any other: read from its one file, which is checked."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nnlab.data import own_images
from nnlab.data.dataset import Split
from nnlab.data.registry import DatasetInfo
from nnlab.data.sources import Archive, Place
from nnlab.errors import DataError, Sentence
from nnlab.pictures.options import ImageOptions
from nnlab.pictures.tensors import DATASET, FACTS, SOURCE, Header, read_fact, read_header, read_part

SPLITS = ("train", "test")


@dataclass(frozen=True)
class ImagesSource:
    """Reads one folder ``images/<name>`` of the data root `root`."""

    root: Path
    folder: str
    header: Header

    @property
    def files(self) -> tuple[str, ...]:
        """The one file that must be there."""
        return (f"{self.folder}/{DATASET}",)

    @property
    def options(self) -> ImageOptions:
        """How the pictures were brought to one size."""
        return self.header.options

    @property
    def archive(self) -> Path | None:
        """A zip of the files it was made of, by the paths that `place` tells; None where it is gone."""
        path = self.root / self.folder / SOURCE
        return path if path.is_file() else None

    @property
    def are_photographs(self) -> bool:
        """Whether every file is a JPEG or BMP in grey or colour, so that no pixel is transparent."""
        return _are_photographs(self.root / self.files[0], self.header)

    def read(self, root: Path) -> tuple[Split, Split]:
        """Both splits; every number is checked against the digest in the header."""
        path = root / self.files[0]
        header = read_header(path)
        numbers = bytearray(header.length)
        with path.open("rb") as file:
            file.seek(header.start)
            length = file.readinto(numbers)
        if length != header.length or hashlib.sha256(numbers).hexdigest() != header.digest:
            raise DataError("{path} is damaged: its numbers are not those that were written.", path=path)
        train, test = (
            Split(_tensor(numbers, header, f"{split}.images"), _tensor(numbers, header, f"{split}.labels"))
            for split in SPLITS
        )
        return train, test

    def archives(self) -> tuple[Archive, ...]:
        """None: it was published nowhere."""
        return ()

    def place(self, split: str, index: int) -> Place:
        """Which file of the archive the picture is. Raises `DataError` where the dataset is gone."""
        path = self.root / self.files[0]
        try:
            row = read_part(path, self.header, f"{split}.facts", index, 1)
            size, format, mode, pixels = read_fact(row)
            files = _files(path, self.header)
        except OSError as error:
            raise own_images.absent(self.folder) from error
        file = files[index if split == "train" else self.header.counts[0] + index]
        return Place(file, Sentence("in {archive}", archive=self.header.archive), size, format, mode, pixels)


def own_info(name: str, root: str | Path | None = None) -> DatasetInfo:
    """The entry of the dataset ``images/...``.

    Args:
        name: its full name.
        root: the data root; that of the environment without it. The cache is looked through as well.

    Raises:
        DataError: it is not there, or damaged.
    """
    base = own_images.home(name, root)
    if base is None:
        raise own_images.absent(name)
    try:
        header = read_header(base / name / DATASET)
    except OSError as error:  # just deleted
        raise own_images.absent(name) from error
    called = name.removeprefix(own_images.FOLDER + "/")
    train, test = header.counts
    return DatasetInfo(
        name=name,
        title=Path(header.archive).stem if own_images.is_unsaved(name) else called,
        classes=header.classes,
        shape=header.shape,
        train_count=train,
        test_count=test,
        origin=header.archive,
        licence="",
        homepage="",
        download_bytes=0,
        source=ImagesSource(base, name, header),
        drawable=True,
        own=True,
    )


def _tensor(numbers: bytearray, header: Header, name: str) -> Tensor:
    """One tensor as a view of the numbers."""
    kind, shape = header.tensors()[name]
    begin, end = header.spans()[name]
    dtype = {"I64": torch.int64, "U8": torch.uint8}[kind]
    return torch.frombuffer(numbers, dtype=dtype, count=(end - begin) // dtype.itemsize, offset=begin).view(
        shape
    )


@functools.lru_cache(maxsize=8)
def _are_photographs(path: Path, header: Header) -> bool:
    facts = b"".join(read_part(path, header, f"{split}.facts") for split in SPLITS)
    rows = (read_fact(facts[at : at + FACTS.size]) for at in range(0, len(facts), FACTS.size))
    return all(format in ("JPEG", "BMP") and mode in ("L", "RGB") for _, format, mode, _ in rows)


@functools.lru_cache(maxsize=8)
def _files(path: Path, header: Header) -> list[str]:
    """The paths of a dataset's pictures in their archive, those of training first."""
    files: list[str] = json.loads(read_part(path, header, "files"))
    return files
