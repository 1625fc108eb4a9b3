"""Two dtypes in one operation: the dtype of the result, and what that does to the numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.lessons.tensors.literals import read_list
from nnlab.lessons.tensors.making import DTYPES
from nnlab.lessons.tensors.refusal import asking_torch
from nnlab.lessons.tensors.typed_values import tensor_of

# What stands on the right: a tensor with dims, a tensor without (a single number), or a number of Python.
KINDS = ("tensor", "zero_dim", "number")
OPERATIONS: dict[str, tuple[str, Callable[[Tensor, Tensor | float], Tensor]]] = {
    "add": ("a + b", lambda a, b: a + b),
    "mul": ("a * b", lambda a, b: a * b),
    "div": ("a / b", lambda a, b: a / b),
    "floor": ("a // b", lambda a, b: a // b),
    "add_": ("a.add_(b)", lambda a, b: a.add_(b)),
}
_NUMBERS: dict[str, bool | int | float | complex] = {
    "bool": True,
    "int64": 1,
    "float32": 1.0,
    "complex64": 1j,
}


def table(kind: str) -> dict[tuple[str, str], str]:
    """For the dtypes of a (a tensor with dims) and of b, of that kind, the dtype of ``a + b``.

    The rules: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype. A number of Python is
    a bool, int64 (int), float32 (float) or complex64 (complex).
    """
    found = {}
    for left, one in DTYPES.items():
        a = torch.ones(1, dtype=one)
        for right in _NUMBERS if kind == "number" else DTYPES:
            b = _NUMBERS[right] if kind == "number" else torch.ones((1,) if kind == "tensor" else (),
                                                                    dtype=DTYPES[right])  # fmt: skip
            found[left, right] = name_of(torch.result_type(a, b))
    return found


def name_of(dtype: torch.dtype) -> str:
    """Such as "float32"."""
    return str(dtype).removeprefix("torch.")


@dataclass(frozen=True, eq=False)
class Promoted:
    """Both sides and what came out; `b` is a number for the kind "number"."""

    a: Tensor
    b: Tensor | bool | int | float
    result: Tensor
    lines: tuple[str, ...]


def promote(operation: str, a: str, left: str, b: str, right: str, kind: str) -> Promoted:
    """`operation` of `OPERATIONS` on typed values: `a` of dtype `left`, `b` of dtype `right` and that kind.

    Raises:
        TypedError: a text cannot be read, or PyTorch refuses: such values, or the result in place.
    """
    values, others = read_list(a), read_list(b)
    one = tensor_of(values, DTYPES[left])
    code, call = OPERATIONS[operation]
    lines = ["import torch", "", f"a = torch.tensor({values.value}, dtype=torch.{left})"]
    other: Tensor | bool | int | float
    if kind == "tensor":
        other = tensor_of(others, DTYPES[right])
        lines.append(f"b = torch.tensor({others.value}, dtype=torch.{right})")
    else:
        leaf = others.leaves[0].value if others.leaves else 1
        other = leaf
        lines.append(f"b = {leaf!r}")
        if kind == "zero_dim":
            other = tensor_of(read_list(repr(leaf)), DTYPES[right])
            lines[-1] = f"b = torch.tensor({leaf!r}, dtype=torch.{right})"
    with asking_torch():
        result = call(one.clone(), other)
    return Promoted(one, other, result, (*lines, f"result = {code}"))
