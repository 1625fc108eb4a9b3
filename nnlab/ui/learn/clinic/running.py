"""Running the trainings of the clinic, and the choices that the URL holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnlab.lessons.clinic import CASES, HEALTHY, Case, Record, from_json
from nnlab.lessons.clinic.cases import STEPS
from nnlab.lessons.clinic.records import EVERY
from nnlab.program import Programs
from nnlab.ui.learn.watching import watch
from nnlab.ui.linked import Linked

LINKED = Linked("clinic")
ALL = {case.name: case for case in (HEALTHY, *CASES)}
_PROGRAMS = Programs(at_once=1)


def run(case: Case, seed: int, show: Callable[[list[Record]], None]) -> None:
    """Run the training of `case` once for everybody, and `show` its records as they come."""

    def read(lines: Sequence[Any]) -> None:
        show([from_json(line) for line in lines])

    arguments = ["--case", case.name, "--seed", str(seed)]
    expected = STEPS // EVERY + 1
    watch(_PROGRAMS, (case.name, seed), arguments, "nnlab.lessons.clinic", expected, read, "clinic")
