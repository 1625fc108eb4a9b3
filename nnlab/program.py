"""This package as a program of its own: started by a command, so that what runs there never executes again
what the asking process was started with (a page, a notebook)."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def own_command(*arguments: str, module: str = "nnlab") -> list[str]:
    """``python -m nnlab <arguments>`` with this Python; start it with `own_environment`."""
    return [sys.executable, "-P", "-m", module, *arguments]  # -P: nothing of the current folder is imported


def own_environment(**more: str) -> dict[str, str]:
    """The environment of this process in which the command finds this very package, and `more`."""
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}
