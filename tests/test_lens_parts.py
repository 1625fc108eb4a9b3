"""Activations, losses, softmax, norms and recurrent layers taken apart, against torch and autograd."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_settings import fitting
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import LabError
from nnlab.lens import (
    KERNELS,
    LOSS_KINDS,
    PATTERNS,
    activation_curve,
    kernel,
    loss_terms,
    norm_terms,
    pattern,
    softmax_terms,
    unrolled,
)
from nnlab.lens.numbers import ulps
from nnlab.nets.layers import LAYERS, make_layer

ACTIVATIONS = [name for name, kind in LAYERS.items() if kind.family == "activation"]


@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_curves_are_the_layer_and_its_slope(name: str, data: st.DataObject) -> None:
    options = data.draw(fitting(name, (9,)))
    curve = activation_curve(name, options, -4, 4, points=801)
    layer = make_layer(name, (801,), options).double()
    assert torch.equal(curve.x, torch.linspace(-4, 4, 801))
    assert torch.allclose(curve.y.double(), layer(curve.x.double()[None])[0], rtol=1e-5, atol=1e-5)
    assert torch.equal(curve.y, make_layer(name, (801,), options)(curve.x[None])[0])
    step = 1e-6
    high, low = layer(curve.x.double()[None] + step)[0], layer(curve.x.double()[None] - step)[0]
    slope = (high - low) / (2 * step)
    apart = (curve.dy.double() - slope).abs() > 1e-3 * (1 + slope.abs())
    assert apart.sum() <= 4  # at a corner, a difference is not the derivative


def test_curves_of_what_is_none() -> None:
    with pytest.raises(LabError, match="conv2d is not an activation"):
        activation_curve("conv2d", {})
    with pytest.raises(LabError, match="from 2 to 2"):
        activation_curve("relu", {}, 2, 2)


def numbers(kind: str, n: int, k: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    values = 3 * torch.randn(n, k, generator=generator)
    given_values = {"nll": values.log_softmax(1), "bce": values.sigmoid()}.get(kind, values)
    if LOSS_KINDS[kind].takes_labels:
        return given_values, torch.randint(k, (n,), generator=generator)
    return given_values, torch.rand(n, k, generator=generator)


@pytest.mark.parametrize("kind", list(LOSS_KINDS))
@settings(max_examples=100)
@given(n=st.integers(1, 6), k=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_a_loss_is_the_mean_of_its_terms(kind: str, n: int, k: int, seed: int) -> None:
    values, target = numbers(kind, n, k, seed)
    terms = loss_terms(kind, values, target)
    function = {
        "mse": F.mse_loss, "nll": F.nll_loss, "cross_entropy": F.cross_entropy,
        "bce": F.binary_cross_entropy, "bce_with_logits": F.binary_cross_entropy_with_logits,
    }[kind]  # fmt: skip
    leaf = values.clone().requires_grad_()
    expected = function(leaf, target)
    expected.backward()
    assert torch.equal(terms.value, expected)
    assert torch.equal(terms.gradient, leaf.grad)
    assert torch.equal(eval(terms.code, {"F": F, "values": values, "target": target}), expected)
    each = function(values, target, reduction="none")
    assert torch.allclose(terms.terms, each, rtol=1e-5, atol=1e-6)
    assert terms.stages[-1].values is terms.terms
    sums = np.add.accumulate(terms.terms.flatten().numpy())[-1]
    assert terms.total.item() == np.float32(sums) / np.float32(terms.terms.numel())
    assert terms.ulps == ulps(terms.total, terms.value)
    assert terms.total.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
    for stage in terms.stages:  # each is what its formula says
        name = {"i": torch.arange(n), "target": target, "values": values}
        source = stage.formula.replace("²", "**2").replace("target[i]", "target")
        if kind == "cross_entropy" and "values[i" in source:
            name["values"] = values.log_softmax(1)
        known = {
            "softmax": lambda v: v.softmax(1), "log_softmax": lambda v: v.log_softmax(1),
            "sigmoid": torch.sigmoid, "logsigmoid": F.logsigmoid, "log": torch.log,
        }  # fmt: skip
        assert torch.allclose(stage.values, eval(source, known | name), rtol=1e-4, atol=1e-5)


def test_a_sure_mistake_costs_a_hundred() -> None:
    terms = loss_terms("bce", torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 1.0]]))
    assert terms.terms.tolist() == [[100.0, 0.0]] and float(terms.value) == 50.0


@pytest.mark.parametrize(
    ("kind", "values", "target", "sentence"),
    [
        ("mse", [[1.0, 2.0]], [[1.0]], r"shape of the values, \(1, 2\); it has \(1, 1\)"),
        ("mse", [1.0, 2.0], [1.0, 2.0], r"\(N, K\); their shape is \(2,\)"),
        ("cross_entropy", [[1.0, 2.0]], [2], "labels run from 0 to 1; 2 is not one"),
        ("nll", [[1.0, 2.0]], [-1], "-1 is not one"),
        ("nll", [[1.0, 2.0]], [0.5], "1 labels, one a sample"),
        ("bce", [[1.5, 0.5]], [[1.0, 1.0]], "1.5 is no probability"),
        ("bce", [[0.5, math.nan]], [[1.0, 1.0]], "nan is no probability"),
        ("bce", [[0.5, 0.5]], [[1.0, -1.0]], "-1 is no probability"),
        ("hinge", [[1.0]], [[1.0]], "'hinge'; there are: mse"),
    ],
)
def test_numbers_that_a_loss_does_not_take(kind: str, values: Any, target: Any, sentence: str) -> None:
    with pytest.raises(LabError, match=sentence):
        loss_terms(kind, torch.tensor(values), torch.tensor(target))


@settings(max_examples=200)
@given(
    logits=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=12), temperature=st.floats(0.0625, 10)
)
def test_softmax_is_exp_over_the_sum(logits: list[float], temperature: float) -> None:
    row = torch.tensor(logits)
    terms = softmax_terms(row, temperature)
    assert torch.equal(terms.probabilities, F.softmax(row / temperature, dim=0))
    assert torch.equal(terms.quotients, terms.exps / terms.sum)
    assert torch.allclose(terms.quotients, terms.probabilities, rtol=1e-5, atol=1e-30)
    assert terms.ulps == ulps(terms.quotients, terms.probabilities)
    assert float(terms.shifted.max()) == 0.0
    assert torch.equal(terms.exps, (terms.scaled - terms.scaled.max()).exp())


def test_softmax_of_nothing_and_of_no_temperature() -> None:
    for temperature in (0.0, -1.0, math.nan):
        with pytest.raises(LabError, match="should be above 0"):
            softmax_terms(torch.ones(3), temperature)
    with pytest.raises(LabError, match=r"shape is \(1, 3\)"):
        softmax_terms(torch.ones(1, 3))


NORMS: list[tuple[nn.Module, tuple[int, ...]]] = [
    (nn.BatchNorm2d(3), (4, 3, 5, 6)), (nn.BatchNorm2d(3, affine=False), (2, 3, 1, 1)),
    (nn.BatchNorm1d(7), (4, 7)), (nn.LayerNorm((3, 5, 6)), (2, 3, 5, 6)), (nn.LayerNorm(7), (3, 7)),
    (nn.LayerNorm((3, 5, 6), elementwise_affine=False), (1, 3, 5, 6)),
]  # fmt: skip


@pytest.mark.parametrize(("norm", "shape"), NORMS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("training", [True, False])
def test_a_norm_is_its_formula(norm: Any, shape: tuple[int, ...], training: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    norm = norm.train(training)
    with torch.no_grad():
        for tensor in [*norm.parameters(), *(b for b in norm.buffers() if b.ndim)]:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    before = {key: value.clone() for key, value in norm.state_dict().items()}
    x = 3 * torch.randn(shape, generator=generator) + 1
    terms = norm_terms(norm, x)
    for key, value in norm.state_dict().items():
        assert torch.equal(value, before[key])
    assert torch.equal(terms.output, norm(x))
    made = terms.normalised * terms.weight + terms.bias
    assert terms.apart == float((made - terms.output).abs().max()) < 1e-5
    assert torch.allclose((x - terms.mean) / (terms.var + terms.eps).sqrt(), terms.normalised, atol=1e-5)
    assert terms.running == (not training and not isinstance(norm, nn.LayerNorm))
    if not terms.running:
        kept = [axis for axis, size in enumerate(terms.mean.shape) if size > 1]
        over = [axis for axis in range(x.ndim) if axis not in kept]
        if math.prod(x.shape[axis] for axis in over) > 1:
            assert torch.allclose(terms.normalised.mean(over), torch.zeros(()), atol=1e-5)


def test_norms_of_what_does_not_fit() -> None:
    with pytest.raises(LabError, match="one value a channel"):
        norm_terms(nn.BatchNorm1d(3), torch.ones(1, 3))
    with pytest.raises(LabError, match="3 channels; 2 x 4 x 5 x 5"):
        norm_terms(nn.BatchNorm2d(3), torch.ones(2, 4, 5, 5))
    with pytest.raises(LabError, match="samples of 3 x 5 x 5; 3 x 5 x 4"):
        norm_terms(nn.LayerNorm((3, 5, 5)), torch.ones(1, 3, 5, 4))


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
@settings(max_examples=40)
@given(data=st.data())
def test_unrolled_steps_are_those_of_torch(name: str, data: st.DataObject) -> None:
    steps, features = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 6))
    options = data.draw(fitting(name, (steps, features)))
    rnn: Any = make_layer(name, (steps, features), options)
    rnn.batch_first = data.draw(st.booleans())
    x = torch.randn(steps, features)
    states, last = rnn(x[None] if rnn.batch_first else x[:, None])
    found = unrolled(rnn, x)
    assert torch.equal(torch.stack([step.state for step in found]), states.flatten(0, 1))
    assert torch.equal(torch.stack([step.x for step in found]), x)
    assert all(step.apart < 2e-6 for step in found)
    for before, step in itertools.pairwise(found):
        assert torch.equal(step.before, before.state)
    if name == "lstm":
        assert torch.equal(found[-1].cell, last[1].flatten())
    # The gates are those that the cell of one step has, read off its weights with the states of torch.
    sizes = {"rnn": 0, "gru": 3, "lstm": 4}
    assert all(len(step.gates) == sizes[name] for step in found)
    step = found[-1]
    earlier = found[-2].cell if steps > 1 else torch.zeros(rnn.hidden_size)
    if name == "lstm":
        cell = step.gates["f"] * earlier + step.gates["i"] * step.gates["g"]
        assert torch.allclose(cell, step.cell, atol=1e-5)
        assert torch.allclose(step.gates["o"] * cell.tanh(), step.state, atol=1e-5)
    if name == "gru":
        mixed = (1 - step.gates["z"]) * step.gates["n"] + step.gates["z"] * step.before
        assert torch.allclose(mixed, step.state, atol=1e-5)


def test_what_is_not_unrolled() -> None:
    for rnn in (nn.RNN(2, 3, num_layers=2), nn.GRU(2, 3, bidirectional=True), nn.LSTM(2, 3, proj_size=2)):
        with pytest.raises(LabError, match="one layer in one direction"):
            unrolled(rnn, torch.ones(4, 2))
    with pytest.raises(LabError, match=r"2 features a step.*\(4, 3\)"):
        unrolled(nn.RNN(2, 3), torch.ones(4, 3))


def test_the_example_that_is_computed_by_hand() -> None:
    found = F.conv2d(pattern("by_hand").make(6), kernel("edge").over(1))[0, 0]
    assert found.tolist() == [[-5, -4, 0, 8], [-10, -2, 2, 3], [0, -2, -4, -7], [-3, -2, -3, -16]]


@pytest.mark.parametrize("name", list(KERNELS))
def test_kernels_do_what_they_say(name: str) -> None:
    weight = kernel(name).weight
    side = weight.shape[0]
    assert weight.shape == (side, side) and side % 2 == 1
    flat = F.conv2d(torch.full((1, 1, 9, 9), 3.0), weight[None, None])
    keeps = name in ("identity", "blur", "gaussian", "sharpen", "emboss")
    assert torch.allclose(flat, torch.tensor(3.0 if keeps else 0.0), atol=1e-6)
    x = torch.randn(1, 3, 9, 9)
    mixed = F.conv2d(x, kernel(name).over(3))
    assert torch.allclose(mixed, F.conv2d(x.mean(1, keepdim=True), weight[None, None]), atol=1e-5)


def test_directions_of_the_kernels() -> None:
    to_the_right, down = torch.arange(5.0).expand(1, 1, 5, 5), torch.arange(5.0)[:, None].expand(1, 1, 5, 5)
    for name, image, value in (
        ("sobel_x", to_the_right, 8), ("sobel_x", down, 0),
        ("sobel_y", down, 8), ("sobel_y", to_the_right, 0),
        ("edge", to_the_right, -6), ("laplacian", down, 0), ("identity", down, None),
    ):  # fmt: skip
        found = F.conv2d(image, kernel(name).over(1))
        assert torch.equal(
            found, image[:, :, 1:-1, 1:-1] if value is None else torch.full((1, 1, 3, 3), float(value))
        )


@pytest.mark.parametrize("name", list(PATTERNS))
def test_patterns_are_images_in_any_size(name: str) -> None:
    entry = pattern(name)
    for height, width, channels in ((28, 28, 1), (1, 1, 2), (5, 9, 3)):
        found = entry.make(height, width, channels, seed=4)
        size = entry.fixed or (height, width)
        assert found.shape == (1, channels, *size) and found.dtype == torch.float32
        assert torch.equal(found, entry.make(height, width, channels, seed=4))
        assert entry.fixed or (found.min() >= 0 and found.max() <= 1)
    assert entry.make(12).shape[2:] == (entry.fixed or (12, 12))
    assert torch.equal(entry.make(12, seed=1), entry.make(12, seed=2)) != entry.random
    if not entry.fixed:
        assert len(entry.make(28).unique()) >= 2
        with pytest.raises(LabError, match="at least one place"):
            entry.make(0)


def test_names_that_are_not_there() -> None:
    with pytest.raises(LabError, match="'swirl'; there are: edges"):
        pattern("swirl")
    with pytest.raises(LabError, match="'swirl'; there are: identity"):
        kernel("swirl")
