"""Feature maps and filters, against the same model run layer by layer."""

from __future__ import annotations

from threading import Thread

import pytest
import torch
from architectures import Sample, architectures
from helpers import SMALL
from hypothesis import given, settings
from torch import nn

from nnlab.errors import LabError
from nnlab.lens import check_size, dense_weights, feature_maps, filters
from nnlab.nets.architecture import sequence
from nnlab.nets.presets import preset


@pytest.mark.parametrize("name", SMALL)
def test_feature_maps_are_what_each_layer_gives(name: str) -> None:
    model = preset(name).build((1, 28, 28), 10, seed=3)
    x = torch.randn(2, 1, 28, 28)
    maps = feature_maps(model, x)
    assert list(maps) == [row.name for row in preset(name).trace((1, 28, 28), 10)]
    for layer_name, layer in model.named_children():
        x = layer(x)
        assert torch.equal(maps[layer_name], x)
        assert not maps[layer_name].requires_grad


@settings(max_examples=60)
@given(sample=architectures())
def test_joins_of_branches_are_layers_too(sample: Sample) -> None:
    model = sample.architecture.build(sample.in_shape, sample.classes, seed=1).eval()
    x = torch.randn(2, *sample.in_shape)
    maps = feature_maps(model, x)
    rows = sample.architecture.trace(sample.in_shape, sample.classes)
    assert [(name, tuple(output.shape[1:])) for name, output in maps.items()] == [
        (row.name, row.out_shape) for row in rows
    ]
    for name, layer in model.named_children():
        x = layer(x)
        assert torch.equal(maps[name].nan_to_num(), x.detach().nan_to_num())


class Twice(nn.Module):
    """One activation in two places, in place, and a part within a part."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
        self.relu = nn.ReLU(inplace=True)
        self.rnn = nn.GRU(4, 3, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.features(x) - 1)
        return self.rnn(self.relu(x.sum(1) - 1))[0]


def test_layers_within_parts_used_twice_and_in_place() -> None:
    model = Twice().eval()
    x = torch.randn(1, 1, 6, 6)
    maps = feature_maps(model, x)
    assert list(maps) == ["features.0", "features.1", "relu", "relu (2)", "rnn"]
    normed = model.features(x)
    assert torch.equal(maps["features.0"], model.features[0](x))
    assert torch.equal(maps["features.1"], normed) and (normed < 0).any()
    assert torch.equal(maps["relu"], (normed - 1).relu())
    assert torch.equal(maps["rnn"], model(x))


def test_an_activation_in_place_leaves_the_map_before_it() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True))
    x = torch.randn(1, 1, 6, 6)
    maps = feature_maps(model, x)
    assert torch.equal(maps["0"], model[0](x)) and (maps["0"] < 0).any()


class ByName(nn.Module):
    """Gives its layer what it works on under its name, and beside the maps what is no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.told = Told()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.told(y=self.linear(input=x))["y"]


class Told(nn.Module):
    def forward(self, y: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"y": y}


def test_layers_that_are_called_by_name_and_outputs_that_are_no_tensor() -> None:
    model, x = ByName(), torch.randn(1, 3)
    maps = feature_maps(model, x)
    assert list(maps) == ["linear"] and torch.equal(maps["linear"], model.linear(x))


class Meanwhile(nn.Module):
    """Hands on what it is given; meanwhile another thread runs the whole model."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        run, self.run = getattr(self, "run", None), None
        if run is not None:
            thread = Thread(target=run)
            thread.start()
            thread.join()
        return x


def test_what_others_do_with_the_model_meanwhile_is_not_noted() -> None:
    model = nn.Sequential(nn.Linear(3, 2), Meanwhile(), nn.ReLU()).eval()
    x = torch.randn(1, 3)
    model[1].run = lambda: model(torch.zeros(1, 3))
    maps = feature_maps(model, x)
    assert list(maps) == ["0", "1", "2"]
    assert torch.equal(maps["2"], model(x))


def test_looking_changes_nothing() -> None:
    model = sequence("x", "conv2d", "batch_norm2d", "dropout", "flatten", "linear").build((1, 8, 8), 4)
    x = torch.randn(5, 1, 8, 8)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(0)
    maps = feature_maps(model, x)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])
    assert model.training and all(not module._forward_hooks for module in model.modules())
    # The random numbers were those that the model itself would draw now.
    assert torch.equal(model(x), maps["linear1"])
    with pytest.raises(RuntimeError):
        feature_maps(model, torch.randn(1, 2, 8, 8))
    assert all(not module._forward_hooks for module in model.modules())


def test_filters_are_the_weights_of_the_convolutions() -> None:
    model = sequence(
        "x", ("conv2d", {"kernel_size": (3, 5), "padding": 2}), "relu",
        ("conv2d", {"out_channels": 6, "groups": 2}), "flatten", "linear",
    ).build((3, 8, 8), 4)  # fmt: skip
    found = filters(model)
    assert {name: tuple(weight.shape) for name, weight in found.items()} == {
        "conv1": (8, 3, 3, 5), "conv2": (6, 4, 3, 3),
    }  # fmt: skip
    assert torch.equal(found["conv2"], model.conv2.weight) and not found["conv2"].requires_grad
    assert filters(preset("mlp").build((1, 28, 28), 10)) == {}


def test_how_many_weights_a_linear_layer_would_need() -> None:
    linear = nn.Linear(3 * 8 * 8, 4 * 6 * 6)
    assert dense_weights((3, 8, 8), (4, 6, 6)) == sum(p.numel() for p in linear.parameters())
    assert dense_weights((3, 8, 8), (4, 6, 6), bias=False) == linear.weight.numel()
    # AlexNet's first layer: 29 billion numbers, counted and not allocated, against 23,296.
    assert dense_weights((3, 224, 224), (64, 55, 55)) == (3 * 224 * 224 + 1) * 64 * 55 * 55


def test_what_is_too_large_to_be_looked_at() -> None:
    check_size("conv2d", (3, 224, 224), {"out_channels": 64, "kernel_size": 11, "stride": 4, "padding": 2})
    with pytest.raises(LabError, match=r"output would have 4,214,809,000 values; at most 8,388,608"):
        check_size("conv2d", (1, 28, 28), {"out_channels": 1000, "padding": 1024, "kernel_size": 24})
    with pytest.raises(LabError, match=r"would have 78,500,000 weights; at most 33,554,432"):
        check_size("linear", (784,), {"out_features": 100_000})
