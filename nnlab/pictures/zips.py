"""The members of a zip, listed without unpacking any and read one at a time, within limits.

Nothing is ever written. Only what a zip's directory promises is read: its sizes are added up before, each
member is unpacked at most to its own, and its checksum must agree.

Not covered: zips within zips, zips with a password, ways of packing other than deflate.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from nnlab.errors import DataError
from nnlab.pictures import limits
from nnlab.pictures.listing import MAX_ENTRIES, Listing
from nnlab.pictures.names import is_litter, printable
from nnlab.pictures.problems import Problems

_MAX_DIRECTORY = 250 * MAX_ENTRIES  # bytes of a zip's list of members
_UTF8 = 0x800
_ENCRYPTED = 0x1 | 0x40


class ZipFiles(Listing):
    """The members of a zip."""

    def __init__(self, path: Path, problems: Problems) -> None:
        super().__init__(problems)
        self._zip = _open(path)
        members = self._zip.infolist()
        if len(members) > MAX_ENTRIES:
            raise DataError("It holds more than {most:,} files.", most=limits.MAX_FILES)
        _refuse_overlaps(members)
        for member in members:
            self._add(member)

    def _add(self, member: zipfile.ZipInfo) -> None:
        name = _decoded(member)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if is_litter(name):
            return
        if not name.endswith("/"):
            self.fill(name)
        if stat.S_ISLNK(kind):
            self.problems.add(printable(name), DataError("This is a link, not a file."))
        elif kind and not stat.S_ISDIR(kind) and not stat.S_ISREG(kind):
            self.problems.add(printable(name), DataError("This is neither a file nor a folder."))
        elif name.endswith("/"):
            self.add_folder(name)
        elif member.flag_bits & _ENCRYPTED:
            self.problems.add(printable(name), DataError("This file is locked by a password."))
        elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self.problems.add(
                printable(name), DataError("This file is packed in a way that is not read here: use deflate.")
            )
        elif (
            member.file_size > limits.RATIO_FROM
            and member.file_size > limits.MAX_RATIO * member.compress_size
        ):
            self.problems.add(
                printable(name),
                DataError(
                    "This file unpacks to more than {most} times its size in the archive.",
                    most=limits.MAX_RATIO,
                ),
            )
        else:
            self.add_file(name, member.file_size, lambda: self._read(member))

    def _read(self, member: zipfile.ZipInfo) -> bytes:
        """The member's bytes: as many as promised, with the right checksum. Raises `DataError`."""
        try:
            with self._zip.open(member) as file:
                data = file.read(member.file_size)  # never more than that is unpacked
                file.read(1)  # at the end the checksum is compared
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error) as error:
            raise DataError("This file is damaged inside the archive.") from error
        if len(data) != member.file_size:
            raise DataError("This file is damaged inside the archive.")
        return data


def _open(path: Path) -> zipfile.ZipFile:
    try:
        file = _Shared(path)
        _check_directory(file)
        return zipfile.ZipFile(file)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        UnicodeDecodeError,
        ValueError,
        struct.error,
        OverflowError,
    ) as error:
        if isinstance(error, DataError):
            raise
        raise DataError("It is not a zip archive, or a damaged one.") from error


class _Shared(io.RawIOBase):
    """A file for reading whose position is of this process, though forked ones share the file itself."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        self._at = offset + (os.fstat(self._file.fileno()).st_size if start is None else start)
        if self._at < 0:
            raise OSError("before the beginning of the file")
        return self._at

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = os.fstat(self._file.fileno()).st_size
        data = b""
        while len(data) < size and (chunk := os.pread(self._file.fileno(), size - len(data), self._at)):
            data += chunk
            self._at += len(chunk)
        return data


def _check_directory(file: _Shared) -> None:
    """Raise `DataError` where a zip's list of members is too long to be worth reading.

    The end record is found as `zipfile` finds it, in the last 64 KB.
    """
    size = file.seek(0, os.SEEK_END)
    if size > limits.MAX_BYTES + _MAX_DIRECTORY:
        raise DataError("It unpacks to more than {most} MB.", most=limits.MAX_BYTES // 10**6)
    file.seek(max(0, size - 22 - 2**16))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise DataError("It is not a zip archive, or a damaged one.")
    (length,) = struct.unpack_from("<L", tail, at + 12)
    # Where it stands elsewhere (above 4 GB), it cannot be longer than the file, which was checked.
    if length > _MAX_DIRECTORY and length != 0xFFFFFFFF:
        raise DataError("It holds more than {most:,} files.", most=limits.MAX_FILES)


def _refuse_overlaps(members: list[zipfile.ZipInfo]) -> None:
    """Raise `DataError` where two members share bytes: so a small archive unpacks to a huge one."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise DataError("Files overlap inside the archive, as no program packs them.")
        end = member.header_offset + 30 + member.compress_size


def _decoded(member: zipfile.ZipInfo) -> str:
    """A member's name. Where UTF-8 is not declared it is that or Korean Windows' code page, if it can be."""
    name = member.orig_filename
    if member.flag_bits & _UTF8:
        return name
    raw = name.encode("cp437", "replace")
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name
