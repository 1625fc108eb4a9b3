"""A whole dataset fetched: complete and readable, or nothing to be seen, whenever the process dies."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from local_server import Publisher, publisher
from published import NAMES, md5, packed, write_dataset

from nnlab.data import DatasetInfo, dataset_info, is_present, load_dataset, loading
from nnlab.data.dataset import Split
from nnlab.data.install import install
from nnlab.data.sources import Archive
from nnlab.errors import DataError

# Processes that can be killed: started clean, with the modules they need already there.
CLEAN = multiprocessing.get_context("forkserver")
CLEAN.set_forkserver_preload(["nnlab.data.install", "torchvision.datasets", "scipy.io", "pytest"])


@dataclass(frozen=True)
class Elsewhere:
    """The same dataset, fetched from other addresses."""

    folder: str
    files: tuple[str, ...]
    published: tuple[Archive, ...]

    def read(self, root: Path) -> tuple[Split, Split]:
        raise NotImplementedError("these tests read by the real source")

    def archives(self) -> tuple[Archive, ...]:
        return self.published


@pytest.fixture
def server() -> Iterator[Publisher]:
    with publisher() as state:
        yield state


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A folder for the files as the publisher has them."""
    folder = tmp_path / "original"
    folder.mkdir()
    return folder


def _publish(name: str, server: Publisher, original: Path, patch: pytest.MonkeyPatch) -> DatasetInfo:
    """Write a dataset's files, publish them on `server`, and return an entry that is fetched from there."""
    write_dataset(name, original, patch)
    info = dataset_info(name)
    archives = []
    for archive in info.source.archives():
        server.files["/" + archive.name] = body = packed(archive, original)
        archives.append(dataclasses.replace(archive, urls=(f"{server.url}/{archive.name}",), md5=md5(body)))
    return dataclasses.replace(info, source=Elsewhere(info.folder, info.source.files, tuple(archives)))


def _visible(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.iterdir() if not path.name.startswith("."))


def _install(info: DatasetInfo, root: Path, **options: Any) -> None:
    install(info, root, loopback_http=True, **options)


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_arrives_as_it_is(
    name: str, server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "emnist_letters":
        write_dataset("emnist_balanced", original, monkeypatch)  # both are in one archive
    info = _publish(name, server, original, monkeypatch)
    root = tmp_path / "new" / "root"
    seen: list[tuple[int, int]] = []
    _install(info, root, progress=lambda *at: seen.append(at))
    assert is_present(name, root)
    ours, theirs = load_dataset(name, root), load_dataset(name, original)
    assert torch.equal(ours.train.images, theirs.train.images)
    assert torch.equal(ours.test.labels, theirs.test.labels)
    assert _visible(root) == _visible(original)
    assert [path for path in root.rglob("*") if ".part" in path.name or path.suffix == ".gz"] == []
    if name == "emnist_letters":
        assert is_present("emnist_balanced", root)
    fetched = sum(len(server.files["/" + archive.name]) for archive in info.source.archives())
    assert seen[-1] == (fetched, max(fetched, info.download_bytes))
    assert seen == sorted(seen)


def test_what_is_there_is_not_fetched(
    server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish("mnist", server, original, monkeypatch)
    _install(info, original)
    assert server.asked == []


def test_a_half_deleted_folder_is_completed(
    server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish("kmnist", server, original, monkeypatch)
    root = tmp_path / "root"
    _install(info, root)
    raw = root / "KMNIST/raw"
    (raw / "train-labels-idx1-ubyte").unlink()
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"damaged")
    (raw / "notes.txt").write_text("somebody's own")
    _install(info, root)
    load_dataset("kmnist", root)
    assert (raw / "notes.txt").read_text() == "somebody's own"


def test_a_damaged_dataset_is_replaced_when_it_may_be_downloaded(
    server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish("mnist", server, original, monkeypatch)
    root = tmp_path / "root"
    _install(info, root)
    asked = len(server.asked)
    (root / "MNIST/raw/train-images-idx3-ubyte").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"is damaged.*Download MNIST again"):
        load_dataset("mnist", root)
    assert len(server.asked) == asked
    replaced: list[bool] = []

    def from_here(_: DatasetInfo, root: Path, progress: Any, replace: bool = False) -> None:
        replaced.append(replace)
        _install(info, root, replace=replace)

    monkeypatch.setattr(loading, "install", from_here)
    load_dataset("mnist", root, download=True)
    assert replaced == [True]


@pytest.mark.parametrize("name", ["mnist", "svhn", "cifar10", "emnist_letters"])
def test_a_failure_leaves_nothing(
    name: str, server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish(name, server, original, monkeypatch)
    last = "/" + info.source.archives()[-1].name
    server.cut[last] = len(server.files[last]) - 1
    root = tmp_path / "root"
    with pytest.raises(DataError) as error:
        _install(info, root)
    size = len(server.files[last])
    assert str(error.value) == (
        f"{info.title} is not in {root} and could not be fetched (127.0.0.1 sent {size - 1} of {size} "
        'bytes); try again later, or use the built-in dataset "strokes", which needs no download.'
    )
    assert _visible(root) == []
    assert not list(root.glob("*.part"))
    del server.cut[last]
    _install(info, root)
    load_dataset(name, root)


def test_a_place_where_nothing_can_be_written(
    server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish("mnist", server, original, monkeypatch)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match=r"cannot be written there \(Not a directory\).*NNLAB_DATA.*strokes"):
        _install(info, tmp_path / "file" / "root")
    with pytest.raises(DataError, match="cannot be written there"):
        _install(info, Path("/proc/nnlab"))


def test_an_archive_without_what_it_should_have(
    server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish("emnist_letters", server, original, monkeypatch)  # without the balanced split
    other = dataclasses.replace(info, source=dataclasses.replace(info.source, files=("EMNIST/raw/absent",)))
    with pytest.raises(DataError, match="what was fetched has no EMNIST/raw/absent"):
        _install(other, tmp_path / "root")
    assert _visible(tmp_path / "root") == []


# --- killed ---------------------------------------------------------------------------------------


def _die_at(call: str, count: int, info: DatasetInfo, root: Path) -> None:
    """Install, but kill this process as it begins the `count`-th call of ``os.<call>``."""
    real: Callable[..., Any] = getattr(os, call)
    calls = 0

    def counted(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **options)

    setattr(os, call, counted)
    _install(info, root)


@pytest.mark.parametrize("name", ["mnist", "usps", "cifar10"])
def test_killed_at_any_byte(
    name: str, server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish(name, server, original, monkeypatch)
    root = tmp_path / "root"
    for archive in info.source.archives():
        path = "/" + archive.name
        size = len(server.files[path])
        for at in {0, 1, size // 2, size - 1}:
            server.hold = {path: at}
            server.held.clear()
            server.go_on.clear()
            process = CLEAN.Process(target=_install, args=(info, root))
            process.start()
            assert server.held.wait(60)
            process.kill()
            process.join()
            server.go_on.set()
            assert process.exitcode == -signal.SIGKILL
            assert _visible(root) == []
            assert not is_present(name, root)
    server.hold = {}
    _install(info, root)
    load_dataset(name, root)
    assert not list(root.glob(".*.part"))


@pytest.mark.parametrize("name", ["mnist", "usps"])
@pytest.mark.parametrize("call", ["replace", "rename"])
def test_killed_at_any_renaming(
    name: str, call: str, server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish(name, server, original, monkeypatch)
    whole = False
    for count in range(1, 20):
        root = tmp_path / str(count)
        process = CLEAN.Process(target=_die_at, args=(call, count, info, root))
        process.start()
        process.join()
        whole = is_present(name, root)
        assert whole == (process.exitcode == 0)
        assert set(_visible(root)) <= set(_visible(original))
        for file in root.rglob("*"):  # what can be seen of it is whole
            if file.is_file() and not file.relative_to(root).parts[0].startswith("."):
                assert file.read_bytes() == (original / file.relative_to(root)).read_bytes()
        _install(info, root)
        load_dataset(name, root)
        if whole:
            return
    raise AssertionError("it should have come through at last")


def test_two_processes_at_once_fetch_once(
    server: Publisher, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = _publish("mnist", server, original, monkeypatch)
    server.hold = {"/train-labels-idx1-ubyte.gz": 10}
    processes = [CLEAN.Process(target=_install, args=(info, tmp_path / "root")) for _ in range(2)]
    for process in processes:
        process.start()
    assert server.held.wait(60)
    server.go_on.set()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(server.asked) == len(info.source.archives())
    load_dataset("mnist", tmp_path / "root")
