"""What is asked of a run: a small file that anyone writes and the run's process reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from nnlab.errors import RunError
from nnlab.runs.files import read_json, write_json

FILE = "control.json"
WISHES = ("run", "pause", "stop")


@dataclass(frozen=True)
class Control:
    """`want` is one of `WISHES`; `evaluate` counts how often a test was asked for."""

    want: str = "run"
    evaluate: int = 0


def read_control(run: Path) -> Control:
    """The file's content; what nothing asks for where it is absent or damaged."""
    try:
        value = read_json(run / FILE)
        control = Control(value["want"], int(value["evaluate"]))
    except (RunError, LookupError, TypeError, ValueError, OverflowError):
        return Control()
    return control if control.want in WISHES else Control()


def write_control(run: Path, control: Control) -> None:
    """Write the file as a whole."""
    write_json(run / FILE, asdict(control))


def ask(run: Path, want: str) -> None:
    """Ask for one of `WISHES`. Who has asked to stop cannot be overruled."""
    _change(run, lambda control: control if control.want == "stop" else replace(control, want=want))


def ask_evaluation(run: Path) -> None:
    """Ask for one more test."""
    _change(run, lambda control: replace(control, evaluate=control.evaluate + 1))


def _change(run: Path, change: Callable[[Control], Control]) -> None:
    with FileLock(run / "control.lock", thread_local=False):  # two tabs may ask at once
        before = read_control(run)
        after = change(before)
        if after != before:
            write_control(run, after)


class ControlWatch:
    """Reads the file again only when it has changed; looking costs a few microseconds."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._seen: tuple[int, int, int] | None = None
        self._control = Control()

    def look(self) -> Control:
        """What is asked for now."""
        try:
            found = (self._run / FILE).stat()
        except OSError:
            return self._control
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if seen != self._seen:
            self._control, self._seen = read_control(self._run), seen
        return self._control
