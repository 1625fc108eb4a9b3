"""A worker process: one run, then gone."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from nnlab.runs.limits import die_with_parent, settle


def work(run: Path, data_root: Path, others: int, server: Connection) -> None:
    """Train the run in the directory `run` while `others` train; end at once when the other end of `server`
    closes."""
    from nnlab.runs.execute import LOG, execute  # here, because the server imports this module without torch

    die_with_parent(signal.SIGKILL)
    threading.Thread(target=_end_with, args=(server,), daemon=True).start()
    with (run / LOG).open("a") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    settle(others)
    execute(run, data_root)


def _end_with(server: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        server.recv_bytes()
    os._exit(1)
