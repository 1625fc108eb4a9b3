"""The gradient of one weight against PyTorch: every weight of every convolution, with all their options."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import nnlab
from nnlab.errors import LabError
from nnlab.lessons.weight import convolutions, go_through, loss_along, loss_with, play, take_apart


def lenet() -> nn.Module:
    return nnlab.preset("lenet").build(in_shape=(1, 28, 28), classes=10, seed=0)


def batch(count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    labels = torch.randint(10, (count,), generator=generator)
    return torch.randn(count, 1, 28, 28, generator=generator), labels


@pytest.mark.filterwarnings("ignore:Using padding=.same.")
@settings(max_examples=40)
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    padding=st.one_of(st.integers(0, 2), st.just("same")),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    bias=st.booleans(),
    place=st.tuples(*[st.integers(0, 99)] * 4),
)
def test_a_gradient_is_the_sum_of_input_times_delta(
    kernel: tuple[int, int], stride: int, dilation: int, padding: int | str, channels: tuple[int, int],
    bias: bool, place: tuple[int, int, int, int],
) -> None:  # fmt: skip
    into, out = channels
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = nn.Sequential(
            nn.Conv2d(into, out, kernel, 1 if padding == "same" else stride, padding, dilation, bias=bias),
            nn.ReLU(inplace=True), nn.Flatten(), nn.LazyLinear(3),
        )  # fmt: skip
        images = torch.randn(3, into, 11, 10)
        model(images)
    labels = torch.tensor([0, 2, 1])
    seen = go_through(model, "0", images, labels)
    F.cross_entropy(model(images), labels).backward()
    conv = model[0]
    assert torch.equal(seen.weight_grad, conv.weight.grad)
    at = tuple(number % size for number, size in zip(place, conv.weight.shape, strict=True))
    found = take_apart(seen, at)  # type: ignore[arg-type]
    assert torch.equal(found.grad, conv.weight.grad[at])
    torch.testing.assert_close(found.total, found.grad, rtol=1e-4, atol=1e-6)
    assert float(found.grad) == pytest.approx(found.exact, rel=1e-4, abs=1e-6)
    torch.testing.assert_close(found.images, found.products.sum((1, 2)))
    if bias:
        torch.testing.assert_close(seen.delta.sum((0, 2, 3)), conv.bias.grad, rtol=1e-4, atol=1e-6)


def test_a_batch_leaves_the_model_as_it_was() -> None:
    model = lenet()
    before = copy.deepcopy(model.state_dict())
    images, labels = batch()
    seen = go_through(model, "conv2", images, labels)
    assert convolutions(model) == ["conv1", "conv2"]
    assert seen.x.shape == (4, 6, 15, 15) and seen.delta.shape == (4, 16, 13, 13)
    assert seen.loss == pytest.approx(float(F.cross_entropy(model(images), labels).detach()))
    loss_along(model, "conv2", (0, 0, 1, 1), [-1.0, 3.0], images, labels)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_the_curve_holds_the_losses_of_runs_with_each_value(layer: str) -> None:
    images, labels = batch()
    place, values = (2, 0, 1, 2), [-2.0, 0.25, 0.5, 3.0]
    curve = loss_along(lenet(), layer, place, values, images, labels)
    each = [loss_with(lenet(), layer, place, value, images, labels) for value in values]
    assert curve == pytest.approx(each, rel=1e-6) and len(set(each)) == 4


def test_the_slope_of_the_loss_is_the_gradient() -> None:
    model, (images, labels) = lenet().double(), batch()
    images = images.double()
    place = (3, 0, 1, 2)
    seen = go_through(model, "conv1", images, labels)
    middle, h = float(seen.weight[place]), 1e-5
    low, high = loss_along(model, "conv1", place, [middle - h, middle + h], images, labels)
    assert (high - low) / (2 * h) == pytest.approx(float(seen.weight_grad[place]), rel=1e-5)


def test_grad_is_none_then_a_tensor_then_adds_up_then_is_emptied_either_way() -> None:
    images, labels = batch()
    told = play(lenet(), "conv1", (0, 0, 0, 0), images, labels, "bbznb", 0.5)
    none = [one.bias_grad is None for one in told]
    assert none == [True, False, False, False, True, False]
    once = told[1].bias_grad
    assert torch.equal(told[2].bias_grad, once + once) and float(told[3].bias_grad) == 0
    assert torch.equal(told[5].bias_grad, once) and torch.equal(told[5].weight_grad, told[1].weight_grad)


def test_a_step_is_that_of_torch_optim() -> None:
    images, labels = batch()
    told = play(lenet(), "conv1", (2, 0, 1, 1), images, labels, "bs", 0.5)
    before, after = told[1], told[2]
    assert torch.equal(after.weight, before.weight - 0.5 * before.weight_grad)
    assert torch.equal(after.bias, before.bias - 0.5 * before.bias_grad)
    assert after.loss < before.loss == told[0].loss
    # Without a gradient a step changes nothing.
    assert play(lenet(), "conv1", (2, 0, 1, 1), images, labels, "s", 0.5)[1].loss == told[0].loss


def test_what_is_not_there_is_told() -> None:
    images, labels = batch(1)
    with pytest.raises(LabError, match="no convolution"):
        go_through(lenet(), "linear1", images, labels)
    with pytest.raises(LabError, match="no weight"):
        take_apart(go_through(lenet(), "conv1", images, labels), (0, 1, 0, 0))
