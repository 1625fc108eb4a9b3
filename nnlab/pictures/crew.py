"""Work on many pictures shared out among forked processes, each of which a damaged picture may end.

Forked rather than started anew, for they need the list of files and cost a millisecond each; the process
that forks them is a clean one of our own with a single thread.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from nnlab.errors import DataError
from nnlab.pictures import limits
from nnlab.pictures.layout import Item
from nnlab.pictures.problems import Problems, from_json, to_json

_TELL_SECONDS = 0.2
_ENOUGH = 100  # pictures that are worth a process of their own
_COUNT = struct.Struct("<q")
_INPUT = 0  # what the caller holds open

Work = Callable[[Item, int], Any]


def share_out(
    items: Sequence[Item],
    work: Work,
    problems: Problems,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Any]:
    """Do `work(item, number)` on each item; return what was not None, in order.

    What goes wrong with a picture goes into `problems`, also that it ended the process it was in; the
    pictures that this process had still to do are then left out.
    """
    crew = max(1, min(limits.PROCESSES, os.cpu_count() or 1, len(items) // _ENOUGH))
    with mmap.mmap(-1, _COUNT.size * crew) as board:  # how many pictures each is through with
        members = [_Member(board, first, crew) for first in range(crew)]
        for member in members:
            member.start(items, work)
        _collect(members, lambda: progress(sum(member.done for member in members), len(items)))
        answers = [member.answer(items) for member in members]
    found = sorted((row for answer in answers for row in answer["found"]), key=lambda row: row[0])
    wrong = sorted((row for answer in answers for row in answer["wrong"]), key=lambda row: row[0])
    problems.extend([from_json(row[1]) for row in wrong], sum(answer["total"] for answer in answers))
    return [row[1] for row in found]


class _Member:
    """One process, which does every `step`-th picture from `first` on, and the pipe on which it answers."""

    def __init__(self, board: mmap.mmap, first: int, step: int) -> None:
        self.board, self.first, self.step = board, first, step
        self.text = b""

    @property
    def done(self) -> int:
        """Pictures it is through with."""
        count: int = _COUNT.unpack_from(self.board, self.first * _COUNT.size)[0]
        return count

    def start(self, items: Sequence[Item], work: Work) -> None:
        """Fork it."""
        self.pipe, answer = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            status = 1
            try:
                _let_go()
                with open(answer, "w") as pipe:
                    json.dump(self._labour(items, work), pipe)
                status = 0
            except BaseException:
                traceback.print_exc()
                sys.stderr.flush()
            finally:
                os._exit(status)
        os.close(answer)

    def _labour(self, items: Sequence[Item], work: Work) -> dict[str, Any]:
        """In the forked process: do the work."""
        found = []
        wrong = Problems()
        numbers = []
        for count, number in enumerate(range(self.first, len(items), self.step)):
            _COUNT.pack_into(self.board, self.first * _COUNT.size, count)
            try:
                value = work(items[number], number)
                if value is not None:
                    found.append((number, value))
                continue
            except DataError as error:
                reason = error
            except MemoryError:
                reason = DataError("This picture takes more memory than there is for one.")
            except OSError as error:
                why = error.strerror or type(error).__name__
                reason = DataError("It could not be read or written ({reason}).", reason=why)
            wrong.add(items[number].entry.path, reason)
            numbers.append(number)
        rows = [(number, to_json(problem)) for number, problem in zip(numbers, wrong.first, strict=False)]
        return {"found": found, "wrong": rows, "total": wrong.total}

    def answer(self, items: Sequence[Item]) -> dict[str, Any]:
        """What it found; where it was ended, that as the one problem. Waits for its end."""
        os.close(self.pipe)
        status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        if status == 0:
            answer: dict[str, Any] = json.loads(self.text)
            return answer
        number = self.first + self.done * self.step
        wrong = Problems()
        wrong.add(items[number].entry.path, _ended(-status))
        return {"found": [], "wrong": [(number, to_json(wrong.first[0]))], "total": 1}


def _let_go() -> None:
    """Close what belongs to the process that forked this one: its caller must notice when that ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)


def _ended(number: int) -> DataError:
    if number == getattr(signal, "SIGXCPU", None):
        return DataError(
            "At this picture, reading had taken {seconds} s, the most it may.", seconds=limits.CPU_SECONDS
        )
    return DataError("At this picture, the process that reads was ended (signal {signal}).", signal=number)


def _collect(members: Sequence[_Member], tell: Callable[[], None]) -> None:
    """Read what the processes answer until all have ended; end them all where nobody waits any more."""
    waiting = {member.pipe: member for member in members}
    while waiting:
        ready = select.select([*waiting, _INPUT], [], [], _TELL_SECONDS)[0]
        for pipe in ready:
            if pipe == _INPUT:
                _give_up(members)
            elif chunk := os.read(pipe, 2**16):
                waiting[pipe].text += chunk
            else:
                del waiting[pipe]
        if not ready:
            tell()


def _give_up(members: Sequence[_Member]) -> None:
    """The caller has gone, or closed our input."""
    for member in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member.process, signal.SIGKILL)
    os._exit(1)
