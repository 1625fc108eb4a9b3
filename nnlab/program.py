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
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from nnlab.errors import LabError

_LIMIT = 300.0  # seconds, after which something is wrong


def own_command(*arguments: str, module: str = "nnlab") -> list[str]:
    """``python -m nnlab <arguments>`` with this Python; start it with `own_environment`."""
    return [sys.executable, "-P", "-m", module, *arguments]  # -P: nothing of the current folder is imported


def own_environment(**more: str) -> dict[str, str]:
    """The environment of this process in which the command finds this very package, and `more`."""
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


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
        turn: threading.Semaphore | None = None,
        **environment: str,
    ) -> None:
        self.lines: tuple[Any, ...] = ()
        self.problem: LabError | None = None
        self.stopped = False
        self.waiting = True  # for its turn
        self._command = own_command(*arguments, module=module)
        self._environment = own_environment(**environment)
        self._limit = limit
        self._turn = turn or threading.Semaphore()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name=f"program {module}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended; it may not have begun either."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End it, and whatever it started."""
        self.stopped = True
        self._kill()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        with self._turn:
            self.waiting = False
            if self.stopped:
                return
            timer = threading.Timer(self._limit, self._kill)
            timer.start()
            try:
                reason = self._read()
            except (OSError, ValueError) as error:
                reason = str(error)
            finally:
                timer.cancel()
                self._kill()
        if reason and not self.stopped:
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

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Programs:
    """Programs of one kind on a server: `at_once` of them work, the others wait for their turn; the last
    `kept` are kept, so that who asks for the same gets the same."""

    def __init__(self, at_once: int = 1, kept: int = 32) -> None:
        self._turn = threading.Semaphore(at_once)
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
                program = self._kept[key] = Program(arguments, module, turn=self._turn, **options)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)[1].stop()
            return program

    def known(self, key: Hashable) -> Program | None:
        """The program of that key, where one was started and is still kept."""
        return self._kept.get(key)
