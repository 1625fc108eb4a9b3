"""This package as a program of its own: started by a command, so that what runs there never executes again
what the asking process was started with (a page, a notebook)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nnlab.errors import LabError

_LIMIT = 300.0  # seconds, after which something is wrong
_FORGOTTEN = 20.0  # seconds without a look, after which a program that was looked at makes room for others


def own_command(*arguments: str, module: str = "nnlab") -> list[str]:
    """``python -m nnlab <arguments>`` with this Python; start it with `own_environment`."""
    return [sys.executable, "-P", "-m", module, *arguments]  # -P: nothing of the current folder is imported


def own_environment(**more: str) -> dict[str, str]:
    """The environment of this process in which the command finds this very package, and `more`."""
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


class Turns:
    """Who works: `at_once` programs; the others wait, in the order in which they came."""

    def __init__(self, at_once: int = 1) -> None:
        self._most = at_once
        self._changed = threading.Condition()
        self._working: list[Program] = []
        self._waiting: list[Program] = []

    @contextlib.contextmanager
    def taken(self, program: Program) -> Iterator[None]:
        """Wait for the turn of `program`, unless it is stopped before that, and give it back."""
        with self._changed:
            self._waiting.append(program)
            self._changed.wait_for(lambda: program.stopped or self._is_next(program))
            self._waiting.remove(program)
            self._working.append(program)
        try:
            yield
        finally:
            with self._changed:
                self._working.remove(program)
            self.look()

    def before(self, program: Program) -> int:
        """How many work or wait before it."""
        with self._changed:
            if program not in self._waiting:
                return 0
            return len(self._working) + self._waiting.index(program)

    def look(self) -> None:
        """Let the next one begin where there is room, in the place of one that everybody has left too."""
        with self._changed:
            forgotten = [one for one in (*self._working, *self._waiting) if one.forgotten]
            wanted = any(one not in forgotten for one in self._waiting)
        if wanted:
            for one in forgotten:
                one.stop()
        self.wake()

    def wake(self) -> None:
        """Have those that wait see whether they still should."""
        with self._changed:
            self._changed.notify_all()

    def _is_next(self, program: Program) -> bool:
        return self._waiting.index(program) < self._most - len(self._working)


class Program:
    """A command that works in a process of its own and prints what it finds, one JSON value a line.

    `lines` grows meanwhile. It ends by itself, by `stop`, or after `limit` seconds; `problem` then says what
    went wrong, from the last line that it complained in.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        module: str = "nnlab",
        *,
        limit: float = _LIMIT,
        turns: Turns | None = None,
        **environment: str,
    ) -> None:
        self.lines: tuple[Any, ...] = ()
        self.problem: LabError | None = None
        self.stopped = False
        self.waiting = True  # for its turn
        self._command = own_command(*arguments, module=module)
        self._environment = own_environment(**environment)
        self._limit = limit
        self._turns = turns or Turns()
        self._seen: dict[Hashable, float] = {}  # by whom, and when last
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name=f"program {module}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended; it may not have begun either."""
        return self._thread.is_alive()

    @property
    def succeeded(self) -> bool:
        """Whether it has ended by itself and nothing went wrong: `lines` are all that it had to say."""
        return not self.running and not self.stopped and self.problem is None

    @property
    def before(self) -> int:
        """How many have their turn before it has."""
        return self._turns.before(self)

    @property
    def forgotten(self) -> bool:
        """Whether it was looked at, but by nobody lately."""
        seen = list(self._seen.values())
        return bool(seen) and time.monotonic() - max(seen) > _FORGOTTEN

    def look(self, who: Hashable) -> None:
        """Say that somebody waits for it, again and again; it may then give way when nobody does any more."""
        self._seen[who] = time.monotonic()
        if self.waiting:
            self._turns.look()

    def leave(self, who: Hashable) -> None:
        """`who` does not want it any more: it ends, unless others look at it."""
        self._seen.pop(who, None)
        if not self._seen or self.forgotten:
            self.stop()

    def stop(self) -> None:
        """End it, and whatever it started."""
        self.stopped = True
        self._kill()
        self._turns.wake()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        with self._turns.taken(self):
            self.waiting = False
            if self.stopped:
                return
            late = threading.Event()
            timer = threading.Timer(self._limit, self._end_late, [late])
            timer.start()
            try:
                reason = self._read()
            except (OSError, ValueError) as error:
                reason = str(error)
            finally:
                timer.cancel()
                self._kill()
        if late.is_set():
            self.problem = LabError(
                "The computation took longer than {limit:g} seconds and was ended.", limit=self._limit
            )
        elif reason and not self.stopped:
            self.problem = LabError("The computation ended early ({reason}).", reason=reason)

    def _read(self) -> str:
        """Take in what the process prints; what it complains of, in its last line."""
        with tempfile.TemporaryFile("w+") as complaints:  # a pipe that nobody reads would stop it when full
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                env=self._environment,
                start_new_session=True,  # a group of its own, so that all of it ends at once
            )
            if self.stopped:  # before there was a process to end
                return ""
            assert process.stdout is not None
            for line in process.stdout:
                self.lines += (json.loads(line),)
            status = process.wait()
            complaints.seek(0)
            last = complaints.read().strip().rpartition("\n")[2].removeprefix("nnlab: ")
        return "" if status == 0 else last or f"exit status {status}"

    def _end_late(self, late: threading.Event) -> None:
        late.set()
        self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Programs:
    """Programs of one kind on a server: `at_once` of them work, the others wait for their turn; the last
    `kept` that have ended are kept, so that who asks for the same gets the same."""

    def __init__(self, at_once: int = 1, kept: int = 32) -> None:
        self._turns = Turns(at_once)
        self._most = kept
        self._guard = threading.Lock()
        self._kept: OrderedDict[Hashable, Program] = OrderedDict()

    def start(
        self, key: Hashable, arguments: Sequence[str], module: str = "nnlab", **options: Any
    ) -> Program:
        """The program of that key; a new one where there is none, or where it was stopped or has failed."""
        with self._guard:
            program = self._kept.get(key)
            if program is None or program.stopped or program.problem is not None:
                program = self._kept[key] = Program(arguments, module, turns=self._turns, **options)
            self._kept.move_to_end(key)
            ended = [name for name, one in self._kept.items() if not one.running and one is not program]
            for name in ended[: max(0, len(self._kept) - self._most)]:  # the oldest first
                del self._kept[name]
            return program

    def known(self, key: Hashable) -> Program | None:
        """The program of that key, where one was started and is still kept."""
        return self._kept.get(key)
