"""A list of an archive's files: names checked, counts and bytes added up against the limits."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nnlab.errors import DataError
from nnlab.pictures import limits
from nnlab.pictures.names import folded, member_path, printable
from nnlab.pictures.problems import Problems

MAX_ENTRIES = 3 * limits.MAX_FILES  # folders and litter included


@dataclass(frozen=True)
class Entry:
    """One file: its path with / between the folders, its size in bytes, unpacked, and how to get at them."""

    path: str
    size: int
    read: Callable[[], bytes]


class Files(Protocol):
    """What lies in an archive: files, folders, and which of the folders have something in them."""

    entries: list[Entry]
    folders: list[str]
    filled: set[str]


class Listing:
    """Checks names, and adds up against the limits."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.entries: list[Entry] = []
        self.folders: list[str] = []
        self.filled: set[str] = set()
        self._seen: dict[str, str] = {}
        self._bytes = 0
        self._files = 0

    def fill(self, name: str) -> None:
        """Note that the folders around `name` are not empty, even if the file itself is refused."""
        folder = unicodedata.normalize("NFC", name).rpartition("/")[0]
        while folder and folder not in self.filled:
            self.filled.add(folder)
            folder = folder.rpartition("/")[0]

    def add_folder(self, name: str) -> None:
        if path := self._checked(name):
            self.folders.append(path)

    def add_file(self, name: str, size: int, read: Callable[[], bytes]) -> None:
        self._files += 1
        self._bytes += size
        if self._files > limits.MAX_FILES:
            raise DataError("It holds more than {most:,} files.", most=limits.MAX_FILES)
        if self._bytes > limits.MAX_BYTES:
            raise DataError("It unpacks to more than {most} MB.", most=limits.MAX_BYTES // 10**6)
        path = self._checked(name)
        if path is None:
            return
        same = self._seen.setdefault(folded(path), path)
        if same is not path:
            self.problems.add(path, DataError("Another file has the same name: {other}.", other=same))
        elif size > limits.MAX_FILE_BYTES:
            self.problems.add(
                path,
                DataError(
                    "This file has {size} MB; at most {most} MB.",
                    size=size // 10**6, most=limits.MAX_FILE_BYTES // 10**6,
                ),
            )  # fmt: skip
        else:
            self.entries.append(Entry(path, size, read))

    def _checked(self, name: str) -> str | None:
        try:
            return "/".join(member_path(name))
        except DataError as error:
            self.problems.add(printable(name), error)
            return None
