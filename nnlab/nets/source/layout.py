"""Source laid out as `ruff format` leaves it, for the few kinds of expression that code of a network has."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

WIDTH = 88  # columns, ruff's default
_INDENT = 4


def one_line(node: ast.expr) -> str:
    """The expression in one line, however long: names, constants, tuples, lists, calls and comparisons."""
    match node:
        case ast.Constant(value=str(text)):
            return f'"{text}"'
        case ast.Constant(value=value):
            return repr(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{one_line(operand)}"
        case ast.Tuple(elts=[only]):
            return f"({one_line(only)},)"
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{one_line(value)}.{name}"
    opening, inside, closing = _brackets(node)
    return f"{opening}{', '.join(prefix + one_line(child) for prefix, child in inside)}{closing}"


def laid_out(prefix: str, node: ast.expr, indent: int, suffix: str = "") -> list[str]:
    """``prefix + node + suffix`` in lines that start `indent` levels in. What is too long is broken at its
    outermost brackets: what they hold in one line, else each part in lines of its own."""
    space = " " * (_INDENT * indent)
    whole = f"{space}{prefix}{one_line(node)}{suffix}"
    if len(whole) <= WIDTH or not isinstance(node, (ast.Call, ast.List, ast.Tuple)):
        return [whole]
    opening, inside, closing = _brackets(node)
    if not inside:
        return [whole]
    row = ", ".join(word + one_line(child) for word, child in inside)
    if len(space) + _INDENT + len(row) <= WIDTH:
        parts = [f"{space}{' ' * _INDENT}{row}"]
    else:
        comma = "," if len(inside) > 1 else ""
        parts = [line for word, child in inside for line in laid_out(word, child, indent + 1, comma)]
    return [f"{space}{prefix}{opening}", *parts, f"{space}{closing}{suffix}"]


def function(name: str, parameters: Sequence[str], body: Iterable[str]) -> str:
    """A function of the module's top level; the lines of `body` are indented already."""
    head = f"def {name}({', '.join(parameters)}):"
    if len(head) <= WIDTH:
        return "\n".join([head, *body])
    row = f"{' ' * _INDENT}{', '.join(parameters)}"
    rows = [row] if len(row) <= WIDTH else [f"{' ' * _INDENT}{parameter}," for parameter in parameters]
    return "\n".join([f"def {name}(", *rows, "):", *body])


def import_block(statements: Iterable[str]) -> str:
    """Statements such as ``import torch`` and ``from torch import nn``, each importing one name, sorted and
    merged as ruff's rule I does: the standard library, then the rest; ``import`` before ``from``."""
    sections: dict[bool, list[str]] = defaultdict(list)
    merged: dict[str, list[str]] = defaultdict(list)
    for statement in set(statements):
        if statement.startswith("from "):
            module, name = statement.removeprefix("from ").split(" import ")
            merged[module].append(name)
        else:
            sections[_is_standard(statement.split()[1])].append(statement)
    for section in sections.values():
        section.sort(key=lambda statement: statement.split()[1].lower())
    for module in sorted(merged, key=str.lower):
        names = ", ".join(sorted(merged[module], key=_by_type))
        sections[_is_standard(module)].append(f"from {module} import {names}")
    return "\n\n".join("\n".join(sections[standard]) for standard in (True, False) if sections[standard])


def _is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names


def _by_type(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then the rest."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name.lower()


def _brackets(node: ast.expr) -> tuple[str, list[tuple[str, ast.expr]], str]:
    """What opens, the parts in between, each with what stands before it, and what closes."""
    match node:
        case ast.Call(func=called, args=args, keywords=keywords):
            named = [(f"{keyword.arg}=", keyword.value) for keyword in keywords]
            return f"{one_line(called)}(", [*(("", arg) for arg in args), *named], ")"
        case ast.List(elts=parts):
            return "[", [("", part) for part in parts], "]"
        case ast.Tuple(elts=parts):
            return "(", [("", part) for part in parts], ")"
    raise TypeError(f"no layout for {ast.dump(node)}")
