"""What is wrong with an archive, file by file: all of it counted, the first of it told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nnlab.errors import DataError, LabError, Problem, Sentence
from nnlab.pictures.limits import MAX_PROBLEMS


class Problems:
    """A list that goes on counting when it is full."""

    def __init__(self) -> None:
        self.total = 0
        self.first: list[Problem] = []

    def add(self, file: str, reason: LabError | Sentence, row: int | None = None) -> None:
        """Note what is wrong with `file`, or with a row (from 1) of it."""
        self.extend([Problem(file, row, Sentence(reason.template, **reason.values))], 1)

    def extend(self, problems: Iterable[Problem], total: int) -> None:
        """Note `total` problems of which some are given."""
        self.total += total
        self.first = [*self.first, *problems][:MAX_PROBLEMS]

    def check(self, archive: str) -> None:
        """Raise `DataError`, with the problems, where there are any."""
        if self.total:
            raise as_error(archive, self.first, self.total)


def as_error(archive: str, first: Iterable[Problem], total: int) -> DataError:
    """The error that tells `total` problems, of which the first are given."""
    first = tuple(first)
    error = DataError(
        "Nothing was taken from {archive}. Problems: {total}. The first: {file}: {reason}",
        archive=archive, total=total, file=place(first[0]), reason=first[0].reason,
    )  # fmt: skip
    error.problems = first
    return error


def place(problem: Problem) -> str:
    """Where a problem is, as ``file`` or ``file:row``."""
    return problem.file if problem.row is None else f"{problem.file}:{problem.row}"


def to_json(problem: Problem) -> list[Any]:
    """As a line of the worker's answer holds it."""
    return [problem.file, problem.row, problem.reason.template, problem.reason.values]


def from_json(value: list[Any]) -> Problem:
    """The inverse of `to_json`."""
    file, row, template, values = value
    return Problem(file, row, Sentence(template, **values))
