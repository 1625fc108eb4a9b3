"""Single elements written into one of two things that may share memory; a text holds all writes in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnlab.errors import LabError
from nnlab.lessons.tensors.literals import read_value
from nnlab.lessons.tensors.refusal import asking_torch

MOST = 20  # writes that are kept
_WRITE = re.compile(r"([a-z])(\d{1,6})=([-+.\w]{1,30})")


@dataclass(frozen=True)
class Write:
    """``name[place] = value``, where `place` counts the elements in row-major order."""

    name: str
    place: int
    value: int | float | bool

    def code(self, shape: Sequence[int]) -> str:
        """The line that does it, for something of that shape."""
        index = ", ".join(map(str, np.unravel_index(self.place, shape))) if shape else "()"
        return f"{self.name}[{index}] = {self.value}"


def read_writes(text: str, names: str) -> list[Write]:
    """What ``text_of`` made of writes.

    Raises:
        LabError: no such text, as somebody may put into a link.
    """
    writes: list[Write] = []
    for each in text.split(";") if text else []:
        match = _WRITE.fullmatch(each)
        if match is None or match[1] not in names or len(writes) == MOST:
            raise LabError("The writes of this link cannot be read; they are left out.")
        writes.append(Write(match[1], int(match[2]), read_value(match[3])))
    return writes


def text_of(writes: Sequence[Write]) -> str:
    """The last `MOST` of them as a text."""
    return ";".join(f"{each.name}{each.place}={each.value!r}" for each in writes[-MOST:])


def apply(writes: Sequence[Write], into: Mapping[str, Tensor | np.ndarray[Any, Any]]) -> list[Write]:
    """Write, one after the other; those that were done. What lies beyond the end of a tensor is passed over.

    Raises:
        Refused: PyTorch or NumPy refuse a value.
    """
    done = []
    for write in writes:
        target = into.get(write.name)
        shape = () if target is None else tuple(target.shape)
        if target is None or write.place >= int(np.prod(shape)):
            continue
        with asking_torch(), torch.no_grad():
            target[tuple(int(at) for at in np.unravel_index(write.place, shape))] = write.value
        done.append(write)
    return done
