"""RNN, GRU and LSTM unrolled: what happens at each step of a sequence, and the states it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import check

Recurrent = nn.RNN | nn.GRU | nn.LSTM


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a sequence.

    Attributes:
        x: (F,), what is read.
        before: (hidden,), the state that comes in.
        gates: each (hidden,), by the names of torch's documentation: of a GRU "r" (reset), "z" (update) and
            "n" (new); of an LSTM "i" (input), "f" (forget), "g" (cell) and "o" (output); of an RNN none.
        state: (hidden,), the state that goes on, PyTorch's.
        cell: (hidden,), the second state of an LSTM, PyTorch's; None else.
        apart: the largest magnitude of the difference between `state` and the formula of the documentation.
    """

    x: Tensor
    before: Tensor
    gates: Mapping[str, Tensor]
    state: Tensor
    cell: Tensor | None
    apart: float


def unrolled(rnn: Recurrent, x: Tensor) -> list[Step]:
    """Follow `rnn` over a sequence (T, F) from a state of zeros, step by step.

    Raises:
        LabError: x does not fit, or the layer has several layers, two directions or a projection.
    """
    check(
        rnn.num_layers == 1 and not rnn.bidirectional and rnn.proj_size == 0,
        "Only one layer in one direction is followed step by step.",
    )
    check(
        x.ndim == 2 and len(x) > 0 and x.shape[1] == rnn.input_size,
        "The sequence should have {count} features a step, (T, {count}); its shape is {shape}.",
        count=rnn.input_size, shape=tuple(x.shape),
    )  # fmt: skip
    states = rnn(x[None] if rnn.batch_first else x[:, None])[0].detach().flatten(0, 1)  # (T, hidden)
    cells = _cells(rnn, x) if isinstance(rnn, nn.LSTM) else []
    zeros = states.new_zeros(rnn.hidden_size)
    steps = []
    for t, seen in enumerate(x.detach()):
        before = states[t - 1] if t else zeros
        before_cell = cells[t - 1] if t and cells else zeros
        gates, reckoned = _formula(rnn, seen, before, before_cell)
        apart = float((reckoned - states[t]).abs().max())
        steps.append(Step(seen, before, gates, states[t], cells[t] if cells else None, apart))
    return steps


def _cells(lstm: nn.LSTM, x: Tensor) -> list[Tensor]:
    """The second state after each step; torch hands out that of the last step alone."""
    cells = []
    states = None
    for seen in x.detach():
        _, states = lstm(seen[None, None], states)
        cells.append(states[1].detach().flatten())
    return cells


def _formula(rnn: Recurrent, x: Tensor, h: Tensor, c: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """The gates and the next state, as the pages of torch's documentation give them."""
    weights = {name: weight.detach() for name, weight in rnn.named_parameters()}
    read = F.linear(x, weights["weight_ih_l0"], weights.get("bias_ih_l0"))
    kept = F.linear(h, weights["weight_hh_l0"], weights.get("bias_hh_l0"))
    if isinstance(rnn, nn.RNN):
        return {}, torch.tanh(read + kept) if rnn.nonlinearity == "tanh" else F.relu(read + kept)
    if isinstance(rnn, nn.LSTM):
        i, f, g, o = (read + kept).chunk(4)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        return {"i": i, "f": f, "g": g, "o": o}, o * torch.tanh(f * c + i * g)
    read_r, read_z, read_n = read.chunk(3)
    kept_r, kept_z, kept_n = kept.chunk(3)
    r, z = torch.sigmoid(read_r + kept_r), torch.sigmoid(read_z + kept_z)
    n = torch.tanh(read_n + r * kept_n)
    return {"r": r, "z": z, "n": n}, (1 - z) * n + z * h
