"""``backward()`` walked through: at every edge, the local derivative times the incoming gradient.

The steps are those of PyTorch's engine: it takes the operations in the opposite order of their making, and
adds up what reaches a tensor in the order in which it arrives. What an operation hands to one input is
computed by ``torch.autograd.grad`` of this operation alone; that the sums are what ``backward()`` leaves
behind is compared bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import LabError, Sentence
from nnlab.lens.numbers import ulps
from nnlab.lessons.autograd.graph import Graph, Node

MOST_LOCAL = 64  # numbers of a matrix that is looked at in one step; each row is a run of its own


class Refusal(LabError):
    """What PyTorch says where it refuses to go back; `reason` is its own sentence."""

    reason: str = ""

    @classmethod
    def of(cls, error: RuntimeError) -> Refusal:
        """For what PyTorch raised."""
        sentence = Sentence("PyTorch refuses to go back: `{reason}`", reason=str(error).splitlines()[0])
        refusal = cls(sentence.template, **sentence.values)
        refusal.reason = sentence.values["reason"]
        return refusal


@dataclass(frozen=True, eq=False)
class Step:
    """What goes back over one edge, from the result of an operation to one of its inputs.

    Attributes:
        node, slot: the operation, and which of its inputs.
        to: the node of that input.
        incoming: the gradient of the operation's result, complete.
        local: the derivative of each output by the input at its place, in the shape of the output; None
            where an output depends on more than its own place.
        jacobian: (outputs, inputs) all derivatives, where `local` is None and they are not too many.
        outgoing: what goes back, as PyTorch computed it, in the shape of the input.
        before: what had reached the input before; None where this is the first to do so.
        after: their sum.
        last: whether nothing more will come.
    """

    node: int
    slot: int
    to: int
    incoming: Tensor
    local: Tensor | None
    jacobian: Tensor | None
    outgoing: Tensor
    before: Tensor | None
    after: Tensor
    last: bool


@dataclass(frozen=True, eq=False)
class Walk:
    """Going back through a graph.

    Attributes:
        seed: the gradient that the result is given.
        steps: in the order in which the engine works.
        gradients: what has been added up at each node that a gradient reaches.
        torchs: what ``backward()`` leaves in ``.grad`` of the same nodes.
        leaves: the same of the given tensors that a gradient reaches, by their names.
        apart: the most that the two lie apart, in units in the last place.
    """

    seed: Tensor
    steps: tuple[Step, ...]
    gradients: Mapping[int, Tensor]
    torchs: Mapping[int, Tensor]
    leaves: Mapping[str, Tensor]
    apart: int


def go_back(graph: Graph, gradient: Tensor | None = None) -> Walk:
    """Walk through ``graph.result.backward(gradient)``, which is called as well; the graph stays.

    Args:
        gradient: of the result, in its shape; None is 1 for a result of one number.

    Raises:
        Refusal: PyTorch does.
    """
    torchs = _really(graph, gradient)
    seed = torch.ones_like(graph.result) if gradient is None else gradient.to(graph.result.dtype)
    seed = seed.detach().expand_as(graph.result).clone()
    totals: dict[int, Tensor] = {graph.output: seed}
    missing = _waiting(graph)
    steps: list[Step] = []
    for place in reversed(range(len(graph.nodes))):
        node = graph.nodes[place]
        if place not in totals or node.run is None or node.value.grad_fn is None:
            continue
        for slot, (to, outgoing) in enumerate(_handed_on(graph, node, totals[place])):
            if outgoing is None:
                continue
            before = totals.get(to)
            after = totals[to] = outgoing if before is None else before + outgoing
            missing[to] -= 1
            local, jacobian = _local(graph, node, slot)
            last = not missing[to]
            steps.append(Step(place, slot, to, totals[place], local, jacobian, outgoing, before, after, last))
    shared = {place: total for place, total in totals.items() if place in torchs}
    apart = max((ulps(total, torchs[place]) for place, total in shared.items()), default=0)
    leaves = {graph.nodes[at].name: grad for at, grad in torchs.items() if graph.nodes[at].run is None}
    return Walk(seed, tuple(steps), shared, torchs, leaves, apart)


def _really(graph: Graph, gradient: Tensor | None) -> dict[int, Tensor]:
    """What ``backward()`` leaves at each node; the gradients of the given tensors are taken away again."""
    wanted = {place: node.value for place, node in enumerate(graph.nodes) if node.value.requires_grad}
    for tensor in wanted.values():
        tensor.retain_grad()
        tensor.grad = None
    try:
        graph.result.backward(gradient, retain_graph=True)
    except RuntimeError as error:
        raise Refusal.of(error) from None
    found = {place: tensor.grad for place, tensor in wanted.items() if tensor.grad is not None}
    for tensor in wanted.values():
        tensor.grad = None
    return found


def _waiting(graph: Graph) -> dict[int, int]:
    """How many edges lead back to each node."""
    reached = {graph.output}
    count = dict.fromkeys(range(len(graph.nodes)), 0)
    for place in reversed(range(len(graph.nodes))):
        node = graph.nodes[place]
        if place not in reached or node.run is None or node.value.grad_fn is None:
            continue
        for to in node.inputs:
            if graph.nodes[to].value.requires_grad:
                count[to] += 1
                reached.add(to)
    return count


def _alone(graph: Graph, node: Node) -> tuple[list[Tensor], Tensor]:
    """The operation done again on inputs of its own, each of them a leaf, and its result."""
    inputs = []
    for place in node.inputs:
        value = graph.nodes[place].value
        inputs.append(value.detach().clone().requires_grad_(value.requires_grad))
    assert node.run is not None
    return inputs, node.run(inputs)


def _handed_on(graph: Graph, node: Node, incoming: Tensor) -> list[tuple[int, Tensor | None]]:
    """For each input its node and what goes back to it, None where it needs no gradient."""
    inputs, value = _alone(graph, node)
    wanted = [tensor for tensor in inputs if tensor.requires_grad]
    found = iter(torch.autograd.grad(value, wanted, incoming))
    return [
        (place, next(found) if tensor.requires_grad else None)
        for place, tensor in zip(node.inputs, inputs, strict=True)
    ]


def _local(graph: Graph, node: Node, slot: int) -> tuple[Tensor | None, Tensor | None]:
    """The derivative by one input: place by place where there is no more to it, else the matrix."""
    inputs, value = _alone(graph, node)
    if node.each:
        wide = inputs[slot].detach().expand_as(value).clone().requires_grad_()
        assert node.run is not None
        value = node.run([*inputs[:slot], wide, *inputs[slot + 1 :]])
        return torch.autograd.grad(value, wide, torch.ones_like(value))[0], None
    if value.numel() * inputs[slot].numel() > MOST_LOCAL:
        return None, None
    return None, jacobian(value, inputs[slot])


def jacobian(value: Tensor, of: Tensor) -> Tensor:
    """(outputs, inputs): how each number of `value` depends on each of `of`, row by row; the graph stays."""
    rows = []
    for place in range(value.numel()):
        unit = torch.zeros(value.numel(), dtype=value.dtype)
        unit[place] = 1
        (row,) = torch.autograd.grad(
            value, of, unit.view_as(value), retain_graph=True, allow_unused=True, materialize_grads=True
        )
        rows.append(row.flatten())
    return torch.stack(rows)
