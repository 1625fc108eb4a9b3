"""The fixtures of the tests of own pictures; a module has them by naming this one in `pytest_plugins`."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlab.data import own_images


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, still without anything in it: the data root in it."""
    monkeypatch.setattr(own_images, "cache_root", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "data"


@pytest.fixture
def root(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data root."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "root"))
    return tmp_path / "root"
