"""One output of a layer taken apart: what it is made of, and how far its sum is from PyTorch's number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import LabError, Sentence, check
from nnlab.lens.numbers import in_order, ulps
from nnlab.lens.windows import Axis, Pooling, Sliding, axes

_CHANNEL, _ROW, _COLUMN = Sentence("channel"), Sentence("row"), Sentence("column")


@dataclass(frozen=True, eq=False)
class ConvTerms:
    """``output = channel_sums[0] + channel_sums[1] + ... + bias``, up to the order in which PyTorch adds.

    Attributes:
        patch: (in/groups, kh, kw), what the window covers; padding filled in.
        kernel: (in/groups, kh, kw), the weights of the output channel.
        products: patch times kernel.
        channel_sums: (in/groups,), the products of each channel added row by row.
        bias: a number; 0 for a convolution without.
        total: the sum in that order.
        output: PyTorch's number, ``conv(x)[0, channel, row, col]``.
        ulps: units in the last place between total and output.
        first_channel: the input channel that the first of the patch is.
        rows, columns: (kh,) and (kw,), where in the input the window lies; beyond it in the padding.
    """

    patch: Tensor
    kernel: Tensor
    products: Tensor
    channel_sums: Tensor
    bias: Tensor
    total: Tensor
    output: Tensor
    ulps: int
    first_channel: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PoolTerms:
    """The largest of `patch`, or its sum over `divisor`.

    Attributes:
        patch: (h, w), what the window covers of one channel. Padding is 0 for a mean and minus infinity for a
            maximum (of whole numbers, their least). Places after it, which ``ceil_mode`` reaches, are out.
        winner: (row, col) of the input where the maximum stands; None for a mean, and for a window that lies
            in the padding alone.
        divisor: what the sum is divided by; None for a maximum.
        total: the maximum, or the mean of the values added row by row.
        output: PyTorch's number, ``pool(x)[0, channel, row, col]``.
        ulps: units in the last place between total and output.
        rows, columns: (h,) and (w,), where in the input the window lies; beyond it in the padding.
    """

    patch: Tensor
    winner: tuple[int, int] | None
    divisor: int | None
    total: Tensor
    output: Tensor
    ulps: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class LinearTerms:
    """``output = products[0] + products[1] + ... + bias``, up to the order in which PyTorch adds.

    `inputs`, `weights` and `products` are (in_features,); `bias` is 0 for a layer without. `total`, `output`
    and `ulps` are as in `ConvTerms`.
    """

    inputs: Tensor
    weights: Tensor
    products: Tensor
    bias: Tensor
    total: Tensor
    output: Tensor
    ulps: int


class Fed(NamedTuple):
    """The outputs that one place of the input feeds: all pairs of these `rows` and `columns`."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def places(self) -> list[tuple[int, int]]:
        return [(row, column) for row in self.rows for column in self.columns]


def conv_terms(conv: nn.Conv2d, x: Tensor, channel: int, row: int, col: int) -> ConvTerms:
    """Take ``conv(x)[0, channel, row, col]`` apart, for x of shape (1, C, H, W).

    Raises:
        LabError: x does not fit the convolution, or there is no such output.
    """
    output = _output(conv, x, channel, row, col)
    rows, columns = axes(conv, (x.shape[1], x.shape[2], x.shape[3]))
    kernel = conv.weight.detach()[channel]
    first = channel // (conv.out_channels // conv.groups) * len(kernel)
    patch = _patch(x.detach()[0, first : first + len(kernel)], rows, columns, row, col, 0.0)
    products = patch * kernel
    sums = in_order(products.flatten(1))
    bias = output.new_zeros(()) if conv.bias is None else conv.bias.detach()[channel]
    total = (in_order(sums) + bias).to(output.dtype)  # under autocast they differ
    return ConvTerms(
        patch, kernel, products, sums, bias, total, output, ulps(total, output),
        first, rows.windows[row], columns.windows[col],
    )  # fmt: skip


def pool_terms(pool: Pooling, x: Tensor, channel: int, row: int, col: int) -> PoolTerms:
    """Take ``pool(x)[0, channel, row, col]`` apart, for x of shape (1, C, H, W).

    Args:
        pool: a max or average pooling of two dimensions, adaptive or not.

    Raises:
        LabError: x does not fit the pooling, or there is no such output.
    """
    output = _output(pool, x, channel, row, col)
    rows, columns = axes(pool, (x.shape[1], x.shape[2], x.shape[3]))
    largest = isinstance(pool, nn.MaxPool2d | nn.AdaptiveMaxPool2d)
    padding = _least(x.dtype) if largest else 0.0
    patch = _patch(x.detach()[0, channel : channel + 1], rows, columns, row, col, padding)[0]
    places = rows.windows[row], columns.windows[col]
    if isinstance(pool, nn.MaxPool2d | nn.AdaptiveMaxPool2d):
        total = patch.max()
        found = divmod(int(_winners(pool, x)[channel, row, col]), x.shape[3])
        # Of a window that lies in the padding alone, torch tells a place beyond the input or the window.
        real = found[0] < x.shape[2] and found[0] in places[0] and found[1] in places[1]
        winner = found if real else None
        return PoolTerms(patch, winner, None, total, output, ulps(total, output), *places)
    divisor = getattr(pool, "divisor_override", None) or rows.counts[row] * columns.counts[col]
    total = (in_order(patch.flatten()) / divisor).to(output.dtype)
    return PoolTerms(patch, None, divisor, total, output, ulps(total, output), *places)


def linear_terms(linear: nn.Linear, x: Tensor, unit: int) -> LinearTerms:
    """Take ``linear(x)[0, unit]`` apart, for x of shape (1, in_features).

    Raises:
        LabError: x does not fit the layer, or there is no such unit.
    """
    check(
        tuple(x.shape) == (1, linear.in_features),
        "Taken apart is one row of {features} features; {shape} was given.",
        features=linear.in_features, shape=tuple(x.shape),
    )  # fmt: skip
    output = linear(x).detach()[0]
    check_place(Sentence("unit"), unit, len(output))
    inputs, weights = x.detach()[0], linear.weight.detach()[unit]
    products = inputs * weights
    bias = output.new_zeros(()) if linear.bias is None else linear.bias.detach()[unit]
    total = in_order(products) + bias
    return LinearTerms(inputs, weights, products, bias, total, output[unit], ulps(total, output[unit]))


def fed_by(layer: Sliding, in_shape: tuple[int, int, int], row: int, col: int) -> Fed:
    """The outputs of a convolution or pooling that the place (row, col) of its input (C, H, W) feeds, also by
    way of padding that repeats it.

    Raises:
        LabError: there is no such place.
    """
    check_place(_ROW, row, in_shape[1])
    check_place(_COLUMN, col, in_shape[2])
    rows, columns = axes(layer, in_shape)
    return Fed(_fed(rows, row), _fed(columns, col))


def _fed(axis: Axis, place: int) -> tuple[int, ...]:
    return tuple(out for out, window in enumerate(axis.windows) if place in map(axis.source, window))


def _output(layer: Sliding, x: Tensor, channel: int, row: int, col: int) -> Tensor:
    """That number of ``layer(x)``, computed as the layer always does."""
    check(
        isinstance(layer, Sliding),
        "{layer} cannot be taken apart like this; a Conv2d can, and max and average pooling of images.",
        layer=type(layer).__name__,
    )
    # One that is not made yet (`nn.LazyConv2d`) takes as many as reach it.
    channels = (layer.in_channels or None) if isinstance(layer, nn.Conv2d) else None
    check(
        x.ndim == 4 and x.shape[0] == 1 and channels in (None, x.shape[1]),
        "Taken apart is one image, 1 x {channels} x H x W; {shape} was given.",
        channels=channels or "C", shape=" x ".join(map(str, x.shape)),
    )  # fmt: skip
    try:
        found = layer(x)
    except RuntimeError as error:
        raise LabError("PyTorch refuses it: {reason}", reason=str(error).splitlines()[0]) from None
    maps = (found[0] if isinstance(found, tuple) else found).detach()[0]
    for name, place, count in zip((_CHANNEL, _ROW, _COLUMN), (channel, row, col), maps.shape, strict=True):
        check_place(name, place, count)
    return maps[channel, row, col]


def _winners(pool: nn.MaxPool2d | nn.AdaptiveMaxPool2d, x: Tensor) -> Tensor:
    """(C, H', W'): where torch found the maxima, counted along the rows of the input; among equal values it
    is torch's choice."""
    if isinstance(pool, nn.AdaptiveMaxPool2d):
        size: Any = pool.output_size
        return F.adaptive_max_pool2d(x.detach(), size, return_indices=True)[1][0]
    settings = (pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode)
    return F.max_pool2d(x.detach(), *settings, return_indices=True)[1][0]


def _least(dtype: torch.dtype) -> float:
    """What no value is below."""
    return float("-inf") if dtype.is_floating_point else torch.iinfo(dtype).min


def _patch(image: Tensor, rows: Axis, columns: Axis, row: int, col: int, padding: float) -> Tensor:
    """(C, H, W) -> (C, h, w): the values under a window, with padding where it reaches beyond."""
    lines = [rows.source(place) for place in rows.windows[row]]
    posts = [columns.source(place) for place in columns.windows[col]]
    found = image[:, [line or 0 for line in lines]][:, :, [post or 0 for post in posts]]
    outside = torch.tensor([[line is None or post is None for post in posts] for line in lines])
    return found.masked_fill(outside.to(found.device), padding)


def check_place(name: Sentence, place: int, count: int) -> None:
    """Raise `LabError` unless `place` is one of `count`."""
    check(
        0 <= place < count,
        "{name} {value} is not there; it runs from 0 to {last}.",
        name=name, value=place, last=count - 1,
    )  # fmt: skip
