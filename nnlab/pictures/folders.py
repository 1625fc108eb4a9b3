"""The files below a folder on this machine, within limits."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from nnlab.errors import DataError
from nnlab.pictures import limits
from nnlab.pictures.listing import MAX_ENTRIES, Listing
from nnlab.pictures.names import is_litter, printable
from nnlab.pictures.problems import Problems

_MAX_DEPTH = 30


class FolderFiles(Listing):
    """The files below a folder on this machine. Links are refused, not followed."""

    def __init__(self, path: Path, problems: Problems) -> None:
        super().__init__(problems)
        self._count = 0
        self._walk(path, "", 0)

    def _walk(self, folder: Path, prefix: str, depth: int) -> None:
        if depth > _MAX_DEPTH:
            self.problems.add(prefix, DataError("Folders lie more than {most} deep.", most=_MAX_DEPTH))
            return
        with os.scandir(folder) as found:
            inside = sorted(found, key=lambda entry: entry.name)
        self._count += len(inside)
        if self._count > MAX_ENTRIES:
            raise DataError("It holds more than {most:,} files.", most=limits.MAX_FILES)
        for entry in inside:
            name = prefix + entry.name
            if is_litter(name):
                continue
            if not entry.is_dir(follow_symlinks=False):
                self.fill(name)
            if entry.is_symlink():
                self.problems.add(printable(name), DataError("This is a link, not a file."))
            elif entry.is_dir(follow_symlinks=False):
                self.add_folder(name)
                self._walk(Path(entry.path), name + "/", depth + 1)
            elif entry.is_file(follow_symlinks=False):
                self.add_file(name, entry.stat(follow_symlinks=False).st_size, _reader(entry.path))
            else:
                self.problems.add(printable(name), DataError("This is neither a file nor a folder."))


def _reader(path: str) -> Callable[[], bytes]:
    def read() -> bytes:
        # It may have become a link or a pipe meanwhile.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(number, "rb") as file:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise DataError("This is neither a file nor a folder.")
            data = file.read(limits.MAX_FILE_BYTES + 1)
        if len(data) > limits.MAX_FILE_BYTES:
            raise DataError("This file grew while it was read.")
        return data

    return read
