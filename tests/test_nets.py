"""The networks, against the same networks written by hand in torch.nn."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from helpers import LARGE, SMALL, by_hand

from nnlab.data import dataset_info, dataset_names
from nnlab.errors import LabError, ShapeError
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.layers import LAYERS
from nnlab.nets.presets import preset, preset_names
from nnlab.nets.repair import repairs

# Of one-channel images with ten classes: 28x28, for lenet padded to 32x32.
PUBLISHED = {"logistic": 7_850, "mlp": 669_706, "lenet": 81_194, "net": 5_420}


@pytest.mark.parametrize("name", SMALL)
def test_build_is_the_model_by_hand(name: str) -> None:
    torch.manual_seed(7)
    expected = by_hand(name)
    model = preset(name).build((1, 28, 28), 10, seed=7)
    assert [type(layer) for layer in model] == [type(layer) for layer in expected]
    for ours, theirs in zip(model.parameters(), expected.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    x = torch.randn(3, 1, 28, 28)
    assert torch.equal(model(x), expected(x))


@pytest.mark.parametrize("name", SMALL)
def test_trace_tells_what_the_model_does(name: str) -> None:
    rows = preset(name).trace((1, 28, 28), 10)
    x = torch.randn(2, 1, 28, 28)
    for row, (layer_name, layer) in zip(
        rows, preset(name).build((1, 28, 28), 10).named_children(), strict=True
    ):
        assert row.name == layer_name
        assert row.in_shape == tuple(x.shape[1:])
        x = layer(x)
        assert row.out_shape == tuple(x.shape[1:])
        assert row.params == sum(p.numel() for p in layer.parameters())
    total = sum(row.params for row in rows)
    assert total == PUBLISHED.get(name, total)


def test_multiply_adds_by_arithmetic() -> None:
    rows = {row.name: row.macs for row in preset("net").trace((1, 28, 28), 10)}
    assert rows["conv1"] == 28 * 28 * 5 * (1 * 3 * 3)
    assert rows["conv2"] == 14 * 14 * 10 * (5 * 3 * 3)
    assert rows["linear1"] == 490 * 10
    assert rows["pool1"] == rows["relu1"] == 0


@pytest.mark.parametrize("dataset", dataset_names())
@pytest.mark.parametrize("name", preset_names())
def test_every_preset_fits_every_dataset(name: str, dataset: str) -> None:
    """If need be with images made larger first, as is then offered."""
    info = dataset_info(dataset)
    architecture, classes = preset(name), len(info.classes)
    if architecture.look(info.shape, classes)[1] is not None:
        assert name in LARGE
        resized = [
            repair.architecture
            for repair in repairs(architecture, info.shape, classes)
            if repair.architecture.layers[0].kind == "resize"
        ]
        architecture = resized[0]
        assert architecture.layers[1:] == preset(name).layers
    with torch.device("meta" if name in LARGE else "cpu"):
        model = architecture.build(info.shape, classes)
        assert model(torch.zeros(2, *info.shape)).shape == (2, classes)


def test_build_leaves_the_random_state_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    preset("net").build((1, 28, 28), 10, seed=5)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("name", preset_names())
def test_json_round_trip(name: str) -> None:
    architecture = preset(name)
    assert Architecture.from_json(json.loads(json.dumps(architecture.to_json()))) == architecture


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_every_field_refuses_what_it_should(name: str) -> None:
    bad_values = {
        "whole": (2.5, True),
        "pair": (2.5, True, (1, 2, 3), (1, 2.5), (2,)),
        "number": (float("nan"), float("inf"), True),
        "toggle": (1, 0),
        "choice": (True, 3),
    }
    for field in LAYERS[name].fields:
        limits = () if field.kind in ("toggle", "choice") else (field.low - 1, field.high + 1)
        for bad in (*bad_values[field.kind], *limits, "many", None, [], {}):
            with pytest.raises(LabError, match=field.name):
                LayerSpec(name, {field.name: bad}).validate()
    with pytest.raises(LabError, match="no option"):
        LayerSpec(name, {"colour": 3}).validate()


def test_unknown_names_are_told_with_the_known_ones() -> None:
    with pytest.raises(LabError, match=r"'resnet9000'.*convnet"):
        preset("resnet9000")
    with pytest.raises(LabError, match=r"'conv9d'.*conv2d"):
        sequence("x", "conv9d")
    with pytest.raises(LabError, match="no layers"):
        Architecture("empty", ()).validate()


@pytest.mark.parametrize("in_shape", [(0, 28, 28), (1, -28, 28), (1, 28.0, 28), (1, "28", 28)])
def test_images_of_no_size_are_refused(in_shape: tuple[Any, ...]) -> None:
    for ask in (preset("net").trace, preset("net").build):
        with pytest.raises(LabError, match="channels, height and width should be whole numbers of at least"):
            ask(in_shape, 10)


@pytest.mark.parametrize("classes", [0, -1, 2.5, None])
def test_so_many_classes_are_refused(classes: Any) -> None:
    with pytest.raises(LabError, match=f"classes is {classes}; it should be a whole number of at least 1"):
        preset("net").trace((1, 28, 28), classes)


def test_lists_do_where_tuples_would() -> None:
    def network(size: Any) -> Architecture:
        return sequence("pairs", ("conv2d", {"kernel_size": size}), "flatten", "linear")

    assert network([3, 5]).trace([1, 28, 28], 10) == network((3, 5)).trace((1, 28, 28), 10)
    assert network([3, 5]).code() == network((3, 5)).code()


def test_shape_errors_show_the_arithmetic() -> None:
    with pytest.raises(ShapeError, match=r"linear1.*5 x 28 x 28.*= 3920"):
        sequence("x", ("conv2d", {"out_channels": 5, "padding": 1}), "linear").trace((1, 28, 28), 10)
    with pytest.raises(ShapeError, match=r"conv1.*floor\(\(28 - 31\)/1\) \+ 1 = -2"):
        sequence("x", ("conv2d", {"kernel_size": 31}), "flatten", "linear").trace((1, 28, 28), 10)
    with pytest.raises(ShapeError, match=r"pool1.*image.*784"):
        sequence("x", "flatten", "max_pool2d", "linear").trace((1, 28, 28), 10)
    huge = ("linear", {"out_features": 2**31 - 1})
    with pytest.raises(ShapeError, match=r"linear2.*more values than torch can count"):
        sequence("x", "flatten", huge, huge, "linear").trace((1, 28, 28), 10)
    with pytest.raises(ShapeError, match=r"linear1.*gives 7.*10 classes"):
        sequence("x", "flatten", ("linear", {"out_features": 7})).trace((1, 28, 28), 10)
