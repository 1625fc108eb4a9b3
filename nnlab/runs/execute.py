"""Carries out a run in this process: trains, records, and does what is asked of it meanwhile."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import torch

from nnlab.data import load_dataset
from nnlab.data.division import divide
from nnlab.errors import LabError, RunError
from nnlab.runs import locks
from nnlab.runs.control import Control, ControlWatch
from nnlab.runs.files import read_json
from nnlab.runs.given import read_given
from nnlab.runs.recorder import Recorder
from nnlab.runs.state import State, store_state, stored_state
from nnlab.training.events import Event
from nnlab.training.loop import Controls, train
from nnlab.training.recipe import RunSpec
from nnlab.training.start import as_fed

SPEC = "spec.json"
LOG = "worker.log"  # what the process says besides: warnings of libraries, errors of the program
_LOOK_SECONDS = 0.05  # between two looks at what is asked of a paused run
_LAST = ("failed", "stopped", "finished")


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
        except LabError as error:
            return self._failed(error)
        try:
            return self._train(recorder)
        except Exception as error:
            problem = _problem(self.run, error)
            event = recorder.failure(problem)
            self._tell(event)
            return recorder.end(State("failed", problem=problem, result=event.values))

    def _failed(self, problem: LabError) -> State:
        """Where not even the record could be begun."""
        state = State("failed", problem=problem)
        with contextlib.suppress(OSError):
            store_state(self.run, state)
        return state

    def _train(self, recorder: Recorder) -> State:
        if self._asked().want == "stop":
            return recorder.end(State("stopped"))
        spec = RunSpec.from_json(read_json(self.run / SPEC))
        data = divide(load_dataset(spec.dataset, root=self.data_root), spec.division)
        events = train(spec, data, given=read_given(self.run, spec), controls=self.controls)
        recorder.weights_of(spec.architecture, as_fed(data, spec.start))
        for event in events:
            last = event.kind in _LAST
            recorder.record(event, last)
            self._tell(event)
            if last:
                return recorder.end(_state_after(event))
            self._obey(recorder, event)
        raise RunError("The training ended without saying how.")

    def _obey(self, recorder: Recorder, event: Event) -> None:
        """Hand on what is asked for; while a pause is asked for, hold the training at this event."""
        control = self._asked()
        while control.want == "pause" and not self.controls.stop:
            recorder.enter("paused")
            # Once it has begun, the training would evaluate before any further step.
            if self.controls.evaluate and event.step > 0:
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


def _problem(run: Path, error: Exception) -> LabError:
    """What to say of `error`; the details of one that nobody foresaw go into the run's log."""
    if isinstance(error, LabError):
        return error
    out_of_memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    if out_of_memory or "not enough memory" in str(error):  # the latter is how torch's CPU allocator says it
        return RunError("The memory of the device ran out: take a smaller batch or a smaller network.")
    with contextlib.suppress(OSError), (run / LOG).open("a") as log:
        log.write("".join(traceback.format_exception(error)))
    return RunError(
        "The training ended with an error of the program: {error}. The details are in {file} of the run.",
        error=f"{type(error).__name__}: {error}", file=LOG,
    )  # fmt: skip
