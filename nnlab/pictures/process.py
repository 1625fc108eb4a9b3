"""This process's side of reading archives: starts the process that does it, and hears how it went.

A process for each job, started as a program (never forked from a server of pages, nor spawned, which would
execute a page again). At most a few run at once. Whatever ends it, the caller gets a sentence.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from typing import IO, Any

from nnlab.errors import Problem, Sentence
from nnlab.pictures import limits
from nnlab.pictures.problems import as_error, from_json
from nnlab.program import own_command, own_environment

MAX_PROCESSES = 2  # each of which decodes in up to `limits.PROCESSES`
_LONGEST = 16 * 2**20  # bytes of an answer, which may hold eight pictures of 256 x 256
_slots = threading.BoundedSemaphore(MAX_PROCESSES)
_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


def ask(job: dict[str, Any], archive: str, progress: Progress | None = None) -> dict[str, Any]:
    """Have a job done (see `nnlab.pictures.worker`) and return the answer.

    Args:
        job: what to do.
        archive: what the person calls the archive.
        progress: called with the pictures done and in all; an exception it raises ends the job.

    Raises:
        DataError: with `problems`, where there are any.
    """
    with _slots, tempfile.TemporaryFile() as errors:
        try:
            process = _start(errors)
        except OSError as error:
            why = Sentence(
                "The process that reads pictures cannot be started ({reason}).",
                reason=error.strerror or type(error).__name__,
            )
            raise as_error(archive, [Problem(archive, None, why)], 1) from error
        late = threading.Event()
        timer = threading.Timer(limits.SECONDS, _give_up, [process, late])
        timer.daemon = True
        timer.start()
        try:
            answer = _converse(process, {**job, "archive": archive}, progress)
        finally:
            timer.cancel()
            _kill(process)
            process.communicate()
            _note(errors)
    if answer is None:
        raise as_error(archive, [Problem(archive, None, _why(process.returncode, late.is_set()))], 1)
    if "problems" in answer:
        raise as_error(archive, [from_json(problem) for problem in answer["problems"]], answer["total"])
    return answer


def _start(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        own_command(module="nnlab.pictures.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=own_environment(),
        start_new_session=True,  # so that it is ended together with those it forks
    )


def _converse(
    process: subprocess.Popen[bytes], job: dict[str, Any], progress: Progress | None
) -> dict[str, Any] | None:
    """Hand over the job and read the answer; None where the process ended without one."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        while line := process.stdout.readline(_LONGEST):
            answer: dict[str, Any] = json.loads(line)
            if "done" not in answer:
                return answer
            if progress:
                progress(answer["done"], answer["of"])
    except (BrokenPipeError, ConnectionResetError, ValueError):  # it has ended, or broke off
        return None
    return None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and those it forked. While nobody has waited for it, the number is its own."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _give_up(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(process)


def _why(status: int, late: bool) -> Sentence:
    if late:
        return Sentence(
            "Reading it took more than {seconds} s and was given up: take fewer or smaller pictures.",
            seconds=limits.SECONDS,
        )
    if status < 0:
        return Sentence("The process that reads it was ended (signal {signal}); try again.", signal=-status)
    return Sentence("The process that reads it ended with an error of the program; the log has the details.")


def _note(errors: IO[bytes]) -> None:
    """Log what the process said besides."""
    errors.seek(0)
    if text := errors.read(20_000).decode(errors="replace").strip():
        _log.error("%s", text)
