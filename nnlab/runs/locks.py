"""Locks of the operating system: held by a live process, free the moment it is gone, however it ended."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from nnlab.errors import RunError

WORKER = "lock"  # held by the process that trains the run
OWNER = "owner.lock"  # held by the process that has the run in its queue


def hold(path: Path, seconds: float = 0) -> FileLock:
    """Take the lock file `path`, waiting up to `seconds`. It is released by ``.release()`` or by dying.

    Raises:
        RunError: another process has it.
    """
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=seconds, poll_interval=0.01)
    except Timeout:
        raise RunError("The run {run} is being worked on by another process.", run=path.parent.name) from None
    return lock


def is_held(path: Path) -> bool:
    """Whether a live process has the lock file `path`. Where it cannot be opened, no: nobody else could."""
    try:
        hold(path).release()
    except RunError:
        return True
    except OSError:
        return False
    return False
