"""Running a program of this lab's own and noting down what it prints and how PyTorch complains.

Only for programs that stand in the sources, such as those of `nnlab.lessons.autograd.mistakes`: exactly the
lines that are shown are executed. Never for what somebody typed.
"""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from typing import Any

import torch

_PROGRAM = "<the program shown>"
_one_at_a_time = threading.Lock()  # Python's record of warnings belongs to the whole process


@dataclass(frozen=True)
class Outcome:
    """What a program did.

    Attributes:
        printed: its lines.
        error: what was raised, as Python writes it; "" where it ran to its end.
        line: the line (from 1) at which that happened, or the last warning; 0 for none.
        warned: PyTorch's warnings.
    """

    printed: tuple[str, ...]
    error: str
    line: int
    warned: tuple[str, ...]


def outcome(source: str) -> Outcome:
    """Run `source`, in which ``torch`` is there already."""
    printed: list[str] = []

    def note(*values: object) -> None:
        printed.append(" ".join(map(str, values)))

    space: dict[str, Any] = {"torch": torch, "print": note}
    error, line = "", 0
    with _one_at_a_time, warnings.catch_warnings(record=True) as caught, torch.enable_grad():
        warnings.simplefilter("always")
        try:
            exec(compile(source, _PROGRAM, "exec"), space)
        except Exception as raised:
            error, line = f"{type(raised).__name__}: {raised}", _line(raised)
    warned = [warning for warning in caught if warning.filename == _PROGRAM]
    if warned and not line:
        line = warned[-1].lineno
    return Outcome(tuple(printed), error, line, tuple(_first(str(warning.message)) for warning in warned))


def _line(raised: BaseException) -> int:
    found, trace = 0, raised.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _PROGRAM:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _first(message: str) -> str:
    """Without where in its own sources PyTorch says so."""
    return message.partition(" (Triggered internally")[0]
