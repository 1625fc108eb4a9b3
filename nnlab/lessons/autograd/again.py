"""``backward()`` called again and again: what adds up in ``.grad``, and what empties it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import Sentence
from nnlab.lessons.autograd.running import run

MOST_ACTS = 12
# Their letters are what a link holds; the lines are Python's, for the result Q and each tensor x.
ACTS = {
    "f": "Q = ...",
    "b": "Q.backward()",
    "r": "Q.backward(retain_graph=True)",
    "z": "x.grad.zero_()",
    "n": "x.grad = None",
}


@dataclass(frozen=True, eq=False)
class Told:
    """After one act: each given tensor's ``.grad``, and PyTorch's own words where it refused."""

    act: str
    gradients: Mapping[str, Tensor | None]
    refused: str | None = None


def play(text: str, leaves: Mapping[str, Tensor], gradient: Tensor | None, acts: Sequence[str]) -> list[Told]:
    """Do `acts` one after the other, on a graph that was made once before; see `ACTS`.

    Args:
        leaves: fresh tensors; their ``.grad`` is what is looked at.
        gradient: what ``backward`` is given.

    Raises:
        TypedError: the expression is none.
    """
    graph = run(text, leaves)
    told = []
    for act in acts:
        refused = None
        if act == "f":
            graph = run(text, leaves)
        elif act in "br":
            try:
                graph.result.backward(gradient, retain_graph=act == "r")
            except RuntimeError as error:
                refused = str(error).splitlines()[0]
        else:
            refused = _empty(leaves, act)
        told.append(Told(act, {name: _copied(leaf.grad) for name, leaf in leaves.items()}, refused))
    return told


def _empty(leaves: Mapping[str, Tensor], act: str) -> str | None:
    for leaf in leaves.values():
        if not leaf.requires_grad:
            continue
        if act == "n":
            leaf.grad = None
        elif leaf.grad is not None:
            leaf.grad.zero_()
    return None


def _copied(grad: Tensor | None) -> Tensor | None:
    return None if grad is None else grad.detach().clone()


def times(gradient: Tensor | None, once: Tensor | None) -> int | None:
    """How many times `once` the gradient is, a whole number; None where it is none."""
    if gradient is None or once is None or not bool((once != 0).any()):
        return None
    ratio = gradient[once != 0] / once[once != 0]
    count = round(float(ratio.flatten()[0])) if bool(ratio.isfinite().all()) else 0
    return count if torch.allclose(gradient, count * once) else None


WHY_AGAIN = Sentence(
    "After the first call the tensors that the graph had kept for going back are freed. "
    "retain_graph=True keeps them; running the expression again makes new ones."
)
