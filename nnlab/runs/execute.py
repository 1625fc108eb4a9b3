"""Carries out a run in this process: trains, records, and does what is asked of it meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from nnlab.data import load_dataset
from nnlab.errors import LabError, RunError
from nnlab.runs import locks
from nnlab.runs.control import Control, ControlWatch
from nnlab.runs.files import read_json
from nnlab.runs.recorder import Recorder
from nnlab.runs.state import State, store_state, stored_state
from nnlab.training.events import Event
from nnlab.training.loop import Controls, train
from nnlab.training.recipe import RunSpec

SPEC = "spec.json"
_LOOK_SECONDS = 0.05  # between two looks at what is asked of a paused run
_LAST = ("failed", "stopped", "finished")

log = logging.getLogger(__name__)


def execute(
    run: Path,
    data_root: Path | None = None,
    controls: Controls | None = None,
    listen: Callable[[Event], None] | None = None,
) -> State:
    """Train the run in the directory `run` until it ends, and return how it ended.

    Args:
        data_root: where its dataset is; None for the default.
        controls: `stop` may be set from outside, besides what is asked through the directory.
        listen: called with each event once it is recorded.

    Raises:
        RunError: another process is training it.
    """
    lock = locks.hold(run / locks.WORKER, seconds=10)
    try:
        found = stored_state(run)
        if found.has_ended:
            return found
        return _Execution(run, data_root, controls or Controls(), listen).run_to_end()
    finally:
        lock.release()


class _Execution:
    def __init__(
        self,
        run: Path,
        data_root: Path | None,
        controls: Controls,
        listen: Callable[[Event], None] | None,
    ) -> None:
        self.run, self.data_root, self.controls, self.listen = run, data_root, controls, listen
        self.watch = ControlWatch(run)
        self.evaluations = 0  # asked for and passed on

    def run_to_end(self) -> State:
        try:
            recorder = Recorder(self.run)
        except LabError as problem:
            return _told(self.run, State("failed", problem=problem))
        try:
            return self._train(recorder)
        except LabError as error:
            problem = error
        except (MemoryError, torch.OutOfMemoryError):
            problem = RunError("The memory of the device ran out: take a smaller batch or a smaller network.")
        except Exception as error:
            log.exception("The run %s failed", self.run.name)
            problem = _unexpected(error)
        event = recorder.failure(problem)
        self._tell(event)
        return recorder.end(State("failed", problem=problem, result=event.values))

    def _train(self, recorder: Recorder) -> State:
        if self._asked().want == "stop":
            return recorder.end(State("stopped"))
        spec = RunSpec.from_json(read_json(self.run / SPEC))
        data = load_dataset(spec.dataset, root=self.data_root)
        events = train(spec, data, controls=self.controls)
        recorder.weights_of(spec.architecture, data)
        for event in events:
            if event.kind in _LAST:
                recorder.drain()
                recorder.record(event)
                recorder.drain()
                self._tell(event)
                return recorder.end(_state_after(event))
            recorder.record(event)
            self._tell(event)
            self._obey(recorder, event)
        raise RunError("The training ended without saying how.")

    def _obey(self, recorder: Recorder, event: Event) -> None:
        """Hand on what is asked for; while a pause is asked for, hold the training at this event."""
        control = self._asked()
        while control.want == "pause" and not self.controls.stop:
            recorder.enter("paused")
            # At a tick the training has just done its steps and would evaluate before any further one.
            if self.controls.evaluate and event.kind == "tick":
                return
            time.sleep(_LOOK_SECONDS)
            control = self._asked()
        recorder.enter("training")

    def _asked(self) -> Control:
        control = self.watch.look()
        if control.want == "stop":
            self.controls.stop = True
        if control.evaluate > self.evaluations:
            self.evaluations = control.evaluate
            self.controls.evaluate = True
        return control

    def _tell(self, event: Event) -> None:
        if self.listen is not None:
            self.listen(event)


def _state_after(event: Event) -> State:
    """The state that the last event of a training leaves a run in."""
    values = event.values
    problem = RunError(values["template"], **values["arguments"]) if event.kind == "failed" else None
    return State(event.kind, problem=problem, result=values)


def _told(run: Path, state: State) -> State:
    try:
        return store_state(run, state)
    except OSError:
        return state


def _unexpected(error: Exception) -> LabError:
    if isinstance(error, RuntimeError) and "not enough memory" in str(error):
        return RunError("The memory of the device ran out: take a smaller batch or a smaller network.")
    return RunError(
        "The training ended with an error of the program: {error}. The details are in {file} of the run.",
        error=f"{type(error).__name__}: {error}", file="worker.log",
    )  # fmt: skip
