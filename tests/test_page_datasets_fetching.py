"""The Datasets page where a dataset is absent, damaged, or on its way."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from datasets_page import facts, show
from local_server import Publisher, publisher
from published import NAMES, md5, packed, write_dataset

from nnlab.data import dataset_info, loading
from nnlab.data.install import install
from nnlab.data.torchvision_sources import IdxSource
from nnlab.ui.datasets import fetching


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data root, and no download known to the server."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    monkeypatch.setattr(fetching, "_fetches", {})
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_an_absent_dataset_is_described_and_offered(name: str, root: Path) -> None:
    page = show(dataset=name)
    info = dataset_info(name)
    assert not page.exception and not page.error
    assert info.title in page.info[0].value and str(root / info.folder) in page.info[0].value
    assert f"{info.download_bytes / 1e6:.1f} MB" in page.button(key="datasets-download").label
    assert facts(page)["Training images"] == f"{info.train_count:,}"
    assert "Mean" not in facts(page)


def test_a_damaged_file_is_told_and_can_be_fetched_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("mnist", root, monkeypatch)
    damaged = root / "MNIST/raw/train-images-idx3-ubyte"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    page = show(dataset="mnist")
    assert not page.exception
    assert damaged.name in page.error[0].value and "47056" in page.error[0].value.replace(",", "")
    assert page.button(key="datasets-download")


@pytest.fixture
def server() -> Iterator[Publisher]:
    with publisher() as state:
        yield state


@pytest.fixture
def published(
    server: Publisher, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small MNIST that is fetched from this machine."""
    original = tmp_path_factory.mktemp("original")
    write_dataset("mnist", original, monkeypatch)
    archives = []
    for archive in dataset_info("mnist").source.archives():
        server.files["/" + archive.name] = body = packed(archive, original)
        archives.append(dataclasses.replace(archive, urls=(f"{server.url}/{archive.name}",), md5=md5(body)))
    monkeypatch.setattr(IdxSource, "archives", lambda _: tuple(archives))
    monkeypatch.setattr(loading, "install", functools.partial(install, loopback_http=True))


def _fetch(root: Path) -> fetching.Fetch:
    return fetching._fetches["mnist", root]


def test_a_download_is_watched_and_then_shown(published: None, server: Publisher, root: Path) -> None:
    server.hold["/train-images-idx3-ubyte.gz"] = 20_000
    page = show(dataset="mnist")
    page.button(key="datasets-download").click().run()
    assert server.held.wait(60)
    other = show(dataset="mnist")  # a second tab sees the same download
    for tab in (page.run(), other):
        assert not tab.exception
        assert tab.button(key="datasets-stop") and tab.get("progress")
        assert "Mean" not in facts(tab)
    running = _fetch(root)
    assert fetching.start(dataset_info("mnist"), root) is running
    server.go_on.set()
    _fetch(root).wait()
    page.run()
    assert not page.exception and not page.error
    assert facts(page)["Training images"] == "60" and "Mean" in facts(page)
    assert server.asked.count("/train-images-idx3-ubyte.gz") == 1


def test_a_download_can_be_stopped(published: None, server: Publisher, root: Path) -> None:
    server.hold["/train-images-idx3-ubyte.gz"] = 20_000
    page = show(dataset="mnist")
    page.button(key="datasets-download").click().run()
    assert server.held.wait(60)
    page.run().button(key="datasets-stop").click().run()
    server.go_on.set()
    _fetch(root).wait()
    page.run()
    assert not page.exception and not page.error
    assert page.button(key="datasets-download")
    assert not (root / "MNIST").exists()


def test_a_failed_download_gets_a_sentence(published: None, server: Publisher, root: Path) -> None:
    server.cut["/t10k-images-idx3-ubyte.gz"] = 100
    page = show(dataset="mnist")
    page.button(key="datasets-download").click().run()
    _fetch(root).wait()
    page.run()
    assert not page.exception
    assert "MNIST" in page.error[0].value and "strokes" in page.error[0].value
    assert not (root / "MNIST").exists()
    server.cut.clear()
    page.button(key="datasets-download").click().run()
    _fetch(root).wait()
    page.run()
    assert not page.error and facts(page)["Test images"] == "23"
