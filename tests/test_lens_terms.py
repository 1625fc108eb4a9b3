"""One output taken apart, against torch.nn.functional over random settings of every option."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_settings import layers
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import LabError
from nnlab.lens import conv_terms, fed_by, linear_terms, pool_terms
from nnlab.lens.numbers import in_order, ulps
from nnlab.nets.layers import make_layer, pair

POOLS = ["max_pool2d", "avg_pool2d", "adaptive_max_pool2d", "adaptive_avg_pool2d"]


def padded(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """The input with its padding, by torch's own `F.pad`."""
    amounts = conv._reversed_padding_repeated_twice if isinstance(conv.padding, str) else [
        conv.padding[1], conv.padding[1], conv.padding[0], conv.padding[0]
    ]  # fmt: skip
    return F.pad(x, amounts, mode="constant" if conv.padding_mode == "zeros" else conv.padding_mode)


def place(data: st.DataObject, shape: tuple[int, ...]) -> tuple[int, int, int]:
    channel, row, col = (data.draw(st.integers(0, count - 1)) for count in shape)
    return channel, row, col


@settings(max_examples=1000)
@given(data=st.data())
def test_a_convolution_is_the_sum_of_its_terms(data: st.DataObject) -> None:
    in_shape, options = data.draw(layers("conv2d"))
    conv = make_layer("conv2d", in_shape, options)
    assert isinstance(conv, nn.Conv2d)
    x = torch.randn(1, *in_shape)
    with torch.no_grad() if data.draw(st.booleans()) else nullcontext():
        expected = conv(x).detach()
        channel, row, col = place(data, expected.shape[1:])
        terms = conv_terms(conv, x, channel, row, col)
    assert torch.equal(terms.output, expected[0, channel, row, col])

    each = in_shape[0] // conv.groups
    first = channel // (conv.out_channels // conv.groups) * each
    (kh, kw), (sh, sw), (dh, dw) = conv.kernel_size, conv.stride, conv.dilation
    seen = padded(conv, x)[0, first : first + each, row * sh :: dh, col * sw :: dw][:, :kh, :kw]
    assert torch.equal(terms.patch, seen)
    assert terms.first_channel == first
    assert torch.equal(terms.kernel, conv.weight[channel])
    assert torch.equal(terms.products, terms.patch * terms.kernel)

    sums = np.add.accumulate(terms.products.flatten(1).numpy(), axis=1)[:, -1]  # one after the other
    assert np.array_equal(terms.channel_sums.numpy(), sums)
    assert float(terms.bias) == (float(conv.bias.detach()[channel]) if conv.bias is not None else 0.0)
    total = np.add.accumulate(sums)[-1] + np.float32(terms.bias)
    assert terms.total.item() == total
    assert terms.ulps == ulps(terms.total, terms.output)
    exact = math.fsum(terms.products.double().flatten().tolist()) + float(terms.bias)
    size = float(terms.products.abs().sum() + terms.bias.abs())
    assert abs(float(terms.output) - exact) <= 1e-6 * size
    assert abs(float(terms.total) - exact) <= 1e-5 * size


@settings(max_examples=200)
@given(data=st.data())
def test_whole_numbers_leave_no_unit_apart(data: st.DataObject) -> None:
    """Sums of small whole numbers are exact in any order, so here the terms must give the very bits."""
    in_shape, options = data.draw(layers("conv2d"))
    conv = make_layer("conv2d", in_shape, options)
    with torch.no_grad():
        for parameter in conv.parameters():
            parameter.copy_(torch.randint(-9, 10, parameter.shape))
    x = torch.randint(-9, 10, (1, *in_shape)).float()
    terms = conv_terms(conv, x, *place(data, conv(x).shape[1:]))
    assert torch.equal(terms.total, terms.output)
    assert terms.ulps == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_convolution_of_other_floats(dtype: torch.dtype) -> None:
    conv = nn.Conv2d(2, 3, 3, padding=1).to(dtype)
    x = torch.randn(1, 2, 5, 5, dtype=dtype)
    terms = conv_terms(conv, x, 1, 2, 3)
    assert torch.equal(terms.output, conv(x)[0, 1, 2, 3])
    assert terms.total.dtype == dtype
    assert terms.ulps == ulps(terms.total, terms.output)


@pytest.mark.parametrize("name", POOLS)
@settings(max_examples=250)
@given(data=st.data())
def test_a_pooling_is_the_largest_or_the_mean_of_its_patch(name: str, data: st.DataObject) -> None:
    in_shape, options = data.draw(layers(name))
    pool: Any = make_layer(name, in_shape, options)
    if name == "avg_pool2d" and data.draw(st.booleans()):
        pool.divisor_override = data.draw(st.integers(1, 7))
    x = torch.randn(1, *in_shape)
    if data.draw(st.booleans()):
        x = x.round()  # equal values, of which torch chooses the winner
    expected = pool(x)
    channel, row, col = place(data, expected.shape[1:])
    terms = pool_terms(pool, x, channel, row, col)
    assert torch.equal(terms.output, expected[0, channel, row, col])
    inside = [
        (r, c)
        for r in terms.rows for c in terms.columns if 0 <= r < in_shape[1] and 0 <= c < in_shape[2]
    ]  # fmt: skip
    values = [float(x[0, channel, r, c]) for r, c in inside]
    if "max" in name:
        function = getattr(F, name)
        arguments = (options["output_size"],) if "adaptive" in name else (
            options["kernel_size"], options["stride"], options["padding"], options["dilation"],
            options["ceil_mode"],
        )  # fmt: skip
        if not inside:
            assert terms.winner is None and terms.output == -math.inf
            return
        places = function(x, *arguments, return_indices=True)[1]
        assert terms.winner == divmod(int(places[0, channel, row, col]), in_shape[2])
        assert terms.winner in inside
        assert float(x[0, channel, *terms.winner]) == float(terms.output) == max(values)
        assert terms.ulps == 0 and terms.divisor is None
        assert terms.patch.isneginf().sum() == terms.patch.numel() - len(inside)
    else:
        assert terms.winner is None and terms.divisor
        assert torch.equal(terms.total, in_order(terms.patch.flatten()) / terms.divisor)
        assert float(terms.output) == pytest.approx(math.fsum(values) / terms.divisor, rel=1e-5, abs=1e-6)
        assert terms.ulps == ulps(terms.total, terms.output)
        assert float(terms.patch.double().sum()) == pytest.approx(math.fsum(values))


@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AdaptiveMaxPool2d])
def test_a_pooling_that_tells_its_winners_itself(pool: Any) -> None:
    x = torch.randn(1, 2, 6, 6)
    values, places = pool(2, return_indices=True)(x)
    terms = pool_terms(pool(2, return_indices=True), x, 1, 1, 1)
    assert torch.equal(terms.output, values[0, 1, 1, 1])
    assert terms.winner == divmod(int(places[0, 1, 1, 1]), 6)


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d([2, 3], [1, 2], [1, 0], [2, 1]), nn.MaxPool2d((2,), (1,)),  # type: ignore[arg-type]
        nn.AvgPool2d([2, 3], [1, 2], [1, 0]), nn.AvgPool2d((3,), padding=(1,)),  # type: ignore[arg-type]
        nn.AdaptiveAvgPool2d([2, 3]), nn.AdaptiveMaxPool2d((None, 3)),  # type: ignore[arg-type]
    ],
    ids=repr,
)  # fmt: skip
def test_a_pooling_whose_sizes_are_lists_or_single_numbers_in_them(pool: Any) -> None:
    x = torch.randn(1, 2, 7, 8)
    expected = pool(x)
    for row, col in np.ndindex(*expected.shape[2:]):
        terms = pool_terms(pool, x, 1, row, col)
        assert torch.equal(terms.output, expected[0, 1, row, col]) and terms.ulps <= 2
        values = terms.patch[terms.patch.isfinite()].double()
        made = values.max() if terms.divisor is None else values.sum() / terms.divisor
        assert float(made) == pytest.approx(float(terms.output), abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_the_largest_of_whole_numbers(dtype: torch.dtype) -> None:
    x = torch.arange(100, 125).flip(0).reshape(1, 1, 5, 5).to(dtype)
    pool = nn.MaxPool2d(3, padding=1, stride=2)
    terms = pool_terms(pool, x, 0, 0, 0)
    assert terms.output == pool(x)[0, 0, 0, 0] == 124 and terms.ulps == 0 and terms.winner == (0, 0)
    assert terms.patch[0].tolist() == [torch.iinfo(dtype).min] * 3


def test_the_mean_of_whole_numbers_is_one() -> None:
    x = torch.tensor([[[[-3, -4], [0, 0]]]])  # torch leaves out what follows the point
    terms = pool_terms(nn.AvgPool2d(2), x, 0, 0, 0)
    assert int(terms.total) == int(terms.output) == -1 and terms.ulps == 0


def test_a_not_a_number_wins() -> None:
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 1, 0] = math.nan
    terms = pool_terms(nn.MaxPool2d(2), x, 0, 0, 0)
    assert terms.winner == (1, 0) and terms.output.isnan() and terms.ulps == 0


@pytest.mark.parametrize("name", ["conv2d", *POOLS])
@settings(max_examples=150)
@given(data=st.data())
def test_an_input_feeds_the_outputs_that_move_with_it(name: str, data: st.DataObject) -> None:
    in_shape, options = data.draw(layers(name))
    layer: Any = make_layer(name, in_shape, options)
    if isinstance(layer, nn.Conv2d):
        with torch.no_grad():
            layer.weight.fill_(1)
            layer.weight.requires_grad_(False)
            if layer.bias is not None:
                layer.bias.zero_()
    _, row, col = place(data, in_shape)
    x = torch.zeros(1, *in_shape)
    x[:, :, row, col] = 1
    moved = layer(x)[0, 0] > 0
    fed = fed_by(layer, in_shape, row, col)
    assert set(fed.places) == set(map(tuple, moved.nonzero().tolist()))


@settings(max_examples=100)
@given(features=st.integers(1, 300), units=st.integers(1, 9), bias=st.booleans(), data=st.data())
def test_a_linear_unit_is_the_sum_of_its_terms(
    features: int, units: int, bias: bool, data: st.DataObject
) -> None:
    linear = nn.Linear(features, units, bias=bias)
    x = torch.randn(1, features)
    unit = data.draw(st.integers(0, units - 1))
    terms = linear_terms(linear, x, unit)
    assert torch.equal(terms.output, linear(x)[0, unit])
    assert torch.equal(terms.products, x[0] * linear.weight[unit])
    sums = np.add.accumulate(terms.products.numpy())[-1] + np.float32(terms.bias)
    assert terms.total.item() == sums
    assert terms.ulps == ulps(terms.total, terms.output)
    assert float(terms.total) == pytest.approx(float(terms.output), rel=1e-4, abs=1e-5)


@settings(max_examples=200)
@given(
    start=st.floats(-(2.0**99), 2.0**99, width=32),
    steps=st.integers(0, 40),
    double=st.booleans(),
    up=st.booleans(),
)
def test_units_in_the_last_place_are_steps_to_the_next_float(
    start: float, steps: int, double: bool, up: bool
) -> None:
    kind = np.float64 if double else np.float32
    value = kind(start)
    for _ in range(steps):
        value = np.nextafter(value, kind(np.inf if up else -np.inf))
    assert ulps(torch.tensor(kind(start)), torch.tensor(value)) == steps


def test_units_across_zero_and_of_what_is_no_number() -> None:
    smallest = torch.tensor(1e-45)
    assert ulps(-smallest, smallest) == 2
    assert ulps(torch.tensor(-0.0), torch.tensor(0.0)) == 0
    assert ulps(torch.tensor([math.nan, 1.0]), torch.tensor([math.nan, 1.0])) == 0
    assert ulps(torch.tensor([math.nan, 1.0]), torch.tensor([1.0, 1.0])) > 1000
    assert ulps(torch.tensor(-1e308, dtype=torch.float64), torch.tensor(1e308, dtype=torch.float64)) > 2**63


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ((2, 0, 0), "channel 2 is not there; it runs from 0 to 1"),
        ((0, 3, 0), "row 3"),
        ((0, 0, -1), "column -1"),
    ],
)
def test_outputs_that_are_not_there(place: tuple[int, int, int], sentence: str) -> None:
    with pytest.raises(LabError, match=sentence):
        conv_terms(nn.Conv2d(1, 2, 3), torch.zeros(1, 1, 5, 5), *place)


def test_inputs_that_do_not_fit() -> None:
    conv = nn.Conv2d(3, 2, 3)
    for shape in ((2, 3, 5, 5), (1, 1, 5, 5), (3, 5, 5)):
        with pytest.raises(LabError, match="1 x 3 x H x W"):
            conv_terms(conv, torch.zeros(shape), 0, 0, 0)
    with pytest.raises(LabError, match=r"PyTorch refuses it.*Kernel size"):
        conv_terms(conv, torch.zeros(1, 3, 2, 2), 0, 0, 0)
    with pytest.raises(LabError, match=r"1 x C x H x W"):
        pool_terms(nn.MaxPool2d(2), torch.zeros(3, 4, 4), 0, 0, 0)
    with pytest.raises(LabError, match=r"row of 4 features.*\(4,\)"):
        linear_terms(nn.Linear(4, 2), torch.zeros(4), 0)
    with pytest.raises(LabError, match="unit 2"):
        linear_terms(nn.Linear(4, 2), torch.zeros(1, 4), 2)
    with pytest.raises(LabError, match="row 5"):
        fed_by(conv, (3, 5, 5), 5, 0)


def test_a_convolution_that_takes_the_channels_that_come_first() -> None:
    conv, x = nn.LazyConv2d(2, 3), torch.randn(1, 4, 5, 5)
    assert torch.equal(conv_terms(conv, x, 1, 2, 0).output, conv(x)[0, 1, 2, 0])


def test_precision_of_autocast() -> None:
    """The output is a bfloat16 there, and so are the units in which the sum lies apart from it."""
    conv, x = nn.Conv2d(3, 2, 3), torch.randn(1, 3, 5, 5)
    with torch.autocast("cpu", torch.bfloat16):
        terms = conv_terms(conv, x, 1, 2, 0)
    assert terms.output.dtype == terms.total.dtype == torch.bfloat16
    assert float(terms.total) == pytest.approx(float(terms.output), rel=0.1, abs=0.05) and terms.ulps < 2**14


@pytest.mark.parametrize("layer", [nn.ConvTranspose2d(3, 2, 3), nn.LPPool2d(2, 2), nn.Conv1d(3, 2, 3)])
def test_other_layers_are_not_taken_apart_as_if_they_were_these(layer: Any) -> None:
    name = type(layer).__name__
    with pytest.raises(LabError, match=f"{name} cannot be taken apart like this; a Conv2d can"):
        (pool_terms if "Pool" in name else conv_terms)(layer, torch.randn(1, 3, 8, 8), 0, 0, 0)


def test_pairs() -> None:
    assert pair(3) == (3, 3) and pair((3, 5)) == (3, 5)
