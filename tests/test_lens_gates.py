"""One unit of a recurrent layer, and a loss of logits, against plain torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nnlab.errors import LabError
from nnlab.lens import LOGIT_PATHS, LOSS_KINDS, logit_terms, loss_curve, unit_terms, unrolled

LAYERS = [
    nn.RNN(3, 5, batch_first=True),
    nn.RNN(3, 5, nonlinearity="relu", bias=False, batch_first=True),
    nn.GRU(3, 5, batch_first=True),
    nn.GRU(3, 5, bias=False, batch_first=True),
    nn.LSTM(3, 5, batch_first=True),
    nn.LSTM(3, 5, bias=False, batch_first=True),
]


@pytest.mark.parametrize("rnn", LAYERS, ids=str)
def test_every_unit_at_every_step_comes_to_pytorchs_state(rnn: nn.Module) -> None:
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(4))
    states = rnn(x[None])[0][0].detach()
    steps = unrolled(rnn, x)
    for at in range(6):
        for unit in range(5):
            terms = unit_terms(rnn, steps, at, unit)
            assert torch.equal(terms.output, states[at, unit])
            torch.testing.assert_close(terms.state, states[at, unit])
            for name, gate in terms.gates.items():
                assert torch.equal(gate.read.products, x[at] * rnn.weight_ih_l0[gate.row].detach())
                assert torch.equal(gate.kept.inputs, states[at - 1] if at else torch.zeros(5))
                assert (gate.read.bias is None) == (not rnn.bias)
                if name != "h":
                    torch.testing.assert_close(gate.value, steps[at].gates[name][unit])
            if isinstance(rnn, nn.LSTM):
                torch.testing.assert_close(terms.cell, steps[at].cell[unit])


def test_what_is_not_there_is_refused() -> None:
    steps = unrolled(LAYERS[0], torch.zeros(2, 3))
    with pytest.raises(LabError, match="2 steps, 0 to 1; 2 is not one"):
        unit_terms(LAYERS[0], steps, 2, 0)
    with pytest.raises(LabError, match="5 units, 0 to 4; -1 is not one"):
        unit_terms(LAYERS[0], steps, 0, -1)
    with pytest.raises(LabError, match="above 0"):
        logit_terms("mse", torch.zeros(1, 2), torch.zeros(1, 2), 0.0)
    with pytest.raises(LabError, match="no loss 'hinge'"):
        loss_curve("hinge", torch.zeros(1, 2), torch.zeros(1, 2), 0, torch.zeros(3))


def test_every_loss_has_a_path() -> None:
    assert LOGIT_PATHS.keys() == LOSS_KINDS.keys()


@pytest.mark.parametrize("kind", LOGIT_PATHS)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_gradients_and_curves_are_torchs(kind: str, temperature: float) -> None:
    path = LOGIT_PATHS[kind]
    logits = torch.randn(1, 6, generator=torch.Generator().manual_seed(1)) * 2
    target = torch.tensor([3]) if LOSS_KINDS[kind].takes_labels else torch.tensor([[0, 1, 0, 0.5, 1, 0]])
    terms = logit_terms(kind, logits, target, temperature)

    leaf = logits.clone().requires_grad_()
    known = {"logits": leaf, "temperature": temperature, "torch": torch, "F": F}
    values = eval(path.code, known)
    loss = getattr(nn, path.module)()(values, target)
    loss.backward()
    assert torch.equal(terms.values, values.detach())
    assert torch.equal(terms.terms.value, loss.detach())
    assert torch.equal(terms.gradient, leaf.grad[0])
    torch.testing.assert_close(terms.closed, terms.gradient)
    formula = eval(path.formula.format(count=6), {**known, "logits": logits, "target": target})
    torch.testing.assert_close(formula[0], terms.closed)

    places = torch.linspace(-4, 4, 9)
    curve = loss_curve(kind, logits, target, 2, places, temperature)
    for place, found in zip(places, curve, strict=True):
        moved = logits.clone()
        moved[0, 2] = place
        torch.testing.assert_close(found, logit_terms(kind, moved, target, temperature).terms.value)
