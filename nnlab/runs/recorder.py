"""Writes a run into its directory while it trains: events at once, weights by a thread."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

from nnlab.data.dataset import Dataset
from nnlab.errors import LabError, RunError
from nnlab.nets.architecture import Architecture
from nnlab.runs.files import disk_problem
from nnlab.runs.journal import FILE as EVENTS
from nnlab.runs.journal import JournalWriter
from nnlab.runs.state import State, store_state
from nnlab.training.events import Event, Snapshot
from nnlab.training.weights import SUFFIX, WeightsInfo, save_weights

SNAPSHOTS = "snapshots"
LIVE = f"live{SUFFIX}"
_RESERVE = ".reserve"  # given up when the disk is full, so that the end of the run can still be told
_RESERVE_BYTES = 64 * 1024
_WAITING = 4  # snapshots that may wait for the disk before the training waits too
_LARGE = 16 * 2**20  # bytes of a snapshot before which the training waits for the disk, so as to keep few


class Recorder:
    """What a run's process writes. All but the thread of weights is called from one thread.

    The methods raise `LabError` where the disk refuses.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.seq = self.step = 0
        self._state = State("training")
        self._weights: _WeightsWriter | None = None
        with self._telling():
            (run / _RESERVE).write_bytes(bytes(_RESERVE_BYTES))
            (run / SNAPSHOTS).mkdir(exist_ok=True)
            self._journal = JournalWriter(run / EVENTS)
            store_state(run, self._state)

    def weights_of(self, architecture: Architecture, data: Dataset) -> None:
        """Say what the snapshots to come belong to."""
        self._weights = _WeightsWriter(self.run, architecture, data)

    def enter(self, name: str) -> None:
        """Note that the run is now in that (live) state."""
        if name != self._state.name:
            self._store(State(name, result=self._state.result))

    def record(self, event: Event, last: bool = False) -> None:
        """Append `event`; hand its weights to the thread. Before the `last` one is told, all weights are
        on the disk."""
        if self._weights is not None:
            self._weights.check()
            if event.snapshot is not None:
                self._weights.put(event.snapshot, keep=event.kind != "tick")
            if last:
                self._weights.finish()
        with self._telling():
            self._journal.append(event)
        self.seq, self.step = event.seq, event.step
        if event.kind == "evaluated":
            self._store(State(self._state.name, self._state.since, result=event.values))

    def end(self, state: State) -> State:
        """Give up the reserve and write the last state; nothing is raised if even that has no room."""
        self._journal.close()
        with contextlib.suppress(OSError):
            (self.run / _RESERVE).unlink(missing_ok=True)
            store_state(self.run, state)
        return state

    def failure(self, problem: LabError) -> Event:
        """The event of a failure that the training itself did not tell; appended where there is room."""
        if self._weights is not None:
            with contextlib.suppress(LabError):
                self._weights.finish()
        values = {
            "sentence": str(problem),
            "template": problem.template,
            "arguments": problem.values,
            "last_finite_step": self.step,
        }
        event = Event(self.seq + 1, "failed", self.step, values)
        with contextlib.suppress(OSError):
            (self.run / _RESERVE).unlink(missing_ok=True)
            self._journal.append(event)
        return event

    def _store(self, state: State) -> None:
        with self._telling():
            self._state = store_state(self.run, state)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise disk_problem(self.run, error) from error


class _WeightsWriter:
    """A thread that writes snapshots in order, and of the weights for the live view only the latest."""

    def __init__(self, run: Path, architecture: Architecture, data: Dataset) -> None:
        self._run, self._architecture, self._data = run, architecture, data
        self._queue: queue.Queue[Snapshot | None] = queue.Queue(_WAITING)
        self._live: Snapshot | None = None
        self._problem: LabError | None = None
        self._thread = threading.Thread(target=self._work, name="weights", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise what went wrong in the thread."""
        if self._problem is not None:
            raise self._problem

    def put(self, snapshot: Snapshot, keep: bool) -> None:
        """Have `snapshot` written; one not to `keep` may be overtaken by the next."""
        if keep:
            if sum(tensor.nbytes for tensor in snapshot.tensors.values()) > _LARGE:
                self._queue.join()
            self._queue.put(snapshot)
        else:
            self._live = snapshot
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(_LIVE_IS_NEW)

    def finish(self) -> None:
        """Write what waits, then raise what went wrong."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        self.check()

    def _work(self) -> None:
        while (snapshot := self._queue.get()) is not None:
            try:
                if self._problem is None:  # else the queue is only emptied, for who fills it would wait
                    self._write(snapshot)
            except OSError as error:
                self._problem = disk_problem(self._run, error)
            except Exception as error:  # no memory, say; the training must not wait for a dead thread
                self._problem = RunError("The weights could not be written ({reason}).", reason=repr(error))
            del snapshot  # not kept until the next one comes
            self._queue.task_done()

    def _write(self, snapshot: Snapshot) -> None:
        if snapshot is not _LIVE_IS_NEW:
            path = self._run / SNAPSHOTS / f"{snapshot.step:09d}{SUFFIX}"
            self._save(path, snapshot, durable=True)
        live, self._live = self._live, None
        if live is not None:
            self._save(self._run / LIVE, live, durable=False)

    def _save(self, path: Path, snapshot: Snapshot, durable: bool) -> None:
        info = WeightsInfo.of(self._architecture, self._data, snapshot.step)
        save_weights(path, snapshot.tensors, info, durable)


_LIVE_IS_NEW = Snapshot(-1, {})
