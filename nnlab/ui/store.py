"""The store of runs that all pages share."""

from __future__ import annotations

from functools import cache

from nnlab.runs import RunStore


@cache
def run_store() -> RunStore:
    """The one store of this server."""
    return RunStore()
