"""Durable runs: each a directory, trained in a worker process, readable at any moment by anyone.

Names are imported when first used: the job server is in this package too, and does without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnlab.runs.run import Run
    from nnlab.runs.state import State
    from nnlab.runs.store import RunStore

__all__ = ["Run", "RunStore", "State"]

_HOMES = {"Run": "nnlab.runs.run", "RunStore": "nnlab.runs.store", "State": "nnlab.runs.state"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nnlab.runs' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
