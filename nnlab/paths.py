"""Where data and runs live on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def data_root(root: str | Path | None = None) -> Path:
    """The folder of datasets, in torchvision's layout (``MNIST/raw/...``).

    `root` if given, else the environment's ``NNLAB_DATA``, else the user's cache directory.
    The folder need not exist, and may be read-only.
    """
    return Path(root or os.environ.get("NNLAB_DATA") or cache_root() / "data")


def runs_root(root: str | Path | None = None) -> Path:
    """The folder of runs: `root` if given, else ``NNLAB_RUNS``, else in the user's cache directory."""
    return Path(root or os.environ.get("NNLAB_RUNS") or cache_root() / "runs")


def cache_root() -> Path:
    """The user's cache directory for nnlab."""
    return Path(platformdirs.user_cache_dir("nnlab", appauthor=False))
