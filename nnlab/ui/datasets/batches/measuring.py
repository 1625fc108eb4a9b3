"""Measuring how fast samples come, in a process of our own: never are a DataLoader's workers forked from the
server. One measurement at a time for the whole server; what it found is kept for everyone."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from nnlab.data.loaders import Loading
from nnlab.paths import data_root
from nnlab.program import Program
from nnlab.training.loading_speed import WORKERS, Rate

WAYS = len(WORKERS) + 1  # and the resident tensor
_SECONDS = 1.5  # that each way is measured for
_LIMIT = 120.0  # seconds, after which something is wrong
_KEPT = 32

_guard = threading.Lock()
_begun: deque[Measurement] = deque(maxlen=_KEPT)


@dataclass(frozen=True)
class Subject:
    """What is measured: a dataset, and what of a loader makes a difference."""

    dataset: str
    batch_size: int
    sampler: str

    @classmethod
    def of(cls, dataset: str, loading: Loading) -> Subject:
        return cls(dataset, loading.batch_size, loading.sampler)


@dataclass(frozen=True)
class Measurement:
    """What is measured, and the program that does it and prints a rate for each way."""

    subject: Subject
    program: Program

    @property
    def rates(self) -> tuple[Rate, ...]:
        return tuple(Rate(**line) for line in self.program.lines)


def start(subject: Subject) -> Measurement:
    """Measure `subject`; while another measurement runs, that one is given back."""
    with _guard:
        if not _begun or not _begun[-1].program.running:
            _begun.append(Measurement(subject, _program(subject)))
        return _begun[-1]


def latest() -> Measurement | None:
    """The last one that was started on this server."""
    with _guard:
        return _begun[-1] if _begun else None


def found(subject: Subject) -> tuple[Rate, ...] | None:
    """What was measured of `subject` last, from beginning to end, since the server was started."""
    with _guard:
        ended = [one for one in _begun if one.subject == subject and one.program.succeeded]
    return ended[-1].rates if ended else None


def _program(subject: Subject) -> Program:
    arguments = [
        "loading", "--dataset", subject.dataset, "--batch-size", str(subject.batch_size),
        "--sampler", subject.sampler, "--seconds", str(_SECONDS), "--json",
    ]  # fmt: skip
    return Program(arguments, limit=_LIMIT, NNLAB_DATA=str(data_root().expanduser().resolve()))
