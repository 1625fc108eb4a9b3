"""Gradients, Grad-CAM, contributions of one image: against plain autograd, hooks and finite differences."""

from __future__ import annotations

import pytest
import torch
from architectures import Sample, architectures
from helpers import SMALL
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import LabError
from nnlab.lens.contributions import contributions, largest
from nnlab.lens.forward import forward
from nnlab.lens.maps import feature_maps
from nnlab.lens.saliency import cam_layers, grad_cam, saliency, usual_cam_layer
from nnlab.nets.architecture import LayerSpec, chain, sequence
from nnlab.nets.presets import preset

IMAGE = (1, 28, 28)


def network(name: str, seed: int = 3) -> tuple[nn.Module, Tensor]:
    model = preset(name).build(IMAGE, 10, seed=seed).eval()
    return model, torch.randn(1, *IMAGE, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=25)
@given(sample=architectures())
def test_outputs_and_logits_are_those_of_the_model(sample: Sample) -> None:
    model = sample.architecture.build(sample.in_shape, sample.classes, seed=1).eval()
    x = torch.randn(1, *sample.in_shape)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    seen = forward(model, x)
    wanted = feature_maps(model, x)
    assert list(seen.outputs) == list(wanted)
    for name, output in wanted.items():
        assert torch.equal(seen.outputs[name].detach().nan_to_num(), output.nan_to_num())
    assert torch.equal(seen.logits.detach().nan_to_num(), model(x)[0].detach().nan_to_num())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_saliency_is_autograds_gradient(name: str) -> None:
    model, x = network(name)
    unit = 4
    leaf = x.clone().requires_grad_()
    model(leaf)[0, unit].backward()
    found = saliency(forward(model, x), unit)
    assert leaf.grad is not None
    assert torch.equal(found.gradient, leaf.grad[0])
    assert torch.equal(found.product, leaf.grad[0] * x[0])
    assert torch.equal(found.strength, leaf.grad[0].abs().max(0).values)


@pytest.mark.parametrize("name", ["logistic", "net"])
def test_saliency_is_the_slope_of_the_logit(name: str) -> None:
    model, x = network(name)
    model, x = model.double(), x.double()
    gradient = saliency(forward(model, x), 2).gradient
    step = 1e-6
    for row, column in ((3, 5), (14, 14), (20, 9)):
        moved = [x.clone(), x.clone()]
        moved[0][0, 0, row, column] += step
        moved[1][0, 0, row, column] -= step
        up, down = (float(model(one)[0, 2].detach()) for one in moved)
        assert (up - down) / (2 * step) == pytest.approx(float(gradient[0, row, column]), abs=1e-6)


@pytest.mark.parametrize(("name", "layer"), [("convnet", "conv2"), ("net", "relu1"), ("lenet", "pool2")])
def test_grad_cam_is_that_of_hooks(name: str, layer: str) -> None:
    model, x = network(name)
    kept: list[Tensor] = []
    handle = model.get_submodule(layer).register_forward_hook(lambda _m, _i, output: kept.append(output))
    logits = model(x)[0]
    handle.remove()
    (maps,) = kept
    maps.retain_grad()
    logits[7].backward()
    assert maps.grad is not None
    weights = maps.grad[0].mean(dim=(1, 2))
    coarse = F.relu((weights[:, None, None] * maps.detach()[0]).sum(0))
    found = grad_cam(forward(model, x), 7, layer)
    assert torch.allclose(found.weights, weights, atol=1e-7)
    assert torch.allclose(found.coarse, coarse, atol=1e-6)
    enlarged = F.interpolate(coarse[None, None], (28, 28), mode="bilinear")[0, 0]
    assert torch.allclose(found.fine, enlarged, atol=1e-6) and found.fine.shape == (28, 28)


def test_grad_cam_is_for_convolutions_the_last_one_first() -> None:
    model, x = network("lenet")
    seen = forward(model, x)
    assert usual_cam_layer(model, seen) == "conv2"
    assert cam_layers(model, seen) == ["pad1", "conv1", "relu1", "pool1", "conv2", "relu2", "pool2"]
    flat, x = network("mlp")
    seen = forward(flat, x)
    assert usual_cam_layer(flat, seen) is None and cam_layers(flat, seen) == []
    with pytest.raises(LabError, match="relu1 gives no maps"):
        grad_cam(seen, 0, "relu1")
    with pytest.raises(LabError, match="There is no class 10"):
        saliency(seen, 10)


@pytest.mark.parametrize("name", SMALL)
def test_contributions_add_up_to_the_logit_of_torch(name: str) -> None:
    model, x = network(name)
    seen = forward(model, x)
    logits = model(x)[0].detach()
    last = next(module for module in reversed(list(model.modules())) if isinstance(module, nn.Linear))
    for unit in range(10):
        found = contributions(seen, unit)
        assert torch.equal(found.logit, logits[unit]) and torch.equal(found.bias, last.bias[unit])
        assert torch.equal(found.products, found.inputs * last.weight[unit])
        exact = found.products.double().sum() + found.bias.double()
        assert torch.equal(found.total, exact.float())
        # What float32 may lose on the way, whatever the order: one rounding for each addition.
        room = 6e-8 * len(found.products) * float(found.products.abs().sum() + found.bias.abs())
        assert abs(float(found.logit) - float(exact)) <= room
        told = largest(found)
        shown = sum(value for _, value in (*told.above, *told.below))
        assert shown + told.rest + float(found.bias) == pytest.approx(float(exact), abs=1e-9)
        assert len(told.above) + len(told.below) + told.others == len(found.products)
        assert all(value == float(found.products[at]) for at, value in (*told.above, *told.below))
        assert list(told.above) == sorted(told.above, key=lambda pair: -pair[1])
        assert list(told.below) == sorted(told.below, key=lambda pair: pair[1])


def test_the_difference_of_two_classes_is_made_of_the_differences_of_their_products() -> None:
    model, x = network("net")
    seen = forward(model, x)
    first, second, *_ = seen.ranking()
    both = contributions(seen, first).minus(contributions(seen, second))
    assert torch.equal(both.logit, seen.logits[first].detach() - seen.logits[second].detach())
    assert float(both.products.double().sum() + both.bias.double()) == pytest.approx(
        float(both.logit), abs=1e-5
    )
    assert float(both.logit) >= 0
    slope = saliency(seen, first).gradient - saliency(seen, second).gradient
    assert torch.allclose(saliency(seen, first, second).gradient, slope, atol=1e-6)
    weights = grad_cam(seen, first, "conv2").weights - grad_cam(seen, second, "conv2").weights
    assert torch.allclose(grad_cam(seen, first, "conv2", second).weights, weights, atol=1e-6)


def test_contributions_lie_where_the_flattened_maps_have_their_values() -> None:
    model, x = network("net")
    seen = forward(model, x)
    found = contributions(seen, 1)
    assert found.shape == (10, 7, 7)
    weight = model.get_submodule("linear1").weight.detach()[1].view(10, 7, 7)  # type: ignore[operator]
    assert torch.equal(found.maps(), weight * seen.outputs["pool2"].detach()[0])  # type: ignore[arg-type]
    flat, x = network("logistic")
    assert contributions(forward(flat, x), 1).shape == IMAGE
    deep, x = network("mlp")
    assert contributions(forward(deep, x), 1).maps() is None


def test_a_vector_of_as_many_values_as_some_maps_is_not_taken_for_them() -> None:
    model = sequence(
        "wide", ("conv2d", {"out_channels": 2, "kernel_size": 5}), "flatten",
        ("linear", {"out_features": 2 * 24 * 24}), "relu", "linear",
    ).build(IMAGE, 10).eval()  # fmt: skip
    assert contributions(forward(model, torch.randn(1, *IMAGE)), 0).shape is None


def test_a_network_that_does_not_end_with_a_linear_layer_is_told() -> None:
    ends = sequence("ends", ("conv2d", {"out_channels": 10, "kernel_size": 28}), "flatten")
    seen = forward(ends.build(IMAGE, 10).eval(), torch.randn(1, *IMAGE))
    with pytest.raises(LabError, match="not linear"):
        contributions(seen, 0)
    dropped = sequence("dropped", "flatten", "linear", "dropout").build(IMAGE, 10).eval()
    assert forward(dropped, torch.randn(1, *IMAGE)).last is not None
    with pytest.raises(LabError, match="one image"):
        forward(dropped, torch.randn(2, *IMAGE))


def test_branches_have_gradients_as_well() -> None:
    block = LayerSpec("residual", branches=(chain(("conv2d", {"out_channels": 4, "padding": 1})), ()))
    model = sequence("forked", ("conv2d", {"out_channels": 4}), block, "flatten", "linear").build(IMAGE, 10)
    x = torch.randn(1, *IMAGE)
    seen = forward(model.eval(), x)
    inner = "residual1.0.0"
    assert inner in seen.outputs and usual_cam_layer(model, seen) == inner
    gradient = torch.autograd.grad(model(leaf := x.clone().requires_grad_())[0, 3], leaf)[0]
    assert torch.allclose(saliency(seen, 3).gradient, gradient[0])
    assert grad_cam(seen, 3, inner).fine.shape == (28, 28)
