"""What a typed expression that starts at ``t`` says, and what PyTorch makes of it, step by step.

``t[:, 0][1]`` are brackets, ``t.T.view(6)`` methods. `nnlab.lessons.tensors.grammar` reads the text; nothing
that is typed is run as Python.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nnlab.errors import Sentence
from nnlab.lessons.tensors.memory import share
from nnlab.lessons.tensors.refusal import Refused, asking_torch
from nnlab.lessons.tensors.tokens import MOST_DIMS, MOST_ELEMENTS
from nnlab.lessons.typed import TypedError

NAME = "t"
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "%": operator.mod, "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


@dataclass(frozen=True)
class Combined:
    """Two sides and a sign between them, as in ``t > 0.5``, ``t % 2`` or ``(t > 0) & (t < 1)``."""

    sign: str
    left: Operand
    right: Operand


@dataclass(frozen=True)
class Inverted:
    """``~`` and what stands behind it."""

    inner: Operand


@dataclass(frozen=True)
class Item:
    """What stands between two commas of an index: ``text[start:stop]``.

    `value` is a whole number, a slice, a bool, None, ``...``, a list of whole numbers or bools, or a mask.
    """

    value: Any
    start: int
    stop: int

    @property
    def is_mask(self) -> bool:
        return isinstance(self.value, Combined | Inverted | Chain)

    def resolved(self, tensor: Tensor) -> Any:
        """What is handed to PyTorch, where `tensor` is the ``t`` of masks."""
        return evaluate(self.value, tensor) if self.is_mask else self.value


@dataclass(frozen=True)
class Brackets:
    """``[...]`` behind something; ``start`` and ``stop`` are those of the brackets in the text."""

    items: tuple[Item, ...]
    start: int
    stop: int
    alone: bool  # one item without a comma behind it, which Python hands over as it is and not as a tuple


@dataclass(frozen=True)
class Method:
    """``.name`` (`arguments` is None) or ``.name(...)`` behind something."""

    name: str
    arguments: tuple[Any, ...] | None
    start: int
    stop: int


Step = Brackets | Method


@dataclass(frozen=True)
class Chain:
    """``t`` and the steps behind it; ``text`` is all that was typed, of which it may be a part."""

    text: str
    start: int
    steps: tuple[Step, ...]


Operand = Chain | Combined | Inverted | int | float


@dataclass(frozen=True, eq=False)
class Stage:
    """What has been reached after one step.

    Attributes:
        code: the expression up to here.
        tensor: its value.
        shared: whether it lies in the same storage as ``t``.
        step: what led here; None for ``t`` itself.
    """

    code: str
    tensor: Tensor
    shared: bool
    step: Step | None


def evaluate(operand: Operand, tensor: Tensor) -> Any:
    """The value of a side of a mask."""
    match operand:
        case Combined(sign, left, right):
            sides = evaluate(left, tensor), evaluate(right, tensor)
            _check_stretched([side.shape for side in sides if isinstance(side, Tensor)])
            return _SIGNS[sign](*sides)
        case Inverted(inner):
            return torch.bitwise_not(evaluate(inner, tensor))
        case Chain():
            return run(operand, tensor)[-1].tensor
    return operand


def _check_stretched(shapes: list[torch.Size]) -> None:
    """Raise OverflowError where broadcasting would blow a mask up."""
    count = math.prod(max(sizes) for sizes in itertools.zip_longest(*map(reversed, shapes), fillvalue=1))
    if count > MOST_ELEMENTS:
        raise OverflowError


def run(chain: Chain, tensor: Tensor, root: Tensor | None = None, most: int = MOST_ELEMENTS) -> list[Stage]:
    """Every stage of `chain` for ``t = tensor``, the first of which is ``t`` itself.

    Args:
        root: the ``t`` of masks, where that is another one: so the same elements are taken of a tensor that
            holds their places.
        most: elements that a result may have.

    Raises:
        TypedError: PyTorch refuses a step, or the result is too large to show; the fault is that step, or the
            item of it that is too much.
    """
    root = tensor if root is None else root
    stages = [Stage(NAME, tensor, True, None)]
    for step in chain.steps:
        before = stages[-1].tensor
        if isinstance(step, Brackets):
            found = _indexed(before, step, root, chain.text)
        else:
            found = _called(before, step, chain.text, most)
        _check_size(found, step, chain.text, most)
        code = chain.text[chain.start : step.stop]
        stages.append(Stage(code, found, share(found, tensor), step))
    return stages


def _indexed(before: Tensor, step: Brackets, root: Tensor, text: str) -> Tensor:
    resolved = []
    for item in step.items:
        try:
            with asking_torch(text, item.start, item.stop):
                resolved.append(item.resolved(root))
        except OverflowError:
            _refuse_size(item, text, MOST_ELEMENTS)
    try:
        with asking_torch(text, step.start, step.stop):
            return _taken(before, resolved, step.alone)
    except Refused as refused:
        fault = _first_fault(before, step, resolved)
        if fault is not None:
            refused.start, refused.stop = fault.start, fault.stop
        raise


def _taken(before: Tensor, resolved: list[Any], alone: bool) -> Tensor:
    found: Tensor = before[resolved[0] if alone else tuple(resolved)]
    return found


def _first_fault(before: Tensor, step: Brackets, resolved: list[Any]) -> Item | None:
    """The first item at which PyTorch refuses what stands up to there."""
    for count in range(1, len(resolved) + 1):
        try:
            _taken(before, resolved[:count], False)
        except (IndexError, RuntimeError, TypeError, ValueError):
            return step.items[count - 1]
    return None


def _called(before: Tensor, step: Method, text: str, most: int) -> Tensor:
    if step.name in ("expand", "repeat"):  # the ones whose result may be larger than what they are given
        sizes = [size for size in _flat(step.arguments) if size != -1]
        if math.prod(sizes) * (before.numel() if step.name == "repeat" else 1) > most:
            _refuse_size(step, text, most)
    with asking_torch(text, step.start, step.stop):
        found = getattr(before, step.name)  # a name of `grammar.METHODS`
        result: Tensor = found if step.arguments is None else found(*step.arguments)
        return result


def _flat(arguments: tuple[Any, ...] | None) -> list[int]:
    return [size for each in arguments or () for size in (each if isinstance(each, tuple) else (each,))]


def _check_size(found: Tensor, step: Step, text: str, most: int) -> None:
    if found.numel() > most:
        _refuse_size(step, text, most)
    if found.ndim > MOST_DIMS:
        told = Sentence("The result would have {dims} dims; at most {most} are shown.",
                        dims=found.ndim, most=MOST_DIMS)  # fmt: skip
        raise TypedError(told.template, text=text, start=step.start, stop=step.stop, **told.values)


def _refuse_size(step: Step | Item, text: str, most: int) -> None:
    raise TypedError(
        "The result would have more than {most:,} elements, too many to show.",
        text=text, start=step.start, stop=step.stop, most=most,
    )  # fmt: skip
