"""A derivative checked against the differences that it stands for, and the whole Jacobian.

The numeric check is that of ``torch.autograd.gradcheck``: central differences in float64,
``(f(x + h) - f(x - h)) / (2 h)``, whose error falls with h * h until rounding, which grows as 1 / h, is
larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import check
from nnlab.lessons.autograd.backward import jacobian
from nnlab.lessons.autograd.graph import Graph

STEP = 1e-5  # h, near the cube root of float64's precision, where the two errors are about equal
MOST_CHECKED = 16  # numbers; each takes two runs of the expression for each h
MOST_JACOBIAN = 256  # numbers of a matrix that is shown


@dataclass(frozen=True)
class Checked:
    """One number of one tensor.

    Attributes:
        name, place: which.
        analytic: its gradient as ``backward()`` left it, in the tensor's own type.
        double: the same in float64.
        numeric: by central differences in float64.
    """

    name: str
    place: tuple[int, ...]
    analytic: float
    double: float
    numeric: float

    @property
    def relative(self) -> float:
        """How far the numeric value lies from the one in float64, relative to the larger."""
        return relative_error(self.double, self.numeric)


def relative_error(first: float, second: float) -> float:
    """|a - b| / max(|a|, |b|); 0 where both are 0."""
    size = max(abs(first), abs(second))
    return abs(first - second) / size if size else 0.0


def compare(graph: Graph, gradient: Tensor, h: float = STEP) -> list[Checked]:
    """The gradients of ``(gradient * result).sum()`` beside differences, for every number that has one.

    Raises:
        LabError: there are more than `MOST_CHECKED` of them.
    """
    wanted = _wanted(graph)
    check(
        sum(tensor.numel() for tensor in wanted.values()) <= MOST_CHECKED,
        "The numeric check is for at most {most} numbers.", most=MOST_CHECKED,
    )  # fmt: skip
    if not wanted:
        return []
    double = _doubled(graph)
    weight = gradient.detach().double()
    exact = torch.autograd.grad(graph.rerun(double), [double[name] for name in wanted], weight)
    own = torch.autograd.grad(graph.result, list(wanted.values()), gradient, retain_graph=True)
    found = []
    for name, analytic, finer in zip(wanted, own, exact, strict=True):
        for place in _places(finer):
            numeric = difference(graph, double, weight, name, place, h)
            found.append(Checked(name, place, float(analytic[place]), float(finer[place]), numeric))
    return found


def difference(
    graph: Graph, leaves: Mapping[str, Tensor], weight: Tensor, name: str, place: tuple[int, ...], h: float
) -> float:
    """The central difference of ``(weight * result).sum()`` by one number of ``leaves[name]``."""
    sides = []
    with torch.no_grad():
        for by in (h, -h):
            moved = leaves[name].detach().clone()
            moved[place] += by
            sides.append((weight * graph.rerun({**leaves, name: moved})).sum())
    return float((sides[0] - sides[1]) / (2 * h))


def sweep(graph: Graph, gradient: Tensor, steps: Sequence[float]) -> list[float]:
    """The largest relative error for each h of `steps`."""
    wanted, double, weight = _wanted(graph), _doubled(graph), gradient.detach().double()
    exact = torch.autograd.grad(graph.rerun(double), [double[name] for name in wanted], weight)
    return [
        max(
            relative_error(float(finer[place]), difference(graph, double, weight, name, place, h))
            for name, finer in zip(wanted, exact, strict=True)
            for place in _places(finer)
        )
        for h in steps
    ]


def jacobians(graph: Graph) -> dict[str, Tensor]:
    """For each given tensor that the result depends on, (outputs, inputs) all derivatives.

    Raises:
        LabError: there are too many to look at.
    """
    wanted = _wanted(graph)
    size = graph.result.numel() * max((tensor.numel() for tensor in wanted.values()), default=0)
    check(size <= MOST_JACOBIAN, "The matrix would have {size:,} numbers; at most {most} are shown.",
          size=size, most=MOST_JACOBIAN)  # fmt: skip
    return {name: jacobian(graph.result, tensor) for name, tensor in wanted.items()}


def _wanted(graph: Graph) -> dict[str, Tensor]:
    """The given tensors that a gradient reaches."""
    if not graph.result.requires_grad:
        return {}
    leaves = {node.name: node.value for node in graph.nodes if node.run is None and node.value.requires_grad}
    if not leaves:
        return {}
    zeros = torch.zeros_like(graph.result)
    found = torch.autograd.grad(
        graph.result, list(leaves.values()), zeros, retain_graph=True, allow_unused=True
    )
    return {name: leaf for (name, leaf), grad in zip(leaves.items(), found, strict=True) if grad is not None}


def _doubled(graph: Graph) -> dict[str, Tensor]:
    return {
        name: tensor.detach().double().requires_grad_(tensor.requires_grad)
        for name, tensor in graph.leaves.items()
    }


def _places(tensor: Tensor) -> Iterator[tuple[int, ...]]:
    for flat in range(tensor.numel()):
        place = []
        for size in reversed(tensor.shape):
            place.append(flat % size)
            flat //= size
        yield tuple(reversed(place))
