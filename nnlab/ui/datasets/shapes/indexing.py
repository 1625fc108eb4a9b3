"""What may stand between the brackets of ``x[...]``: read as Python reads it, and nothing else is run."""

from __future__ import annotations

import ast
from typing import Any

import torch
from torch import Tensor

from nnlab.errors import LabError

_LONGEST = 60


def parse_index(text: str) -> Any:
    """What Python hands to ``x.__getitem__`` for ``x[text]``: whole numbers, slices, ``...``, ``None``, lists
    of whole numbers, and tuples of these.

    Raises:
        LabError: anything else.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError
        body = ast.parse(f"x[{text}]", mode="eval").body
        if not isinstance(body, ast.Subscript) or not isinstance(body.value, ast.Name):
            raise ValueError  # such as "0][0"
        return _read(body.slice)
    except (ValueError, SyntaxError):
        shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
        raise LabError(
            "x[{text}] is no index: between the brackets stand whole numbers, slices such as 1:3 or ::2, "
            "and ..., with commas between them.",
            text=shown,
        ) from None


def apply_index(x: Tensor, text: str) -> tuple[Tensor, Tensor]:
    """``x[text]``, and a copy of `x` in which all that was not taken is NaN.

    Raises:
        LabError: as `parse_index`, or PyTorch refuses; the sentence has its own words.
    """
    index = parse_index(text)
    taken = torch.zeros(x.shape, dtype=torch.bool)
    try:
        found = x[index]
        taken[index] = True
    except (IndexError, ValueError, TypeError, RuntimeError) as error:
        raise LabError(
            "PyTorch says to x[{text}]: {reason}", text=text, reason=str(error).partition("\n")[0]
        ) from None
    return found, torch.where(taken, x, torch.nan)


def _read(node: ast.expr) -> Any:
    match node:
        case ast.Tuple(elts=parts):
            return tuple(_read(part) for part in parts)
        case ast.Slice(lower=lower, upper=upper, step=step):
            return slice(*(None if part is None else _whole(part) for part in (lower, upper, step)))
        case ast.List(elts=parts):
            return [_whole(part) for part in parts]
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=value) if value is ...:
            return ...
    return _whole(node)


def _whole(node: ast.expr) -> int:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_whole(node.operand)
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value < 2**31:
        return node.value
    raise ValueError
