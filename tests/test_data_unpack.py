"""Archives that nobody should publish: refused with a reason, nothing outside their folder."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from published import md5

from nnlab.data import unpack
from nnlab.data.sources import Archive
from nnlab.errors import DataError


def _tar(*members: tarfile.TarInfo) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return file.getvalue()


def _member(name: str, size: int = 1, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member


def _zip(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"not gzip")
    return file.getvalue()


@pytest.mark.parametrize(
    ("packing", "body", "says"),
    [
        ("tar.gz", _tar(_member("../out")), "../out, which leads outside"),
        ("tar.gz", _tar(_member("/tmp/out")), "/tmp/out, which leads outside"),
        ("tar.gz", _tar(_member("a/../../out")), "a/../../out, which leads outside"),
        ("tar.gz", _tar(_member("a", 0, tarfile.SYMTYPE, "/etc/hostname")), "neither a file nor a folder"),
        ("tar.gz", _tar(_member("a", 0, tarfile.LNKTYPE, "../b")), "neither a file nor a folder"),
        ("tar.gz", _tar(_member("a", 0, tarfile.FIFOTYPE)), "neither a file nor a folder"),
        ("tar.gz", _tar(_member("a", 60), _member("b", 60)), "unpacks to more than 100 bytes"),
        ("tar.gz", _tar(*(_member(str(i)) for i in range(6))), "holds more than 5 files"),
        ("tar.gz", _tar(_member("a"))[:40], "cannot be unpacked"),
        ("tar.gz", b"no archive", "cannot be unpacked"),
        ("gz", b"no archive", "cannot be unpacked"),
        ("zip of gz", b"no archive", "cannot be unpacked"),
        ("zip of gz", _zip("a.gz"), "cannot be unpacked"),
    ],
    ids=range(13),
)
def test_an_archive_that_breaks_the_rules(
    packing: Any, body: bytes, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "MAX_BYTES", 100)
    monkeypatch.setattr(unpack, "MAX_MEMBERS", 5)
    (tmp_path / "archive.gz").write_bytes(body)
    archive = Archive(("https://example.invalid/archive.gz",), md5(body), "", packing)
    with pytest.raises(DataError, match=says.replace(".", r"\.")):
        unpack.unpack(tmp_path / "archive.gz", archive, tmp_path / "deep" / "folder")
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and "folder" not in path.parts]
    assert outside == [tmp_path / "archive.gz"]
    assert not Path("/tmp/out").exists()
