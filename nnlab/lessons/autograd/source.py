"""The program that does what the page shows: copied into an empty file, it prints the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnlab.lessons.autograd.given import Given, read_values, written
from nnlab.lessons.autograd.grammar import Call, Expression, Name, Number, Operation, Statement, parse
from nnlab.lessons.autograd.tokens import tokens

_RESULT = "Q"


def program(text: str, given: Sequence[Given], gradient: str = "", *, no_grad: bool = False) -> str:
    """Python that makes the tensors, runs the expression `text`, goes back, and prints every gradient.

    Args:
        gradient: of the result, as a typed list; "" for none.

    Raises:
        TypedError: something of it cannot be read.
    """
    lines, result = statements(text)
    if no_grad:
        lines = ["with torch.no_grad():", *(f"    {line}" for line in lines)]
    called = written(read_values(gradient)) if gradient.strip() else ""
    dtype = f", dtype={result}.dtype" if any(row.dtype != "float32" for row in given) else ""
    argument = f"torch.tensor({called}{dtype})" if called else ""
    names = [row.name for row in given if row.requires_grad]
    return "\n".join(
        [
            "import torch",
            "",
            *(row.line for row in given),
            *lines,
            f"print({result})",
            f"{result}.backward({argument})",
            *(f'print("{name}.grad:", {name}.grad)' for name in names),
        ]
    )


def statements(text: str) -> tuple[list[str], str]:
    """The statements of `text` as lines of Python, and the name of their result."""
    found = parse(text)
    given = _names(found)
    free = next(name for name in (_RESULT, *(f"{_RESULT}{n}" for n in range(99))) if name not in given)
    lines = []
    for place, statement in enumerate(found):
        last = place == len(found) - 1
        body = _python(text, statement)
        name = statement.target or (free if last else None)
        lines.append(f"{name} = {body}" if name else body)
    return lines, found[-1].target or free


def _names(found: Sequence[Statement]) -> set[str]:
    return {statement.target for statement in found if statement.target} | {
        name for statement in found for name in _used(statement.expression)
    }


def _used(tree: Expression) -> Iterator[str]:
    if isinstance(tree, Name):
        yield tree.name
    elif not isinstance(tree, Number):
        for part in _parts(tree):
            yield from _used(part)


def _parts(tree: Operation | Call) -> tuple[Expression, ...]:
    if isinstance(tree, Operation):
        return tree.operands
    return (*tree.arguments, *(value for _, value in tree.options))


def _bare(tree: Expression) -> Iterator[int]:
    """Where the functions stand that Python would not find without ``torch.`` before them."""
    if isinstance(tree, Number | Name):
        return
    if isinstance(tree, Call) and tree.bare:
        yield tree.name_start
    for part in _parts(tree):
        yield from _bare(part)


def _python(text: str, statement: Statement) -> str:
    """What stands after "=", in Python's spelling, as it was typed otherwise."""
    bare = set(_bare(statement.expression))
    words = [word for word in tokens(text) if statement.start <= word.start < statement.stop]
    if statement.target is not None:
        words = words[2:]
    found, at = "", words[0].start
    for word in words:
        between = text[at : word.start]
        found += " " if between and between.isspace() else ""
        found += f"torch.{word.text}" if word.start in bare else word.text
        at = word.stop
    return found
