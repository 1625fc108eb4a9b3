"""Unpacking what was fetched, within limits: no member leaves its folder, links and devices are refused."""

from __future__ import annotations

import fnmatch
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Protocol

from nnlab.data.sources import Archive
from nnlab.errors import DataError

MAX_BYTES = 2**30  # unpacked; the largest of ours takes a quarter of it
MAX_MEMBERS = 1000
_CHUNK = 2**20


def unpack(packed: Path, archive: Archive, folder: Path) -> None:
    """Put the contents of a fetched file into `folder`.

    Args:
        packed: the file that was fetched; a plain one is moved.
        archive: says how it is packed, and under which name a plain or a gzipped file goes.
        folder: where to; made where it is not there.

    Raises:
        DataError: not such an archive, or one that breaks the limits. What was unpacked by then stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    room = _Room(packed.name)
    try:
        if archive.packing == "plain":
            os.replace(packed, folder / archive.name)
        elif archive.packing == "gz":
            with gzip.open(packed) as source:
                room.copy(source, folder / archive.name.removesuffix(".gz"))
        elif archive.packing == "tar.gz":
            _untar(packed, folder, room)
        else:
            _unzip(packed, archive.keep, folder, room)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        gzip.BadGzipFile,
        EOFError,
        zlib.error,
        lzma.LZMAError,
        RuntimeError,  # of zipfile: encrypted, or a method of compression it does not know
    ) as error:
        raise DataError(
            "{file} cannot be unpacked ({reason})", file=packed.name, reason=error or type(error).__name__
        ) from error


def _untar(packed: Path, folder: Path, room: _Room) -> None:
    with tarfile.open(packed, "r:gz") as tar:
        for member in tar:
            if member.isdir():
                room.inside(folder, member.name)
            elif member.isreg() and (source := tar.extractfile(member)):
                room.copy(source, room.inside(folder, member.name))
            else:
                raise DataError(
                    "{file} holds {member}, which is neither a file nor a folder",
                    file=packed.name, member=member.name,
                )  # fmt: skip


def _unzip(packed: Path, keep: tuple[str, ...], folder: Path, room: _Room) -> None:
    """Decompress the members that match, each into its bare name."""
    with zipfile.ZipFile(packed) as archive:
        for member in archive.infolist():
            if not any(fnmatch.fnmatchcase(member.filename, pattern) for pattern in keep):
                continue
            name = PurePosixPath(member.filename).name.removesuffix(".gz")
            with archive.open(member) as inner, gzip.open(inner) as source:
                room.copy(source, room.inside(folder, name))


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Room:
    """What an archive may still take."""

    def __init__(self, name: str) -> None:
        self.name, self.bytes, self.members = name, MAX_BYTES, MAX_MEMBERS

    def inside(self, folder: Path, member: str) -> Path:
        """Where a member goes; its folder is made. Raises `DataError` for a name that leads outside."""
        path = PurePosixPath(member)
        if path.is_absolute() or ".." in path.parts or "\\" in member or not path.parts:
            raise DataError(
                "{file} holds {member}, which leads outside its folder", file=self.name, member=member
            )
        self.members -= 1
        if self.members < 0:
            raise DataError("{file} holds more than {most} files", file=self.name, most=MAX_MEMBERS)
        target = folder.joinpath(*path.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def copy(self, source: _Readable, target: Path) -> None:
        """Write a member's bytes, as many as there is room for."""
        with open(target, "wb") as file:
            while chunk := source.read(_CHUNK):
                self.bytes -= len(chunk)
                if self.bytes < 0:
                    raise DataError(
                        "{file} unpacks to more than {most} bytes", file=self.name, most=MAX_BYTES
                    )
                file.write(chunk)
