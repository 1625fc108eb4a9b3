"""Measuring networks one after the other, each in a process of its own: its memory is its own, and nothing
trains in the server. One measurement at a time for the whole server; what it found is kept for everyone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnlab.errors import LabError, RunError
from nnlab.nets.architecture import Architecture
from nnlab.program import own_command, own_environment
from nnlab.training.batch_speed import Peak, Timing

PARTS = 2  # of a network that take time: forward passes and training steps
_SECONDS = 2.0  # that each is measured for
_LIMIT = 300.0  # seconds for one network, after which something is wrong
_KEPT = 64

_guard = threading.Lock()
_latest: Measurement | None = None
_found: OrderedDict[Subject, Speed] = OrderedDict()


@dataclass(frozen=True)
class Subject:
    """What is measured: a network (as text), the images that it takes, and how many at a time."""

    text: str
    in_shape: tuple[int, int, int]
    classes: int
    batch_size: int

    @property
    def name(self) -> str:
        """The network's."""
        return Architecture.from_text(self.text).name


@dataclass(frozen=True)
class Speed:
    """What was measured of one network; the memory is None where the system does not tell it."""

    forward: Timing
    step: Timing
    memory: Peak | None


class Measurement:
    """One measurement, from its start to its end; `done` grows, `problems` says what went wrong with whom."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = tuple(subjects)
        self.done = 0  # parts, of all networks
        self.at = 0  # which network it is at
        self.problems: dict[Subject, LabError] = {}
        self.stopped = False
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="batch speed", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """End it; of the network that it is at, nothing is kept."""
        self.stopped = True
        self._kill()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        for number, subject in enumerate(self.subjects):
            if self.stopped:
                return
            self.at = number
            timer = threading.Timer(_LIMIT, self._kill)
            timer.start()
            try:
                self._measure(subject)
            except (OSError, ValueError, TypeError, LookupError) as error:
                self._fail(subject, str(error))
            finally:
                timer.cancel()
                self._kill()
            self.done = PARTS * (number + 1)

    def _measure(self, subject: Subject) -> None:
        """Run the command for one network and take in what it finds."""
        timings: list[Timing] = []
        memory = None
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "network.json"
            file.write_text(subject.text)
            process = self._process = _command(subject, file)
            if self.stopped:  # before there was a process to end
                return
            assert process.stdout is not None and process.stderr is not None
            for line in process.stdout:
                value = json.loads(line)
                if value["part"] == "memory":
                    memory = Peak(**value)
                else:
                    timings.append(Timing(**value))
                    self.done += 1
            complaint = process.stderr.read().strip().rpartition("\n")[2].removeprefix("nnlab: ")
            status = process.wait()
        if self.stopped:
            return
        if status or len(timings) < PARTS:
            self._fail(subject, complaint or f"{len(timings)} / {PARTS}")
            return
        with _guard:
            _found[subject] = Speed(timings[0], timings[1], memory)
            while len(_found) > _KEPT:
                _found.popitem(last=False)

    def _fail(self, subject: Subject, reason: str) -> None:
        if not self.stopped:
            self.problems[subject] = RunError("The measurement ended early ({reason}).", reason=reason)

    def _kill(self) -> None:
        """End the process and all that it started."""
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def start(subjects: Sequence[Subject]) -> Measurement:
    """Measure `subjects`; while another measurement runs, that one is given back."""
    global _latest
    with _guard:
        if _latest is None or not _latest.running:
            _latest = Measurement(subjects)
        return _latest


def latest() -> Measurement | None:
    """The last one that was started on this server."""
    return _latest


def found(subject: Subject) -> Speed | None:
    """What was measured of `subject` since the server was started."""
    return _found.get(subject)


def _command(subject: Subject, file: Path) -> subprocess.Popen[str]:
    command = own_command(
        "speed", "--model", str(file),
        "--image", "x".join(map(str, subject.in_shape)), "--classes", str(subject.classes),
        "--batch-size", str(subject.batch_size), "--seconds", str(_SECONDS), "--json",
    )  # fmt: skip
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=own_environment(),
        start_new_session=True,  # a group of its own, so that all of it ends at once
    )
