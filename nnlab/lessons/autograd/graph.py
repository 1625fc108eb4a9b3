"""The graph of an expression: its tensors, and how they hang together. All of them are PyTorch's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

Run = Callable[[Sequence[Tensor]], Tensor]


@dataclass(frozen=True, eq=False)
class Node:
    """A tensor of the graph.

    Attributes:
        title: how it is written, with "·" for inputs that have no name.
        name: what it is called in the expression, "" without a name.
        value: the tensor itself, a part of the real graph.
        inputs: the nodes it is computed from, by their places in `Graph.nodes`; of ``a * a`` twice the same.
        run: computes it anew from other tensors in their place; None for a tensor that was given.
        backward: the names of the autograd nodes that the operation made, the last of them first.
        rules: its derivatives as mathematics writes them, by each of `inputs`; () where there is none.
        each: whether every output depends on its own place of the inputs alone (after broadcasting).
        start, stop: where it stands in the text; of a tensor that was given, (0, 0).
    """

    title: str
    name: str
    value: Tensor
    inputs: tuple[int, ...] = ()
    run: Run | None = None
    backward: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    each: bool = False
    start: int = 0
    stop: int = 0

    @property
    def label(self) -> str:
        """What it is called in a sentence."""
        return self.name or self.title


@dataclass(frozen=True, eq=False)
class Graph:
    """What an expression became when it ran.

    Attributes:
        text: the expression.
        nodes: in the order in which they were computed; a given tensor stands where it is first used.
        output: the place of the last result.
        leaves: all tensors that were given, also those that are not used.
    """

    text: str
    nodes: tuple[Node, ...]
    output: int
    leaves: Mapping[str, Tensor]

    @property
    def result(self) -> Tensor:
        """The tensor that ``backward()`` is called on."""
        return self.nodes[self.output].value

    @property
    def name(self) -> str:
        """What the result is called."""
        return self.nodes[self.output].name or "Q"

    def rerun(self, leaves: Mapping[str, Tensor]) -> Tensor:
        """The result for other `leaves`."""
        values: list[Tensor] = []
        for node in self.nodes:
            inputs = [values[place] for place in node.inputs]
            values.append(leaves[node.name] if node.run is None else node.run(inputs))
        return values[self.output]
