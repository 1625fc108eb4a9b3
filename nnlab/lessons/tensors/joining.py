"""cat and stack: two tensors joined along a dim, and where each element of the result comes from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.lessons.tensors.memory import index_text
from nnlab.lessons.tensors.refusal import asking_torch

JOINS = ("cat", "stack")


@dataclass(frozen=True, eq=False)
class Joined:
    """``torch.<how>([a, b], dim=dim)``.

    Attributes:
        sources: for each element of the result its place in a, or the number of elements of a plus its place
            in b; int64 of the shape of the result.
    """

    result: Tensor
    sources: Tensor
    code: str


def join(how: str, a: Tensor, b: Tensor, dim: int) -> Joined:
    """Join two tensors.

    Raises:
        Refused: they do not fit, or there is no such dim.
    """
    call = {"cat": torch.cat, "stack": torch.stack}[how]
    with asking_torch():
        result = call([a, b], dim=dim)
    of_a = torch.arange(a.numel()).reshape(a.shape)
    of_b = torch.arange(b.numel()).reshape(b.shape) + a.numel()
    return Joined(result, call([of_a, of_b], dim=dim), f"torch.{how}([a, b], dim={dim})")


def origins(joined: Joined, a: Tensor, b: Tensor) -> list[str]:
    """For each element of the result the element it comes from, such as ``a[0, 1]``."""
    names = [f"a{index_text(a, place)}" for place in range(a.numel())]
    names += [f"b{index_text(b, place)}" for place in range(b.numel())]
    return [names[source] for source in joined.sources.reshape(-1).tolist()]
