"""Where a run stands: one small file, and the rule by which a run whose process is gone is found out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnlab.errors import LabError, RunError
from nnlab.runs import locks
from nnlab.runs.files import damaged, read_json, write_json

FILE = "state.json"
LIVE = ("queued", "training", "paused")
ENDED = ("finished", "stopped", "failed", "interrupted")
STATES = LIVE + ENDED


@dataclass(frozen=True)
class State:
    """A name of `STATES`, since when (seconds since 1970), why (if not as planned), and with what result.

    `result` has the values of the run's last event.
    """

    name: str
    since: float = field(default_factory=time.time)
    problem: LabError | None = None
    result: Mapping[str, Any] | None = None

    @property
    def has_ended(self) -> bool:
        return self.name in ENDED

    def to_json(self) -> dict[str, Any]:
        problem = self.problem and {"template": self.problem.template, "values": self.problem.values}
        return {"name": self.name, "since": self.since, "problem": problem, "result": self.result}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> State:
        """The inverse of `to_json`; raises `RunError` for a name that is none of `STATES`."""
        name, since, told, result = (value[key] for key in ("name", "since", "problem", "result"))
        if name not in STATES:
            raise RunError("{name} is not a state of a run.", name=repr(name))
        problem = RunError(told["template"], **told["values"]) if told else None
        return cls(name, float(since), problem, None if result is None else dict(result))


def stored_state(run: Path) -> State:
    """What the state file says; raises `RunError` where it is absent or damaged."""
    value = read_json(run / FILE)
    try:
        return State.from_json(value)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise damaged(run / FILE, error) from None


def store_state(run: Path, state: State) -> State:
    """Write the state file and return `state`."""
    write_json(run / FILE, state.to_json())
    return state


def current_state(run: Path) -> State:
    """The state, after marking the run as interrupted where it should be alive and is not."""
    state = stored_state(run)
    if state.has_ended or locks.is_held(run / (locks.OWNER if state.name == "queued" else locks.WORKER)):
        return state
    return interrupt(run)


def interrupt(run: Path, problem: LabError | None = None) -> State:
    """Mark a run whose process is gone; one that has ended, or is alive after all, stays as it is."""
    try:
        owner = locks.hold(run / locks.WORKER)
    except (RunError, OSError):
        return stored_state(run)
    try:
        state = stored_state(run)
        if state.has_ended:
            return state
        found = State("interrupted", problem=problem or _gone(state), result=state.result)
        try:
            return store_state(run, found)
        except OSError:
            return found  # a folder one may only read
    finally:
        owner.release()


def _gone(state: State) -> LabError:
    if state.name == "queued":
        return RunError("The program that this run was waiting in has ended.")
    return RunError("The process that trained this run has ended. What it had saved is kept.")
