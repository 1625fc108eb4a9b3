"""One file fetched: whole and verified, or nothing and a reason."""

from __future__ import annotations

import errno
import random
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_server import Publisher, publisher
from published import md5

from nnlab.data import download
from nnlab.data.download import fetch
from nnlab.errors import DataError

BODY = random.Random(0).randbytes(300_000)


@pytest.fixture
def server() -> Iterator[Publisher]:
    with publisher() as state:
        state.files["/file"] = BODY
        yield state


def _fetch(urls: str | list[str], folder: Path, **options: Any) -> Path:
    return fetch(urls, folder / "file", md5(BODY), loopback_http=True, **options)


def _visible(folder: Path) -> list[str]:
    """What was left, but for the lock."""
    return [path.name for path in folder.iterdir() if path.name != ".file.lock"]


def _refused(urls: str | list[str], folder: Path, **options: Any) -> str:
    with pytest.raises(DataError) as error:
        _fetch(urls, folder, **options)
    assert _visible(folder) == []
    return str(error.value)


def test_a_whole_file_with_progress(server: Publisher, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = _fetch(server.url + "/file", tmp_path, progress=lambda *at: seen.append(at))
    assert path == tmp_path / "file" and path.read_bytes() == BODY
    assert _visible(tmp_path) == ["file"]
    assert seen[0] == (0, len(BODY)) and seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen) and len(seen) > 3


def test_a_server_that_does_not_say_the_size(server: Publisher, tmp_path: Path) -> None:
    server.silent_about_size = True
    seen: list[tuple[int, int | None]] = []
    assert _fetch(server.url + "/file", tmp_path, progress=lambda *at: seen.append(at)).read_bytes() == BODY
    assert {total for _, total in seen} == {None}


def test_what_is_there_is_not_fetched_again(server: Publisher, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BODY)
    _fetch(server.url + "/file", tmp_path)
    assert server.asked == []


def test_a_wrong_file_is_replaced_only_by_the_right_one(server: Publisher, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(DataError):
        _fetch(server.url + "/absent", tmp_path)
    assert (tmp_path / "file").read_bytes() == b"old"
    _fetch(server.url + "/file", tmp_path)
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize("at", [0, 1, 65_536, len(BODY) - 1])
@pytest.mark.parametrize("sized", [True, False])
def test_cut_off(server: Publisher, tmp_path: Path, at: int, sized: bool) -> None:
    server.cut["/file"] = at
    server.silent_about_size = not sized
    says = _refused(server.url + "/file", tmp_path)
    assert (f"sent {at} of {len(BODY)} bytes" if sized else "is not the published file") in says


def test_other_bytes(server: Publisher, tmp_path: Path) -> None:
    server.files["/file"] = other = BODY[:-1] + b"?" if BODY[-1:] != b"?" else BODY[:-1] + b"!"
    says = _refused(server.url + "/file", tmp_path)
    assert f"MD5 {md5(other)}, not {md5(BODY)}" in says


def test_too_much_or_too_little(server: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "300000 bytes; 1000 are expected" in _refused(server.url + "/file", tmp_path, size=1000)
    assert "sent 300000 of 300001 bytes" in _refused(server.url + "/file", tmp_path, size=300_001)
    server.silent_about_size = True
    monkeypatch.setattr(download, "MAX_BYTES", 100_000)
    assert "more than 100000 bytes" in _refused(server.url + "/file", tmp_path)


def test_mirrors_are_tried_in_order(
    server: Publisher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.files["/wrong"] = b"wrong"
    urls = [server.url + path for path in ("/absent", "/wrong", "/file", "/never")]
    _fetch(urls, tmp_path)
    assert server.asked == ["/absent", "/wrong", "/file"]
    assert [record.args[0] for record in caplog.records if record.args] == urls[:2]
    (tmp_path / "file").unlink()
    assert "127.0.0.1 answered 404 Not Found" in _refused([urls[0], urls[1]], tmp_path)


def test_nobody_answers(tmp_path: Path) -> None:
    with publisher() as gone:
        url = gone.url
    assert "127.0.0.1 could not be reached" in _refused(url + "/file", tmp_path)
    assert "has no address" in _refused([], tmp_path)


def test_silence_is_given_up(server: Publisher, tmp_path: Path) -> None:
    server.hold["/file"] = 1000
    assert "broke off (timed out)" in _refused(server.url + "/file", tmp_path, timeout=0.2)


def test_a_drip_is_given_up(server: Publisher, tmp_path: Path) -> None:
    server.drip.add("/file")
    assert "less than 1000 bytes a second" in _refused(server.url + "/file", tmp_path, timeout=0.2)


@pytest.mark.parametrize(
    "url",
    ["http://example.invalid/file", "ftp://127.0.0.1/file", "file:///etc/hostname", "/etc/hostname", ""],
)
def test_only_https(url: str, tmp_path: Path) -> None:
    assert "is not an https address" in _refused(url, tmp_path)


def test_plain_http_to_this_machine_only_where_allowed(server: Publisher, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not an https address"):
        fetch(server.url + "/file", tmp_path / "file", md5(BODY))
    assert server.asked == []


def test_redirects(server: Publisher, tmp_path: Path) -> None:
    server.redirect["/out"] = "http://example.invalid/file"
    assert "http://example.invalid/file is not an https" in _refused(server.url + "/out", tmp_path)
    server.redirect["/in"] = server.url + "/file"
    assert _fetch(server.url + "/in", tmp_path).read_bytes() == BODY


def test_stopped_by_the_one_who_watches(server: Publisher, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def watch(done: int, total: int | None) -> None:
        if done > 100_000:
            raise Stopped

    with pytest.raises(Stopped):
        _fetch(server.url + "/file", tmp_path, progress=watch)
    assert _visible(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk(server: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
        says = _refused(server.url + "/file", tmp_path)
    assert "300000 bytes are needed and the disk has 1 left" in says

    # Without a promised size it shows only while writing. /dev/full answers each write as a full disk does.
    server.silent_about_size = True
    (tmp_path / ".file.part").symlink_to("/dev/full")
    with pytest.raises(OSError) as error:
        _fetch(server.url + "/file", tmp_path)
    assert error.value.errno == errno.ENOSPC
    assert _visible(tmp_path) == []
