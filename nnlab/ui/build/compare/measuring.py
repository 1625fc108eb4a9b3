"""Measuring networks one after the other, each in a process of its own: its memory is its own, and nothing
trains in the server. One measurement at a time for the whole server; what it found is kept for everyone."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture
from nnlab.program import Program
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
    """One measurement, from its start to its end; `problems` says what went wrong with whom."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = tuple(subjects)
        self.at = 0  # which network it is at
        self.problems: dict[Subject, LabError] = {}
        self.stopped = False
        self._program: Program | None = None  # of the network that it is at
        self._thread = threading.Thread(target=self._run, name="batch speed", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def done(self) -> int:
        """Parts that are measured, of all networks."""
        program = self._program
        return PARTS * self.at + (min(PARTS, len(program.lines)) if program is not None else 0)

    def stop(self) -> None:
        """End it; of the network that it is at, nothing is kept."""
        self.stopped = True
        if self._program is not None:
            self._program.stop()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        for number, subject in enumerate(self.subjects):
            self._program, self.at = None, number
            try:
                self._measure(subject)
            except OSError as error:
                self.problems[subject] = LabError("The computation ended early ({reason}).", reason=error)
            if self.stopped:
                return

    def _measure(self, subject: Subject) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "network.json"
            file.write_text(subject.text)
            self._program = program = _program(subject, file)
            if self.stopped:  # before there was a program to end
                program.stop()
            program.wait()
        if program.problem is not None:
            self.problems[subject] = program.problem
        elif not self.stopped:
            _keep(subject, program)


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


def _keep(subject: Subject, program: Program) -> None:
    forward, step, *memory = program.lines
    with _guard:
        _found[subject] = Speed(Timing(**forward), Timing(**step), Peak(**memory[0]) if memory else None)
        while len(_found) > _KEPT:
            _found.popitem(last=False)


def _program(subject: Subject, file: Path) -> Program:
    arguments = [
        "speed", "--model", str(file),
        "--image", "x".join(map(str, subject.in_shape)), "--classes", str(subject.classes),
        "--batch-size", str(subject.batch_size), "--seconds", str(_SECONDS), "--json",
    ]  # fmt: skip
    return Program(arguments, limit=_LIMIT)
