"""This process's side of the job server: starts it once, hands runs over, hears when they end."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from pathlib import Path

from filelock import FileLock

from nnlab.paths import data_root
from nnlab.program import own_command, own_environment
from nnlab.runs.state import interrupt


class JobServer:
    """A process of our own that trains the runs of this one. It and its workers end when this one does.

    It is started as a program, so that no worker ever executes again what this process was started with
    (a page, a notebook). Raises OSError where it cannot be started.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: dict[str, FileLock] | None = {}  # of the runs handed over; None when it is gone
        self._process = subprocess.Popen(
            own_command("serve-jobs"),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=own_environment(),
            start_new_session=True,  # Ctrl-C ends this process, and by that the server in its own way
        )
        threading.Thread(target=self._listen, name="job server", daemon=True).start()

    @property
    def is_running(self) -> bool:
        """Whether runs can be handed over."""
        return self._waiting is not None and self._process.poll() is None

    def submit(self, run: Path, lock: FileLock) -> None:
        """Hand over a queued run together with its owner's lock, which is kept until the run has ended.

        Raises:
            OSError: the server is gone; the lock is still the caller's.
        """
        job = {"run": str(run), "data": str(data_root().expanduser().resolve())}
        with self._guard:
            if self._waiting is None:
                raise BrokenPipeError
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps(job).encode() + b"\n")
            except OSError:
                self._process.kill()  # without its input it is about to end anyway
                self._process.wait()
                raise
            self._waiting[str(run)] = lock

    def _listen(self) -> None:
        """Give up the lock of each run that has ended; of all, when the server itself is gone."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with contextlib.suppress(ValueError, LookupError, TypeError):
                run = json.loads(line)["ended"]
                with self._guard:
                    lock = self._waiting.pop(run) if self._waiting else None
                _give_up(run, lock)
        self._process.wait()
        with self._guard:
            left, self._waiting = self._waiting or {}, None
        for run, lock in left.items():
            _give_up(run, lock)


def _give_up(run: str, lock: FileLock | None) -> None:
    if lock is not None:
        lock.release()
        with contextlib.suppress(Exception):  # a directory that somebody has deleted meanwhile
            interrupt(Path(run))


_starting = threading.Lock()
_server: JobServer | None = None


def job_server() -> JobServer:
    """The one of this process, started unless it is running. Raises OSError where it cannot be."""
    global _server
    with _starting:
        if _server is None or not _server.is_running:
            _server = JobServer()
        return _server


def submit(run: Path, lock: FileLock) -> None:
    """Hand a queued run to the job server (see `JobServer.submit`)."""
    try:
        job_server().submit(run, lock)
    except BrokenPipeError:  # it ended just now; a new one has not
        job_server().submit(run, lock)
