"""The job server: ``python -m nnlab serve-jobs``. Takes runs on stdin, trains them in forked workers.

A line in is ``{"run": directory, "data": data root}``, a line out ``{"ended": directory}``. The forkserver
has torch imported and nothing computed, so a worker is ready in milliseconds; torch must not be used
before a fork, for its threads do not survive one. The server itself does without torch. When stdin ends,
so do the workers and the server.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
import threading
from collections import deque
from multiprocessing import connection, forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty, SimpleQueue

from nnlab.errors import LabError, RunError
from nnlab.runs import limits
from nnlab.runs.control import read_control
from nnlab.runs.state import State, interrupt, store_state, stored_state
from nnlab.runs.worker import work

# The first optimizer and the first trace of a network import torch._dynamo: a second, paid here in advance.
PRELOAD = [
    "nnlab.runs.worker",
    "nnlab.runs.execute",
    "torch._dynamo",
    "torch._inductor.utils",
    "torchvision.datasets",
]
_LOOK_SECONDS = 0.2  # between two looks at whether a waiting run is to be stopped


class _Server:
    def __init__(self) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(PRELOAD)
        # Held open by this process alone: a worker that reads its end learns that the server is gone.
        self.watched, self.held = self.context.Pipe(duplex=False)
        self.jobs: SimpleQueue[tuple[Path, Path]] = SimpleQueue()
        self.woken, self.waker = self.context.Pipe(duplex=False)
        self.waiting: deque[tuple[Path, Path]] = deque()
        self.training: dict[Path, BaseProcess] = {}
        self.closed = False

    def serve(self) -> None:
        forkserver.ensure_running()
        threading.Thread(target=self._read, daemon=True).start()
        while not self.closed:
            self._take()
            self._drop_stopped()
            while self.waiting and len(self.training) < limits.max_runs():
                self._start(*self.waiting.popleft())
            sentinels = {process.sentinel: run for run, process in self.training.items()}
            timeout = _LOOK_SECONDS if self.waiting else None
            for ready in connection.wait([self.woken, *sentinels], timeout):
                if ready is self.woken:
                    self.woken.recv_bytes()
                else:
                    self._end(sentinels[ready])  # type: ignore[index]
        for process in self.training.values():
            process.kill()
        for run in [*self.training, *(run for run, _ in self.waiting)]:
            if run in self.training:
                self.training[run].join()
            _leave(run)

    def _read(self) -> None:
        try:
            for line in sys.stdin:
                job = json.loads(line)
                self.jobs.put((Path(job["run"]), Path(job["data"])))
                self.waker.send_bytes(b"job")
        finally:
            self.closed = True
            self.waker.send_bytes(b"end")

    def _take(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self.waiting.append(self.jobs.get_nowait())

    def _drop_stopped(self) -> None:
        for job in [job for job in self.waiting if read_control(job[0]).want == "stop"]:
            self.waiting.remove(job)
            with contextlib.suppress(OSError):
                store_state(job[0], State("stopped"))
            _tell(job[0])

    def _start(self, run: Path, data: Path) -> None:
        arguments = (run, data, sum(map(_is_going, self.training)), self.watched)
        process = self.context.Process(target=work, args=arguments, name=run.name)
        try:
            process.start()
        except (OSError, EOFError) as error:  # no memory, too many processes: the next run may have more luck
            _leave(run, RunError("The process that trains runs cannot be started ({reason}).", reason=error))
        else:
            self.training[run] = process

    def _end(self, run: Path) -> None:
        self.training.pop(run).join()
        _leave(run)


def _is_going(run: Path) -> bool:
    """Whether a run has not ended; its process may take a moment longer than the run itself."""
    try:
        return not stored_state(run).has_ended
    except LabError:  # a directory that somebody has deleted meanwhile
        return False


def _leave(run: Path, problem: LabError | None = None) -> None:
    """Mark a run that nobody trains any more, unless it has ended by itself, and say so."""
    with contextlib.suppress(LabError, OSError):  # a directory that somebody has deleted meanwhile
        interrupt(run, problem)
    _tell(run)


def _tell(run: Path) -> None:
    with contextlib.suppress(OSError):
        print(json.dumps({"ended": str(run)}), flush=True)


def serve_jobs() -> int:
    """Run the server until stdin ends."""
    _Server().serve()
    os._exit(0)  # the forkserver and multiprocessing's own threads need no farewell
