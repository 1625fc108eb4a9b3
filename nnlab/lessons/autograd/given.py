"""The tensors that an expression starts from, with their values as typed lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import Tensor

from nnlab.errors import Sentence, check
from nnlab.lessons.autograd.grammar import check_name
from nnlab.lessons.autograd.tokens import Token, tokens
from nnlab.lessons.typed import TypedError

DTYPES = {"float32": torch.float32, "float64": torch.float64}
MOST_TENSORS = 6
_DEEPEST = 4  # dimensions
_MOST_VALUES = 128

Nested = float | list["Nested"]


@dataclass(frozen=True)
class Given:
    """One row of the table of tensors, as it was typed."""

    name: str
    values: str
    requires_grad: bool = True
    dtype: str = "float32"

    def tensor(self) -> Tensor:
        """The leaf; raises `TypedError` where the values are no tensor."""
        read = read_values(self.values)
        return torch.tensor(read, dtype=DTYPES[self.dtype], requires_grad=self.requires_grad)

    @property
    def line(self) -> str:
        """The line of Python that makes it."""
        dtype = "" if self.dtype == "float32" else f", dtype=torch.{self.dtype}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        return f"{self.name} = torch.tensor({written(read_values(self.values))}{dtype}{grad})"


def make_leaves(given: Sequence[Given]) -> dict[str, Tensor]:
    """The tensors by their names.

    Raises:
        TypedError: a name or its values cannot be read.
        LabError: too many of them.
    """
    check(len(given) <= MOST_TENSORS, "At most {most} tensors.", most=MOST_TENSORS)
    found: dict[str, Tensor] = {}
    for row in given:
        if row.name in found:
            raise TypedError(
                "There are two tensors of this name.", text=row.name, start=0, stop=len(row.name)
            )
        check_name(row.name, row.name, 0)
        found[row.name] = row.tensor()
    return found


def read_values(text: str) -> Nested:
    """A number, or a list of such (of such ...), all as deep and as long as each other.

    Raises:
        TypedError: it is none, or holds more than 128 numbers; the fault is marked.
    """
    reader = _Reader(text)
    found, _ = reader.value(0)
    if reader.next.kind != "end":
        reader.fail(Sentence("The list ends before this."))
    return found


def written(values: Nested) -> str:
    """`values` as Python writes them, whole numbers with a point."""
    if isinstance(values, list):
        return f"[{', '.join(map(written, values))}]"
    return f"{int(values)}." if values.is_integer() and abs(values) < 1e15 else repr(values)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.place, self.count = text, tokens(text), 0, 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def fail(self, sentence: Sentence, token: Token | None = None, stop: int | None = None) -> NoReturn:
        token = token or self.next
        raise TypedError(
            sentence.template, text=self.text, start=token.start, stop=stop or token.stop, **sentence.values
        )

    def value(self, depth: int) -> tuple[Nested, tuple[int, ...]]:
        """What stands next, and its shape."""
        if self.next.text == "[":
            return self.list(depth)
        sign = 1.0
        while self.next.text in ("-", "+"):
            sign = -sign if self.next.text == "-" else sign
            self.place += 1
        word = self.next
        if word.kind == "end":
            self.fail(Sentence("A number or a list is missing, such as 2. or [2., 3.]."))
        if word.kind != "number":
            self.fail(Sentence("This is not a number."), word)
        self.place += 1
        self.count += 1
        if self.count > _MOST_VALUES:
            self.fail(Sentence("At most {most} numbers.", most=_MOST_VALUES), word)
        value = sign * float(word.text)
        if not math.isfinite(float(torch.tensor(value))):
            self.fail(Sentence("A float32 cannot hold this number."), word)
        return value, ()

    def list(self, depth: int) -> tuple[Nested, tuple[int, ...]]:
        opened = self.next
        if depth == _DEEPEST:
            self.fail(Sentence("At most {most} lists stand inside each other.", most=_DEEPEST), opened)
        self.place += 1
        found: list[Nested] = []
        inner: tuple[int, ...] | None = None
        while self.next.text != "]":
            first = self.next
            if first.kind == "end":
                self.fail(Sentence("This bracket is not closed."), opened)
            value, shape = self.value(depth + 1)
            if inner is not None and shape != inner:
                stop = self.tokens[self.place - 1].stop
                self.fail(
                    Sentence(
                        "This has shape {found}, the one before {wanted}: all rows are equally long.",
                        found=shape,
                        wanted=inner,
                    ),
                    first,
                    stop,
                )
            inner = shape
            found.append(value)
            if self.next.text == ",":
                self.place += 1
            elif self.next.text != "]":
                if self.next.kind == "end":
                    self.fail(Sentence("This bracket is not closed."), opened)
                self.fail(Sentence("A comma is missing before this."))
        if not found:
            self.fail(Sentence("An empty list has no gradient."), opened, self.next.stop)
        self.place += 1
        return found, (len(found), *(inner or ()))
