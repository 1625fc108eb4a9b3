"""Activations and gradients through depth against a plain pass with ``retain_grad``, and what they teach."""

from __future__ import annotations

import math

import pytest
import torch
from architectures import Sample, architectures
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.lens.depth import Depth, deep_chain, through_depth
from nnlab.lens.spread import Spread
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.initial import INITIALS
from nnlab.nets.presets import preset

IN_SHAPE = (1, 28, 28)


def batch(shape: tuple[int, ...] = IN_SHAPE, classes: int = 10, count: int = 64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, *shape, generator=generator), torch.arange(count) % classes


def by_hand(values: Tensor | None) -> tuple[float, ...] | None:
    if values is None:
        return None
    flat = values.detach().flatten()
    zeros = sum(value == 0 for value in flat.tolist()) / len(flat)
    std = flat.std(correction=0).item()
    return flat.mean().item(), std, flat.min().item(), flat.max().item(), zeros


def same(found: Spread | None, values: Tensor | None) -> bool:
    expected = by_hand(values)
    if found is None or expected is None:
        return found is expected
    # A mean is only as exact as the numbers that it adds are large.
    rounding = 1e-6 * max(abs(expected[2]), abs(expected[3]))
    figures = (found.mean, found.std, found.low, found.high, found.zeros)
    return figures == pytest.approx(expected, rel=1e-6, abs=rounding)


@pytest.mark.parametrize("model_name", ["net", "mlp", "lenet", "convnet", "logistic"])
def test_every_layer_of_a_chain_is_as_autograd_says(model_name: str) -> None:
    architecture = preset(model_name)
    model = architecture.build(IN_SHAPE, 10, 3, "kaiming_normal")
    x, labels = batch()
    found = through_depth(model, x, labels)
    value = x.clone().requires_grad_()
    value.retain_grad()
    outputs = [value]
    for layer in model:
        outputs.append(layer(outputs[-1]))
        outputs[-1].retain_grad()
    loss = F.cross_entropy(outputs[-1], labels)
    loss.backward()
    assert found.loss == loss.item()
    signals = [found.input, *found.layers]
    assert [signal.name for signal in signals] == ["input", *(name for name, _ in model.named_children())]
    for signal, output in zip(signals, outputs, strict=True):
        assert same(signal.output, output) and same(signal.gradient, output.grad)
    for signal, layer in zip(found.layers, model, strict=True):
        weight = getattr(layer, "weight", None)
        assert same(signal.weight, weight)
        assert same(signal.weight_gradient, None if weight is None else weight.grad)


def test_branches_are_followed_by_their_names() -> None:
    conv = LayerSpec("conv2d", {"out_channels": 4, "padding": 1})
    forked = sequence(
        "forked", conv, LayerSpec("residual", {}, ((conv, LayerSpec("relu")), ())),
        LayerSpec("concat", {}, ((conv,), (conv, LayerSpec("tanh")))), "flatten", "linear",
    )  # fmt: skip
    model = forked.build((3, 8, 8), 10, 0)
    x, labels = batch((3, 8, 8))
    found = through_depth(model, x, labels)
    assert [signal.name for signal in found.layers] == [row.name for row in forked.trace((3, 8, 8), 10)]
    m = model.get_submodule
    kept: dict[str, Tensor] = {"conv1": m("conv1")(x)}
    kept["residual1.0.0"] = m("residual1.0.0")(kept["conv1"])
    kept["residual1.0.1"] = kept["residual1.0.0"].relu()
    kept["residual1"] = kept["residual1.0.1"] + kept["conv1"]
    kept["concat1.0.0"] = m("concat1.0.0")(kept["residual1"])
    kept["concat1.1.0"] = m("concat1.1.0")(kept["residual1"])
    kept["concat1.1.1"] = kept["concat1.1.0"].tanh()
    kept["concat1"] = torch.cat([kept["concat1.0.0"], kept["concat1.1.1"]], 1)
    kept["flatten1"] = kept["concat1"].flatten(1)
    kept["linear1"] = m("linear1")(kept["flatten1"])
    gradients = torch.autograd.grad(F.cross_entropy(kept["linear1"], labels), list(kept.values()))
    for signal, gradient in zip(found.layers, gradients, strict=True):
        assert same(signal.output, kept[signal.name]) and same(signal.gradient, gradient)


@settings(max_examples=60, deadline=None)
@given(architectures())
def test_any_network_is_followed_and_left_as_it_was(sample: Sample) -> None:
    """Also with dropout and batch normalisation, in training."""
    architecture, in_shape, classes = sample
    model = architecture.build(in_shape, classes, 0)
    x, labels = batch(in_shape, classes, 6)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    given_x, generator = x.clone(), torch.get_rng_state()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    found = through_depth(model, x, labels, seed=7)
    assert torch.equal(torch.get_rng_state(), generator) and model.training
    assert torch.equal(x, given_x) and not x.requires_grad
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert all(torch.equal(p.grad, torch.ones_like(p)) for p in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    assert [signal.name for signal in found.layers] == [
        row.name for row in architecture.trace(in_shape, classes)
    ]
    with torch.random.fork_rng():
        torch.manual_seed(7)
        loss = F.cross_entropy(model(x), labels).item()
    assert found.loss == loss or (math.isnan(found.loss) and math.isnan(loss))


def test_a_layer_that_nothing_depends_on_has_no_gradient() -> None:
    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.seen, self.kept = nn.Linear(4, 3), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            self.seen(x)
            return self.kept(x)

    x, labels = batch((4,), 3)
    seen, kept = through_depth(Cut(), x, labels).layers
    assert seen.gradient is None and seen.weight_gradient is None and seen.weight is not None
    assert kept.gradient is not None and kept.weight_gradient is not None


def deep(activation: str, init: str) -> Depth:
    return through_depth(deep_chain(activation).build(IN_SHAPE, 10, 0, init), *batch())


def shares(depth: Depth) -> tuple[float, float]:
    """The std of the last hidden output against the first, and of the first gradient against the last."""
    hidden = [signal for signal in depth.layers if signal.name.startswith("linear")][:-1]
    first, last = hidden[0], hidden[-1]
    assert first.gradient is not None and last.gradient is not None
    return last.output.std / first.output.std, first.gradient.std / last.gradient.std


def test_what_it_is_for() -> None:
    """In ten layers: small weights fade, large ones explode; Xavier suits tanh, Kaiming ReLU, and a sigmoid
    lets no gradient through by default."""
    for init, activation in (("xavier_normal", "tanh"), ("kaiming_normal", "relu")):
        forward, backward = shares(deep(activation, init))
        assert 0.1 < forward < 10 and 0.1 < backward < 10
    forward, backward = shares(deep("relu", "normal_small"))
    assert forward < 1e-6 and backward < 1e-6
    forward, backward = shares(deep("relu", "normal_one"))
    assert forward > 1e6 and backward > 1e4
    assert shares(deep("sigmoid", "default"))[1] < 1e-6
    dead = deep("relu", "zeros")
    assert dead.loss == pytest.approx(math.log(10))
    assert all(signal.output.zeros == 1 for signal in dead.layers if signal.name != "flatten1")
    assert dead.layers[0].gradient is not None and dead.layers[0].gradient.zeros == 1


@pytest.mark.parametrize("init", INITIALS)
def test_the_deep_chain_is_ten_layers_of_a_hundred(init: str) -> None:
    chain = deep_chain("tanh")
    assert isinstance(chain, Architecture)
    rows = chain.trace(IN_SHAPE, 10)
    assert [row.out_shape for row in rows if row.kind == "linear"] == [(100,)] * 9 + [(10,)]
    assert sum(row.kind == "tanh" for row in rows) == 9
    assert math.isfinite(deep("tanh", init).loss)
