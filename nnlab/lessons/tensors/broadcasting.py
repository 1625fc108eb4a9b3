"""Broadcasting: which axes are stretched so that two shapes fit, or where they do not."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

import torch
from torch import Tensor

from nnlab.errors import LabError
from nnlab.lessons.tensors.memory import index_text, numbers
from nnlab.lessons.tensors.refusal import asking_torch

OPERATIONS: dict[str, tuple[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "add": ("a + b", operator.add),
    "sub": ("a - b", operator.sub),
    "mul": ("a * b", operator.mul),
    "div": ("a / b", operator.truediv),
    "greater": ("a > b", operator.gt),
}
_MOST = 2_000  # elements of the result


@dataclass(frozen=True)
class Axis:
    """One dim of the result; a size is None where that tensor has no such dim.

    The rule: shapes are aligned at their ends, and of two sizes that differ one has to be 1 or absent
    (https://docs.pytorch.org/docs/stable/notes/broadcasting.html).
    """

    a: int | None
    b: int | None

    @property
    def fits(self) -> bool:
        return self.a == self.b or self.a in (1, None) or self.b in (1, None)

    @property
    def size(self) -> int:
        """Of the result, where it fits."""
        sizes = [size for size in (self.a, self.b) if size not in (1, None)]
        return sizes[0] if sizes and sizes[0] is not None else 1


def align(a: tuple[int, ...], b: tuple[int, ...]) -> list[Axis]:
    """The dims of both shapes, aligned at their ends; the first dim first."""
    return [Axis(one, other) for one, other in zip_longest(reversed(a), reversed(b))][::-1]


def stretched(tensor: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """``tensor.expand(shape)``, and a bool for each of its elements: whether it is a repetition.

    Nothing is copied: along a stretched dim the stride is 0, so all are one place in memory.
    """
    expanded = tensor.expand(shape)
    repeated = torch.zeros(shape, dtype=torch.bool)
    added = len(shape) - tensor.ndim
    for dim, size in enumerate(shape):
        if size > 1 and (dim < added or tensor.shape[dim - added] == 1):
            repeated.narrow(dim, 1, size - 1).fill_(True)
    return expanded, repeated


def combine(name: str, a: Tensor, b: Tensor) -> Tensor:
    """The result of that operation in `OPERATIONS`.

    Raises:
        Refused: the shapes do not fit.
        LabError: they do, but the result is too large to show.
    """
    with asking_torch():
        result = OPERATIONS[name][1](a, b)
    if result.numel() > _MOST:
        raise LabError(
            "The result has {count:,} elements, too many to show; at most {most:,}.",
            count=result.numel(), most=_MOST,
        )  # fmt: skip
    return result


def written(name: str, a: Tensor, b: Tensor, result: Tensor) -> list[str]:
    """How each element of the result comes about, such as ``a[2, 0] + b[3] = 2.0 + 3.0 = 5.0``."""
    sign = OPERATIONS[name][0].split()[1]
    sides = []
    for letter, side in (("a", a), ("b", b)):
        sources = torch.arange(side.numel()).reshape(side.shape).expand(result.shape).reshape(-1).tolist()
        values = numbers(side)
        sides.append([(f"{letter}{index_text(side, source)}", values[source]) for source in sources])
    return [
        f"{one} {sign} {other} = {left} {sign} {right} = {value}"
        for (one, left), (other, right), value in zip(*sides, numbers(result), strict=True)
    ]
