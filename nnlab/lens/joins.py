"""The join of branches taken apart: which numbers meet at one place, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from nnlab.errors import Sentence, check
from nnlab.lens.terms import check_place
from nnlab.nets.branches import Concat, Residual

_PLACES = {
    1: (Sentence("unit"),),
    3: (Sentence("channel"), Sentence("row"), Sentence("column")),
}


@dataclass(frozen=True, eq=False)
class JoinTerms:
    """``output = values[0] + values[1] + ...`` of a sum, exactly; of a concatenation the one value there.

    Attributes:
        values: what the branches give at the place; of a concatenation, of the one branch alone.
        sums: what there is after each branch, the last of which is the output.
        output: PyTorch's number.
        branch: of a concatenation, the branch that the channel (of vectors, the unit) comes from.
        channel: its place among what that branch gives; of a sum, the place itself.
    """

    values: tuple[Tensor, ...]
    sums: tuple[Tensor, ...]
    output: Tensor
    branch: int | None
    channel: int


def join_terms(join: Residual | Concat, given: Sequence[Tensor], *place: int) -> JoinTerms:
    """Take the output of `join` at `place` apart.

    Args:
        given: what each branch gives, (1, C, H, W) or (1, F); of a branch without layers, the input itself.
        place: channel, row and column, or the unit.

    Raises:
        LabError: there is no such place.
    """
    given = [one.detach()[0] for one in given]
    whole = torch.cat(given) if isinstance(join, Concat) else sum(given[1:], given[0])
    check(
        len(place) == whole.ndim, "{place} is not a place in {shape}.", place=place, shape=tuple(whole.shape)
    )
    for name, at, count in zip(_PLACES[whole.ndim], place, whole.shape, strict=True):
        check_place(name, at, count)
    if isinstance(join, Residual):
        values = tuple(one[place] for one in given)
        # One after the other, as `Residual.forward` adds: float32 sums of the same terms in the same order.
        return JoinTerms(values, tuple(accumulate(values)), whole[place], None, place[0])
    branch, channel = 0, place[0]
    while channel >= len(given[branch]):
        channel -= len(given[branch])
        branch += 1
    value = given[branch][(channel, *place[1:])]
    return JoinTerms((value,), (value,), whole[place], branch, channel)
