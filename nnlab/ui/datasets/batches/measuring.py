"""Measuring how fast samples come, in a process of our own: never are a DataLoader's workers forked from the
server. One measurement at a time for the whole server; what it found is kept for everyone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections import OrderedDict
from dataclasses import dataclass

from nnlab.data.loaders import Loading
from nnlab.errors import LabError, RunError
from nnlab.paths import data_root
from nnlab.program import own_command, own_environment
from nnlab.training.loading_speed import WORKERS, Rate

WAYS = len(WORKERS) + 1  # and the resident tensor
_SECONDS = 1.5  # that each way is measured for
_LIMIT = 120.0  # seconds, after which something is wrong
_KEPT = 32

_guard = threading.Lock()
_latest: Measurement | None = None
_found: OrderedDict[Subject, tuple[Rate, ...]] = OrderedDict()


@dataclass(frozen=True)
class Subject:
    """What is measured: a dataset, and what of a loader makes a difference."""

    dataset: str
    batch_size: int
    sampler: str

    @classmethod
    def of(cls, dataset: str, loading: Loading) -> Subject:
        return cls(dataset, loading.batch_size, loading.sampler)


class Measurement:
    """One measurement, from its start to its end; `rates` grows, and `problem` may say what went wrong."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.rates: tuple[Rate, ...] = ()
        self.problem: LabError | None = None
        self.stopped = False
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="loading speed", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """End it, with its workers; what was found so far is thrown away."""
        self.stopped = True
        self._kill()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        timer = threading.Timer(_LIMIT, self._kill)
        timer.start()
        try:
            problem = self._read()
        except (OSError, ValueError, TypeError) as error:
            problem = str(error)
        finally:
            timer.cancel()
            self._kill()
        if self.stopped:
            return
        if problem or len(self.rates) < WAYS:
            self.problem = RunError(
                "The measurement ended early ({reason}).", reason=problem or f"{len(self.rates)} / {WAYS}"
            )
            return
        with _guard:
            _found[self.subject] = self.rates
            while len(_found) > _KEPT:
                _found.popitem(last=False)

    def _read(self) -> str:
        """Run the command and take in what it finds; what it complains of, in its last line."""
        process = self._process = _command(self.subject)
        if self.stopped:  # before there was a process to end
            return ""
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            self.rates += (Rate(**json.loads(line)),)
        complaint = process.stderr.read().strip().rpartition("\n")[2]
        return complaint.removeprefix("nnlab: ") if process.wait() else ""

    def _kill(self) -> None:
        """End the process and all that it started."""
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def start(subject: Subject) -> Measurement:
    """Measure `subject`; while another measurement runs, that one is given back."""
    global _latest
    with _guard:
        if _latest is None or not _latest.running:
            _latest = Measurement(subject)
        return _latest


def latest() -> Measurement | None:
    """The last one that was started on this server."""
    return _latest


def found(subject: Subject) -> tuple[Rate, ...] | None:
    """What was measured of `subject` since the server was started."""
    return _found.get(subject)


def _command(subject: Subject) -> subprocess.Popen[str]:
    command = own_command(
        "loading", "--dataset", subject.dataset, "--batch-size", str(subject.batch_size),
        "--sampler", subject.sampler, "--seconds", str(_SECONDS), "--json",
    )  # fmt: skip
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=own_environment(NNLAB_DATA=str(data_root().expanduser().resolve())),
        start_new_session=True,  # a group of its own, so that its workers end with it
    )
