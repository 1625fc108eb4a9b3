"""One unit of an RNN, a GRU or an LSTM at one step: how its number comes about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import check
from nnlab.lens.numbers import in_order, ulps
from nnlab.lens.recurrent import Recurrent, Step

GATES = {nn.RNN: ("h",), nn.GRU: ("r", "z", "n"), nn.LSTM: ("i", "f", "g", "o")}
_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": F.relu,
}


@dataclass(frozen=True, eq=False)
class Dot:
    """``total = sum + bias``, where `sum` adds up ``products = inputs * weights`` in order.

    `inputs`, `weights` and `products` are (n,); `bias` is None where there is none.
    """

    inputs: Tensor
    weights: Tensor
    products: Tensor
    sum: Tensor
    bias: Tensor | None
    total: Tensor


@dataclass(frozen=True, eq=False)
class GateTerms:
    """``value = function(total)``, where ``total = read.total + factor * kept.total``.

    Attributes:
        name: of the gate, as torch's documentation has it; "h" where the layer has no gates.
        function: "tanh", "sigmoid" or "relu".
        row: of the weights and biases that belong to it.
        read: of the input of this step.
        kept: of the state that comes in.
        factor: the reset gate, for "n" of a GRU; None else.
    """

    name: str
    function: str
    row: int
    read: Dot
    kept: Dot
    factor: Tensor | None
    total: Tensor
    value: Tensor


@dataclass(frozen=True, eq=False)
class UnitTerms:
    """The state of one unit after one step, as the pages of torch's documentation reckon it; 0-dimensional.

    Attributes:
        gates: by name, in the order of their weights.
        before: the unit's state that comes in.
        cell_before, cell: the unit's cell of an LSTM before and after; None else.
        state: what comes out by the formula.
        output: PyTorch's number.
        ulps: units in the last place between the two.
    """

    gates: dict[str, GateTerms]
    before: Tensor
    cell_before: Tensor | None
    cell: Tensor | None
    state: Tensor
    output: Tensor
    ulps: int


def unit_terms(rnn: Recurrent, steps: Sequence[Step], at: int, unit: int) -> UnitTerms:
    """Take the state of `unit` after step `at` apart; `steps` is what `unrolled` gives for `rnn`.

    Raises:
        LabError: there is no such step or unit.
    """
    check(0 <= at < len(steps), "There are {count} steps, 0 to {last}; {value} is not one.",
          count=len(steps), last=len(steps) - 1, value=at)  # fmt: skip
    check(0 <= unit < rnn.hidden_size, "There are {count} units, 0 to {last}; {value} is not one.",
          count=rnn.hidden_size, last=rnn.hidden_size - 1, value=unit)  # fmt: skip
    step = steps[at]
    gates: dict[str, GateTerms] = {}
    for place, name in enumerate(GATES[type(rnn)]):
        factor = gates["r"].value if name == "n" else None
        gates[name] = _gate(rnn, name, place * rnn.hidden_size + unit, step, factor)
    before, cell_before, cell = step.before[unit], None, None
    if isinstance(rnn, nn.LSTM):
        last = steps[at - 1].cell if at else None
        cell_before = last[unit] if last is not None else torch.zeros(())
        cell = gates["f"].value * cell_before + gates["i"].value * gates["g"].value
        state = gates["o"].value * torch.tanh(cell)
    elif isinstance(rnn, nn.GRU):
        state = (1 - gates["z"].value) * gates["n"].value + gates["z"].value * before
    else:
        state = gates["h"].value
    output = step.state[unit]
    return UnitTerms(gates, before, cell_before, cell, state, output, ulps(state, output))


def _gate(rnn: Recurrent, name: str, row: int, step: Step, factor: Tensor | None) -> GateTerms:
    weights = {key: weight.detach() for key, weight in rnn.named_parameters()}
    read = _dot(step.x, weights["weight_ih_l0"][row], weights.get("bias_ih_l0"), row)
    kept = _dot(step.before, weights["weight_hh_l0"][row], weights.get("bias_hh_l0"), row)
    total = read.total + (kept.total if factor is None else factor * kept.total)
    function = "tanh" if name in ("n", "g") else "sigmoid"
    if isinstance(rnn, nn.RNN):
        function = rnn.nonlinearity
    return GateTerms(name, function, row, read, kept, factor, total, _FUNCTIONS[function](total))


def _dot(inputs: Tensor, weights: Tensor, bias: Tensor | None, row: int) -> Dot:
    products = inputs * weights
    total = in_order(products)
    own = None if bias is None else bias[row]
    return Dot(inputs, weights, products, total, own, total if own is None else total + own)
