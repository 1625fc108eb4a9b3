"""Receptive fields, against the gradients of single outputs of networks drawn at random."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers import SMALL
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_settings import fitting
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import LabError, ShapeError
from nnlab.lens import Box, reach, receptive_field
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.layers import LAYERS, out_shape, pair
from nnlab.nets.presets import preset

DRAWN = (
    "conv2d", "conv2d", "conv2d", "max_pool2d", "avg_pool2d", "adaptive_max_pool2d", "adaptive_avg_pool2d",
    "pad_to", "relu", "batch_norm2d",
)  # fmt: skip
MOST = 14  # the side of a map, so that random padding does not grow without end


class SumPool(nn.Module):
    """The sum where a max pooling takes the largest: every place of the window has a gradient."""

    def __init__(self, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        channels, sizes = x.shape[1], self.pool(x).shape[2:]
        kernel, stride, padding, dilation = (
            pair(getattr(self.pool, name)) for name in ("kernel_size", "stride", "padding", "dilation")
        )
        after = [
            (out - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - x.shape[2 + i] - padding[i]
            for i, out in enumerate(sizes)
        ]
        x = F.pad(x, (padding[1], max(0, after[1]), padding[0], max(0, after[0])))
        ones = x.new_ones(channels, 1, *kernel)
        found = F.conv2d(x, ones, stride=stride, dilation=dilation, groups=channels)
        return found[:, :, : sizes[0], : sizes[1]]


def linearised(architecture: Architecture, in_shape: tuple[int, int, int]) -> nn.Sequential:
    """It in evaluation mode, with positive weights: no gradient is lost on the way."""
    model = architecture.build(in_shape, 10).eval()
    for parameter in model.parameters():
        parameter.data.uniform_(0.5, 1)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.MaxPool2d):
            model.set_submodule(name, SumPool(layer))
        elif isinstance(layer, nn.AdaptiveMaxPool2d):
            model.set_submodule(name, nn.AdaptiveAvgPool2d(layer.output_size))
    return model


def seen(model: nn.Sequential, name: str, x: Tensor, row: int, col: int) -> Tensor:
    """(H, W): where the gradient of that layer's output at (row, col), of any channel, is not zero."""
    x = x.clone().requires_grad_()
    found: list[Tensor] = []
    model.get_submodule(name).register_forward_hook(lambda layer, given, y: found.append(y))
    model(x)
    y = found[0]
    (y[0, row] if y.ndim == 2 else y[0, :, row, col].sum()).backward()
    assert x.grad is not None
    return x.grad[0].abs().sum(0) > 0


def box_of(mask: Tensor) -> Box:
    rows, cols = mask.any(1).nonzero().flatten().tolist(), mask.any(0).nonzero().flatten().tolist()
    return Box(rows[0], cols[0], rows[-1] + 1, cols[-1] + 1) if rows else Box(0, 0, 0, 0)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Architecture, tuple[int, int, int]]:
    in_shape = (draw(st.integers(1, 2)), draw(st.integers(3, 12)), draw(st.integers(3, 12)))
    shape: tuple[int, ...] = in_shape
    specs: list[Any] = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(DRAWN))
        options = draw(fitting(kind, shape))
        after = out_shape(kind, shape, options)
        if max(after[1:]) <= MOST:
            specs.append((kind, options))
            shape = after
    return sequence("drawn", *specs, "flatten", "linear"), in_shape


@st.composite
def chains(
    draw: st.DrawFn, shape: tuple[int, ...], most: int
) -> tuple[tuple[LayerSpec, ...], tuple[int, ...]]:
    """Layers that slide a window, and what comes out."""
    specs: list[LayerSpec] = []
    for _ in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from(DRAWN))
        options = draw(fitting(kind, shape))
        after = out_shape(kind, shape, options)
        if max(after[1:]) <= MOST:
            specs.append(LayerSpec(kind, options))
            shape = after
    return tuple(specs), shape


@st.composite
def forks(draw: st.DrawFn, shape: tuple[int, ...], depth: int) -> tuple[LayerSpec, tuple[int, ...]]:
    """A join of two or three branches, the later ones resized to what the first gives."""
    kind, branches, wanted = draw(st.sampled_from(("residual", "concat"))), [], shape
    channels = 0
    for number in range(draw(st.integers(2, 3))):
        branch, out = draw(chains(shape, 2))
        if depth and draw(st.booleans()):
            inner, out = draw(forks(out, depth - 1))
            branch = (*branch, inner)
        wanted = wanted if number else out
        if out[1:] != wanted[1:]:
            mode = draw(st.sampled_from(("nearest", "bilinear", "bicubic")))
            branch, out = (
                (*branch, LayerSpec("resize", {"size": wanted[1:], "mode": mode})),
                (out[0], *wanted[1:]),
            )
        if kind == "residual" and out != wanted:
            branch = (*branch, LayerSpec("conv2d", {"out_channels": wanted[0], "kernel_size": 1}))
            out = wanted
        branches.append(branch)
        channels += out[0]
    return LayerSpec(kind, branches=tuple(branches)), (
        wanted[0] if kind == "residual" else channels,
        *wanted[1:],
    )


@st.composite
def forked(draw: st.DrawFn) -> tuple[Architecture, tuple[int, int, int]]:
    in_shape = (draw(st.integers(1, 2)), draw(st.integers(3, 9)), draw(st.integers(3, 9)))
    before, shape = draw(chains(in_shape, 1))
    fork, shape = draw(forks(shape, 1))
    after, _ = draw(chains(shape, 1))
    return sequence("drawn", *before, fork, *after, "flatten", "linear"), in_shape


@settings(max_examples=200)
@given(network=st.one_of(networks(), forked()), data=st.data())
def test_the_field_is_where_the_gradient_is_not_zero(
    network: tuple[Architecture, tuple[int, int, int]], data: st.DataObject
) -> None:
    architecture, in_shape = network
    layers = architecture.trace(in_shape, 10)
    at = data.draw(st.integers(0, len(layers) - 1))
    shape = layers[at].out_shape
    row, col = (
        data.draw(st.integers(0, count - 1)) for count in (shape[1:] if len(shape) == 3 else (shape[0], 1))
    )
    mask = seen(linearised(architecture, in_shape), layers[at].name, torch.rand(1, *in_shape) + 0.5, row, col)
    layer = data.draw(st.sampled_from([at, layers[at].name]))
    assert receptive_field(architecture, layer, row, col, in_shape) == box_of(mask)
    if len(shape) == 3:  # not the box alone, but every place in it
        found = reach(architecture, in_shape)[at]
        expected = torch.zeros(in_shape[1:], dtype=torch.bool)
        for rows, columns in found.parts(row, col):
            expected[torch.tensor(sorted(rows))[:, None], torch.tensor(sorted(columns))] = True
        assert torch.equal(mask, expected)


IMAGES = [name for name, kind in LAYERS.items() if kind.takes in ("any", "image") and name != "linear"]
VECTORS = [name for name, kind in LAYERS.items() if kind.takes in ("any", "vector")]


def jacobian(layer: nn.Module, x: Tensor) -> Tensor:
    """Where the derivative of some output by some input is not zero: (out, ..., in, ...)."""
    return torch.autograd.functional.jacobian(lambda x: layer(x[None])[0], x) != 0


@pytest.mark.parametrize("name", IMAGES)
def test_every_layer_of_images_sees_what_its_entry_says(name: str) -> None:
    options = {"size": 9} if name in ("pad_to", "resize") else {}
    architecture, in_shape = sequence("x", (name, options), "flatten", "linear"), (2, 6, 7)
    layer = architecture.build(in_shape, 10)[0].double().eval()
    torch.manual_seed(0)
    # Several inputs, for layers that pass on some of their values only.
    moved = torch.stack([jacobian(layer, 2 * torch.randn(in_shape).double()) for _ in range(30)]).any(0)
    if moved.ndim == 4:  # flattened: the places of each unit
        for unit in range(moved.shape[0]):
            assert receptive_field(architecture, 0, unit, 0, in_shape) == box_of(moved[unit].any(0))
        return
    for row in range(moved.shape[1]):
        for col in range(moved.shape[2]):
            mask = moved[:, row, col].any(0).any(0)
            assert receptive_field(architecture, 0, row, col, in_shape) == box_of(mask)


@pytest.mark.parametrize("name", VECTORS)
def test_every_layer_of_vectors_sees_what_its_entry_says(name: str) -> None:
    architecture, in_shape = sequence("x", "flatten", name, "flatten", "linear"), (1, 2, 3)
    layer = architecture.build(in_shape, 10)[1].double().eval()
    torch.manual_seed(0)
    moved = torch.stack([jacobian(layer, 2 * torch.randn(6).double()) for _ in range(60)]).any(0)
    for unit in range(len(moved)):
        found = receptive_field(architecture, 1, unit, 0, in_shape)
        assert found == box_of(moved[unit].reshape(2, 3))


@pytest.mark.parametrize("name", SMALL)
def test_classifiers_see_the_whole_image(name: str) -> None:
    assert receptive_field(preset(name), -1 + len(preset(name).layers), 3, 0, (1, 28, 28)) == (0, 0, 28, 28)


def test_the_usual_arithmetic() -> None:
    """The formula of the textbooks: size r + (k - 1) * jump, one place on for every jump."""
    architecture = sequence(
        "x", ("conv2d", {"kernel_size": 5}), "relu", "max_pool2d", "conv2d", "flatten", "linear"
    )
    in_shape = (1, 28, 28)
    assert receptive_field(architecture, "conv1", 3, 4, in_shape) == (3, 4, 8, 9)
    assert receptive_field(architecture, "pool1", 1, 2, in_shape) == (2, 4, 8, 10)
    assert receptive_field(architecture, "conv2", 1, 2, in_shape) == (2, 4, 12, 14)
    assert receptive_field(architecture, 3, 1, 2, in_shape) == (2, 4, 12, 14)


@pytest.mark.parametrize("kind", ["residual", "concat"])
def test_units_of_joined_vectors_see_what_they_were_flattened_from(kind: str) -> None:
    """Of 2 x 4 x 4 maps and of 8 x 2 x 2 ones."""
    halved = ("conv2d", {"out_channels": 8, "kernel_size": 2, "stride": 2})
    branches = ((LayerSpec("relu"), LayerSpec("flatten")), (LayerSpec(*halved), LayerSpec("flatten")))
    network = sequence("x", LayerSpec(kind, branches=branches), "linear")
    model = linearised(network, (2, 4, 4))
    x = torch.rand(1, 2, 4, 4) + 0.5
    for unit in range(32 if kind == "residual" else 64):
        assert receptive_field(network, 4, unit, 0, (2, 4, 4)) == box_of(seen(model, f"{kind}1", x, unit, 0))


def test_a_branch_that_sees_nothing_but_padding_adds_nothing() -> None:
    """The corner of the padded branch, beside a branch that is resized from the whole image."""
    far = LayerSpec("conv2d", {"kernel_size": 1, "padding": (3, 0)})
    wide = LayerSpec("resize", {"size": (12, 6), "mode": "nearest"})
    branches = ((far,), (wide, LayerSpec("conv2d", {"kernel_size": 1})))
    network = sequence("x", LayerSpec("residual", branches=branches), "flatten", "linear")
    assert receptive_field(network, "residual1", 0, 5, (1, 6, 6)) == (0, 5, 1, 6)
    found = reach(network, (1, 6, 6))[3]
    assert found.parts(0, 5) == [({0}, {5})] and len(found.parts(11, 5)) == 1 and len(found.parts(4, 5)) == 2


def test_a_unit_in_the_padding_sees_nothing() -> None:
    architecture = sequence("x", ("conv2d", {"kernel_size": 2, "padding": 4}), "flatten", "linear")
    assert receptive_field(architecture, "conv1", 0, 5, (1, 6, 6)) == (0, 0, 0, 0)
    assert receptive_field(architecture, "conv1", 5, 5, (1, 6, 6)) == (1, 1, 3, 3)


def test_what_is_not_there() -> None:
    net = preset("net")
    with pytest.raises(LabError, match=r"net has no layer 'conv9'; it has: conv1, relu1.*linear1"):
        receptive_field(net, "conv9", 0, 0, (1, 28, 28))
    with pytest.raises(LabError, match="layer 8 is not there; it runs from 0 to 7"):
        receptive_field(net, 8, 0, 0, (1, 28, 28))
    with pytest.raises(LabError, match="row 28 is not there; it runs from 0 to 27"):
        receptive_field(net, "conv1", 28, 0, (1, 28, 28))
    with pytest.raises(LabError, match="unit 10 is not there"):
        receptive_field(net, "linear1", 10, 0, (1, 28, 28))
    with pytest.raises(ShapeError, match="pool2"):
        receptive_field(net, "conv1", 0, 0, (1, 2, 2))
