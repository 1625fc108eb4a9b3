"""Typed numbers, shapes, dims and nested lists, as Python would read them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nnlab.errors import Sentence
from nnlab.lessons.tensors.tokens import MOST_DIMS, MOST_ELEMENTS, Reader
from nnlab.lessons.typed import TypedError


@dataclass(frozen=True)
class Leaf:
    """A number or a bool of a typed list, and where it stands in the text."""

    value: int | float | bool
    start: int
    stop: int


@dataclass(frozen=True)
class TypedList:
    """A typed list: nested lists of `Leaf`, or one alone."""

    text: str
    tree: Any

    @property
    def value(self) -> Any:
        """What Python reads: nested lists of numbers and bools, or one alone."""
        return _plain(self.tree)

    @property
    def leaves(self) -> list[Leaf]:
        """Its numbers in order."""
        return list(_leaves(self.tree))


def read_list(text: str) -> TypedList:
    """Nested lists of numbers and bools; all lists of one depth have to be of one length.

    Raises:
        TypedError: anything else; ``start`` and ``stop`` say where.
    """
    reader = Reader(text)
    if reader.word.kind == "end":
        reader.refuse(Sentence("Write a list of numbers, such as `[[1, 2], [3, 4]]`."))
    tree = _entry(reader, [])
    if reader.word.text == ",":
        reader.refuse(Sentence("Several values stand in square brackets, as in `[1, 2, 3]`."))
    reader.end()
    return TypedList(text, tree)


def _entry(reader: Reader, path: list[int]) -> Any:
    word = reader.word
    if word.text == "(":
        reader.refuse(Sentence("Lists are written in square brackets, as in `[1, 2, 3]`."))
    if word.text != "[":
        return _leaf(reader)
    if len(path) >= MOST_DIMS:
        reader.refuse(Sentence("A tensor has at most {most} dims here.", most=MOST_DIMS))
    opening = reader.next()
    entries: list[Any] = []
    size: tuple[int, ...] | None = None
    while reader.take("]") is None:
        start = reader.word.start
        entries.append(_entry(reader, [*path, len(entries)]))
        found = _size(entries[-1])
        if size is not None and found != size:
            raise TypedError(
                "The lists beside it have the shape {wanted}, this has {found}; a tensor has no ragged rows.",
                text=reader.text, start=start, stop=reader.behind, wanted=str(size), found=str(found),
            )  # fmt: skip
        size = found
        if reader.take(",") is None and reader.word.text != "]":
            if reader.word.kind in ("number", "name") or reader.word.text in ("[", "-"):
                reader.refuse(Sentence("A comma is missing before this."))
            reader.refuse(Sentence("A number, a list or `]` should stand here."))
    if not entries and path:
        reader.refuse_from(opening.start, Sentence("An empty list stands alone: `[]`"))
    return entries


def _leaf(reader: Reader) -> Leaf:
    word = reader.word
    if word.kind == "name":
        if word.text not in ("True", "False"):
            reader.refuse(
                Sentence("`{name}` is not known here: a list holds numbers, True and False.", name=word.text)
            )
        reader.next()
        return Leaf(word.text == "True", word.start, word.stop)
    if word.kind == "end" or (word.kind == "sign" and word.text not in ("-", "+")):
        reader.refuse(Sentence("A number, True, False or a list should stand here."))
    value = reader.number()
    return Leaf(value, word.start, reader.behind)


def _size(tree: Any) -> tuple[int, ...]:
    if not isinstance(tree, list):
        return ()
    return (len(tree), *(_size(tree[0]) if tree else ()))


def _plain(tree: Any) -> Any:
    return [_plain(entry) for entry in tree] if isinstance(tree, list) else tree.value


def _leaves(tree: Any) -> Any:
    if isinstance(tree, list):
        for entry in tree:
            yield from _leaves(entry)
    else:
        yield tree


def read_shape(text: str, most: int = MOST_ELEMENTS) -> tuple[int, ...]:
    """A shape such as ``2, 3`` or ``(2, 3)``; ``()`` is that of a single number.

    Raises:
        TypedError: no whole numbers, too many dims, or more than `most` elements; the sentence does the sum
            before anything is allocated.
    """
    reader = Reader(text)
    if reader.word.kind == "end":
        reader.refuse(Sentence("Write a shape, such as `2, 3`; `()` is that of a single number."))
    opened = reader.take("(", "[")
    shape: list[int] = []
    while reader.word.kind != "end" and reader.word.text not in (")", "]"):
        start = reader.word.start
        if reader.word.kind == "name":
            reader.refuse(Sentence("A shape holds whole numbers only."))
        size = reader.whole()
        if size < 0:
            reader.refuse_from(start, Sentence("A size is 0 or more."))
        shape.append(size)
        if len(shape) > MOST_DIMS:
            reader.refuse_from(start, Sentence("A tensor has at most {most} dims here.", most=MOST_DIMS))
        if reader.take(",") is None:
            break
    if opened is not None:
        reader.demand(")" if opened.text == "(" else "]")
    reader.end()
    count = math.prod(shape)
    # The biggest alone may be too much where another size is zero.
    if count > most or max(shape, default=0) > MOST_ELEMENTS:
        raise TypedError(
            "{product} = {count:,} elements are too many to show; at most {most:,}.",
            text=text, start=0, stop=len(text), product=" × ".join(map(str, shape)), count=count, most=most,
        )  # fmt: skip
    return tuple(shape)


def read_dims(text: str) -> int | tuple[int, ...] | None:
    """Dims such as ``0`` or ``0, 2`` or ``(0, 2)``; None for nothing at all, which means all of them."""
    reader = Reader(text)
    if reader.word.kind == "end":
        return None
    opened = reader.take("(", "[")
    dims = [reader.whole()]
    many = False
    while reader.take(",") is not None:
        many = True
        if reader.word.kind == "end" or reader.word.text in (")", "]"):
            break
        dims.append(reader.whole())
    if opened is not None:
        reader.demand(")" if opened.text == "(" else "]")
        many = True
    reader.end()
    return tuple(dims) if many else dims[0]


def read_numbers(text: str, least: int, most: int) -> list[int | float]:
    """From `least` to `most` numbers with commas between them."""
    reader = Reader(text)
    numbers = [reader.number()]
    while reader.take(",") is not None:
        if len(numbers) == most:
            reader.refuse(Sentence("At most {most} numbers stand here.", most=most))
        numbers.append(reader.number())
    reader.end()
    if len(numbers) < least:
        reader.refuse(Sentence("{least} numbers should stand here.", least=least))
    return numbers


def read_value(text: str) -> int | float | bool:
    """One number, True or False."""
    reader = Reader(text)
    leaf = _leaf(reader)
    reader.end()
    return leaf.value
