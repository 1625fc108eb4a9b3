"""Where a network forks: branches that see the same input, and what joins them again.

A residual block (He et al., 2015) adds what its branches give, the blocks of Inception (Szegedy et al., 2014)
put it side by side as channels. A branch is a list of layers; one without any hands on the input as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.errors import Sentence, ShapeError
from nnlab.nets.layers import Shape
from nnlab.nets.layers.kind import times


class Residual(nn.ModuleList):
    """The sum of what its branches make of the same input."""

    def forward(self, x: Tensor) -> Tensor:
        first, *rest = (branch(x) for branch in self)
        return sum(rest, first)


class Concat(nn.ModuleList):
    """What its branches make of the same input, one behind the other along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self], dim=1)


@dataclass(frozen=True)
class Join:
    """A way to join branches.

    Attributes:
        name: what JSON calls it.
        module: the class, made from one module for each branch.
        about: what it does, in a sentence.
        check: raises `ShapeError` where outputs of these shapes cannot be joined.
    """

    name: str
    module: type[nn.ModuleList]
    about: Sentence
    check: Callable[[Sequence[Shape]], None]


def _check_sum(shapes: Sequence[Shape]) -> None:
    if len(set(shapes)) > 1:
        raise ShapeError(
            "its branches give {shapes}; only what has the same shape can be added.", shapes=_listed(shapes)
        )


def _check_concat(shapes: Sequence[Shape]) -> None:
    if len({shape[1:] for shape in shapes}) > 1 or len({len(shape) for shape in shapes}) > 1:
        raise ShapeError(
            "its branches give {shapes}; only maps of the same height and width can be put side by side.",
            shapes=_listed(shapes),
        )


def _listed(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(times, shapes))


JOINS = {
    join.name: join
    for join in (
        Join(
            "residual", Residual,
            Sentence("Adds what its branches make of the same input; an empty branch hands it on as it is."),
            _check_sum,
        ),
        Join(
            "concat", Concat,
            Sentence("Puts the channels that its branches make of the same input one behind the other."),
            _check_concat,
        ),
    )
}  # fmt: skip
