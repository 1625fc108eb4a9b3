"""The fixtures of the tests of runs; a test module has them by naming this one in its `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers import random_dataset
from runs_kit import TEST, TRAIN, Owner, end_job_server, ended, gone, until

from nnlab.runs import RunStore


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a small dataset that can be learnt."""
    root = tmp_path_factory.mktemp("data")
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    data = random_dataset(train=TRAIN, test=TEST)
    for name, split in (("train", data.train), ("t10k", data.test)):
        _write_idx(folder / f"{name}-images-idx3-ubyte", split.images[:, 0].numpy())
        _write_idx(folder / f"{name}-labels-idx1-ubyte", split.labels.numpy().astype(np.uint8))
    return root


@pytest.fixture(scope="session")
def one_at_a_time() -> Iterator[None]:
    """The job server of this process trains one run at a time."""
    end_job_server()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNLAB_MAX_RUNS", "1")
        yield
    end_job_server()


@pytest.fixture
def here(tmp_path: Path, small_data: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """A store for runs that are trained in this process."""
    monkeypatch.setenv("NNLAB_DATA", str(small_data))
    return RunStore(tmp_path / "runs")


@pytest.fixture
def store(here: RunStore, one_at_a_time: None) -> Iterator[RunStore]:
    """A store for runs in worker processes; what is going on at the end of a test is stopped."""
    yield here
    for run in here.runs():
        if not run.status.has_ended:
            run.stop()
    for run in here.runs():
        ended(run)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Iterator[Owner]:
    """Another process that starts runs, in the folder `owner.runs`."""
    other = Owner(tmp_path_factory.mktemp("owner"), small_data)
    yield other
    family = other.family()
    other.kill()
    until(lambda: gone(family), "the end of all of the owner's processes")


def _write_idx(path: Path, values: np.ndarray) -> None:
    header = bytes((0, 0, 0x08, values.ndim)) + np.array(values.shape, dtype=">u4").tobytes()
    path.write_bytes(header + values.tobytes())
