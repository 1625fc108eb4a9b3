"""This process's side of the job server: starts it once, hands runs over, hears when they end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

from filelock import FileLock

import nnlab
from nnlab.paths import data_root
from nnlab.runs.state import interrupt


class JobServer:
    """A process of our own that trains the runs of this one. It and its workers end when this one does.

    It is started as a program, so that no worker ever executes again what this process was started with
    (a page, a notebook).
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._waiting: dict[str, FileLock] = {}  # of the runs handed over, until they have ended

    def warm(self) -> None:
        """Start it, unless it is running."""
        with self._guard:
            self._running()

    def submit(self, run: Path, lock: FileLock) -> None:
        """Hand over a queued run together with its owner's lock, which is kept until the run has ended."""
        with self._guard:
            process = self._running()
            self._waiting[str(run)] = lock
            line = json.dumps({"run": str(run), "data": str(data_root().expanduser().resolve())})
            try:
                print(line, file=process.stdin, flush=True)
            except OSError:  # it ended just now; a new one has not
                process = self._running(anew=True)
                print(line, file=process.stdin, flush=True)

    def _running(self, anew: bool = False) -> subprocess.Popen[str]:
        if self._process is None or anew or self._process.poll() is not None:
            home = str(Path(nnlab.__file__).parents[1])
            paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nnlab", "serve-jobs"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,  # Ctrl-C ends this process, and by that the server in its own way
            )
            threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        return self._process

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Give up the lock of each run that has ended; of all, where the server itself is gone."""
        assert process.stdout is not None
        for line in process.stdout:
            with contextlib.suppress(ValueError, LookupError):
                self._ended(json.loads(line)["ended"])
        with self._guard:
            left = [] if self._process is not process else list(self._waiting)
        for run in left:
            self._ended(run)

    def _ended(self, run: str) -> None:
        with self._guard:
            lock = self._waiting.pop(run, None)
        if lock is not None:
            lock.release()
            with contextlib.suppress(Exception):  # a directory that somebody has deleted meanwhile
                interrupt(Path(run))


@cache
def job_server() -> JobServer:
    """The one of this process."""
    return JobServer()
