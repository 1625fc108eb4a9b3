"""Durable runs: each a directory, trained in a worker process, readable at any moment by anyone."""

from nnlab.runs.run import Run
from nnlab.runs.state import State
from nnlab.runs.store import RunStore

__all__ = ["Run", "RunStore", "State"]
