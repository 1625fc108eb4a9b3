"""What a dataset's source must be able to do: name its files, read them, say where they are published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from nnlab.data.dataset import Split
from nnlab.errors import Sentence


@dataclass(frozen=True)
class Archive:
    """One file as it is published.

    Args:
        urls: the same file at several addresses, tried in order.
        md5: of the published file, in hexadecimal.
        into: the folder below the data root that its contents belong in; "" for the root.
        packing: ``"plain"`` (kept as it is), ``"gz"`` (one file), ``"tar.gz"`` (a tree) or ``"zip of gz"``
            (every member that `keep` matches is one gzipped file).
        keep: patterns (`fnmatch`) of the members to take out of a ``"zip of gz"``.
    """

    urls: tuple[str, ...]
    md5: str
    into: str
    packing: Literal["plain", "gz", "tar.gz", "zip of gz"]
    keep: tuple[str, ...] = ("*",)

    @property
    def name(self) -> str:
        """The file's name: the last part of its addresses."""
        return self.urls[0].rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Place:
    """Where the bytes of one image come from.

    Args:
        file: the file, as a path below the data root or as the name it was uploaded with; "" where the image
            is computed.
        where: the place within the file, or how the image is made.
        bytes: how many bytes there hold the image; None where no bytes of a file do.
        format: "JPEG", "PNG", ... for an image file; "" for raw numbers.
        mode: Pillow's mode of the picture as it is opened.
        size: (width, height) of the picture as it is opened.
        first: where in the file the first of `bytes` stands, if they are the pixels' raw numbers.
        by_columns: whether raw numbers come column by column, not row by row.
    """

    file: str
    where: Sentence
    bytes: int | None
    format: str
    mode: str
    size: tuple[int, int]
    first: int | None = None
    by_columns: bool = False


class Source(Protocol):
    """Reads one dataset from a data root and says where its files are published."""

    @property
    def folder(self) -> str:
        """Where the files lie below the data root; "" for the root itself."""

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that must be there, as paths below the data root; none for a built-in dataset."""

    def read(self, root: Path) -> tuple[Split, Split]:
        """The training and the test split. Raises `DataError` for a damaged file."""

    def archives(self) -> tuple[Archive, ...]:
        """The published files that make up the dataset."""

    def place(self, split: str, index: int) -> Place:
        """Where image `index` of the split ``"train"`` or ``"test"`` comes from. Reads no file."""
