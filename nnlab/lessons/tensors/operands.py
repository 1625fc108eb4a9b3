"""A tensor for an example, of a typed shape and some filling or of typed values, with its code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.lessons.tensors.literals import read_list, read_shape
from nnlab.lessons.tensors.typed_values import tensor_of
from nnlab.randomness import seeded

FILLINGS = ("count", "whole", "randn")  # 0., 1., 2. ...; small whole numbers (int64); normal
_MOST = 512  # elements, so that each can be followed


@dataclass(frozen=True, eq=False)
class Operand:
    """A tensor with a name and the line that makes it; random ones follow on ``torch.manual_seed``."""

    name: str
    tensor: Tensor
    code: str


def operands(
    typed: Mapping[str, str], filling: str = "count", seed: int = 0, most: int = _MOST
) -> list[Operand]:
    """For each name what was typed: a shape such as ``2, 3``, or values such as ``[[1, 2], [3, 4]]``.

    Raises:
        TypedError: neither of them, or larger than `most` elements.
    """
    with seeded(seed):
        return [_operand(name, text, filling, most) for name, text in typed.items()]


def _operand(name: str, text: str, filling: str, most: int) -> Operand:
    if text.lstrip().startswith("["):
        values = read_list(text)
        return Operand(name, tensor_of(values), f"{name} = torch.tensor({values.value})")
    shape = read_shape(text, most)
    written = ", ".join(map(str, shape))
    count = 1
    for size in shape:
        count *= size
    if filling == "whole":
        code = f"torch.randint(-4, 5, {tuple(shape)})"
        tensor = torch.randint(-4, 5, shape)
    elif filling == "randn":
        code = f"torch.randn({written or '()'})"
        tensor = torch.randn(shape)
    else:
        code = f"torch.arange({count}.)" + (f".reshape({written or '()'})" if len(shape) != 1 else "")
        tensor = torch.arange(float(count)).reshape(shape)
    return Operand(name, tensor, f"{name} = {code}")


def code_of(made: list[Operand], filling: str, seed: int) -> list[str]:
    """The lines that make all of them."""
    random = filling in ("whole", "randn") and any("torch.rand" in each.code for each in made)
    return ["import torch", "", *([f"torch.manual_seed({seed})"] if random else []), *(e.code for e in made)]
