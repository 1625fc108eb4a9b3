"""Reductions: many numbers become one, of all of a tensor or along some of its dims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.lessons.tensors.memory import numbers
from nnlab.lessons.tensors.refusal import asking_torch

_MOST_TERMS = 12  # of a written sum


def _spread(terms: Sequence[str], count: int) -> str:
    squares = " + ".join("…" if term == "…" else f"({term.strip('()')} − m)²" for term in terms)
    return f"({squares}) / ({count} − 1)"


# How one result is written, from its terms and how many there are.
WRITTEN: dict[str, Callable[[Sequence[str], int], str]] = {
    "sum": lambda terms, count: " + ".join(terms) or "0",
    "mean": lambda terms, count: f"({' + '.join(terms)}) / {count}",
    "prod": lambda terms, count: " × ".join(terms) or "1",
    "max": lambda terms, count: f"max({', '.join(terms)})",
    "min": lambda terms, count: f"min({', '.join(terms)})",
    "argmax": lambda terms, count: f"argmax({', '.join(terms)})",
    "argmin": lambda terms, count: f"argmin({', '.join(terms)})",
    "std": lambda terms, count: f"√({_spread(terms, count)})",
    "var": lambda terms, count: _spread(terms, count),
    "any": lambda terms, count: " or ".join(terms) or "False",
    "all": lambda terms, count: " and ".join(terms) or "True",
}
REDUCTIONS = tuple(WRITTEN)
Dims = int | tuple[int, ...] | None


@dataclass(frozen=True, eq=False)
class Reduced:
    """A reduction of ``t``. Of its R elements each comes from K elements of ``t``.

    Attributes:
        indices: of max and min along a dim, where the winners stand; otherwise None.
        groups: places in ``t`` (in row-major order) of what each result comes from, int64 (R, K).
        written: how each result is reckoned.
    """

    result: Tensor
    indices: Tensor | None
    groups: Tensor
    written: list[str]
    code: str


def reduce(name: str, t: Tensor, dims: Dims = None, keepdim: bool = False) -> Reduced:
    """The reduction of that name in `REDUCTIONS`; without `dims`, of all elements.

    Raises:
        Refused: there is no such dim, or this reduction does not take several, or not this dtype.
    """
    with asking_torch():
        found = getattr(t, name)(**_options(dims, keepdim))
    result, indices = (found, None) if isinstance(found, Tensor) else (found.values, found.indices)
    groups = group(t, dims)
    return Reduced(result, indices, groups, _written(name, t, groups, result), call(name, dims, keepdim))


def call(name: str, dims: Dims, keepdim: bool) -> str:
    """The call as code, such as ``t.sum(dim=1, keepdim=True)``."""
    return f"t.{name}({', '.join(f'{option}={value}' for option, value in _options(dims, keepdim).items())})"


def _options(dims: Dims, keepdim: bool) -> dict[str, object]:
    options: dict[str, object] = {} if dims is None and not keepdim else {"dim": dims}
    return {**options, "keepdim": True} if keepdim else options


def group(t: Tensor, dims: Dims) -> Tensor:
    """For each result of a reduction of `dims` the places it comes from, (R, K)."""
    each = (dims,) if isinstance(dims, int) else dims
    gone = sorted({dim % t.ndim for dim in each} if each and t.ndim else range(t.ndim))
    kept = [dim for dim in range(t.ndim) if dim not in gone]
    places = torch.arange(t.numel()).reshape(t.shape).permute((*kept, *gone))
    count = 1
    for dim in kept:
        count *= t.shape[dim]
    size = 1
    for dim in gone:
        size *= t.shape[dim]
    return places.reshape(count, size)


def _written(name: str, t: Tensor, groups: Tensor, result: Tensor) -> list[str]:
    values, results = numbers(t), numbers(result)
    spread = name in ("std", "var")
    means = numbers(t.reshape(-1)[groups].mean(-1)) if spread else []
    found = []
    for at, (row, value) in enumerate(zip(groups.tolist(), results, strict=True)):
        terms = [_term(values[place]) for place in row[:_MOST_TERMS]]
        if len(row) > _MOST_TERMS:
            terms.append("…")
        known = f"m = {means[at]}; " if spread else ""
        found.append(f"{known}{WRITTEN[name](terms, len(row))} = {value}")
    return found


def _term(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
