"""The events of a run: a file that only grows, one JSON object a line, in order of `seq`."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path

from nnlab.runs.files import dumps
from nnlab.training.events import Event

FILE = "events.jsonl"


class JournalWriter:
    """Appends whole lines; every event is with the operating system when `append` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def append(self, event: Event) -> None:
        """Raises OSError where the disk refuses; the file then ends where it did before."""
        line = (dumps(event.to_json()) + "\n").encode()
        before = os.fstat(self._file.fileno()).st_size
        try:
            rest = memoryview(line)
            while rest:  # an unbuffered write may take a part only
                rest = rest[self._file.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(before)
            raise

    def close(self) -> None:
        """Put all on the disk."""
        with contextlib.suppress(OSError):
            os.fsync(self._file.fileno())
        self._file.close()


class JournalReader:
    """Reads on from where it was. A last line without its end is left for later, damaged ones are skipped.

    It keeps where each line starts, not the events, so it is small, and cheap to ask often.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts = [0]  # of each whole line, and of what comes next
        self._lock = threading.Lock()

    def read(self, after: int = 0) -> list[Event]:
        """The events with `seq` above `after`; none where there is no file yet."""
        with self._lock:
            try:
                size = self._path.stat().st_size
            except OSError:
                return []
            if size > self._starts[-1]:
                self._index(size)
            # Line n (from 1) has seq n, so this skips none that is wanted.
            start, end = self._starts[min(max(after, 0), len(self._starts) - 1)], self._starts[-1]
        if start == end:
            return []
        lines = self._bytes(start, end).split(b"\n")
        events = (parse(line) for line in lines)
        return [event for event in events if event is not None and event.seq > after]

    def _index(self, size: int) -> None:
        chunk = self._bytes(self._starts[-1], size)
        base, position = self._starts[-1], chunk.find(b"\n")
        while position >= 0:
            self._starts.append(base + position + 1)
            position = chunk.find(b"\n", position + 1)

    def _bytes(self, start: int, end: int) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError:  # deleted since the last look
            return b""


def parse(line: bytes) -> Event | None:
    """The event of a line; None where it is not one."""
    try:
        return Event.from_json(json.loads(line))
    except Exception:  # whatever a damaged disk can come up with
        return None
