"""Where the windows of a sliding layer lie on its input: one list of places for each output, on each axis.

Convolution and pooling slide the same way on both axes, so two `Axis` describe all their windows. The rules
are those of torch's own kernels: ``padding="same"`` puts the odd zero at the end, windows of a pooling with
``ceil_mode`` end with the padding, and an adaptive pooling cuts its axis into parts that may overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

Pooling = nn.MaxPool2d | nn.AvgPool2d | nn.AdaptiveMaxPool2d | nn.AdaptiveAvgPool2d
Sliding = nn.Conv2d | Pooling


@dataclass(frozen=True)
class Axis:
    """One axis of a sliding layer.

    Attributes:
        extent: places of the input.
        before, after: places of padding on either side.
        windows: for each output, the places its window covers; negative or past the end in the padding.
        counts: for each output, how many places an average counts.
        mode: what padding repeats: "zeros" (for max pooling, minus infinity), "reflect", "replicate",
            "circular".
    """

    extent: int
    before: int
    after: int
    windows: tuple[tuple[int, ...], ...]
    counts: tuple[int, ...]
    mode: str = "zeros"

    def source(self, place: int) -> int | None:
        """The place of the input whose value stands at `place`; None where padding puts a constant."""
        if 0 <= place < self.extent:
            return place
        match self.mode:
            case "reflect":
                return -place if place < 0 else 2 * (self.extent - 1) - place
            case "replicate":
                return min(max(place, 0), self.extent - 1)
            case "circular":
                return place % self.extent
        return None


def axes(layer: Sliding, in_shape: tuple[int, int, int]) -> tuple[Axis, Axis]:
    """The rows and the columns of `layer` on one sample of `in_shape` (C, H, W)."""
    if isinstance(layer, nn.Conv2d):
        return _convolved(layer, 0, in_shape[1]), _convolved(layer, 1, in_shape[2])
    found = layer(torch.empty(1, *in_shape, device="meta"))
    height, width = (found[0] if isinstance(found, tuple) else found).shape[2:]  # with return_indices, two
    if isinstance(layer, nn.AdaptiveMaxPool2d | nn.AdaptiveAvgPool2d):
        return _adaptive(in_shape[1], height), _adaptive(in_shape[2], width)
    return _pooled(layer, 0, in_shape[1], height), _pooled(layer, 1, in_shape[2], width)


def _convolved(conv: nn.Conv2d, axis: int, extent: int) -> Axis:
    kernel, stride, dilation = conv.kernel_size[axis], conv.stride[axis], conv.dilation[axis]
    if conv.padding == "same":
        total = dilation * (kernel - 1)
        before, after = total // 2, total - total // 2
    else:
        before = after = 0 if conv.padding == "valid" else int(conv.padding[axis])
    outputs = (extent + before + after - dilation * (kernel - 1) - 1) // stride + 1
    windows = tuple(
        tuple(out * stride - before + tap * dilation for tap in range(kernel)) for out in range(outputs)
    )
    return Axis(extent, before, after, windows, (kernel,) * outputs, conv.padding_mode)


def _pooled(pool: nn.MaxPool2d | nn.AvgPool2d, axis: int, extent: int, outputs: int) -> Axis:
    kernel, stride, padding = (_pair(value)[axis] for value in (pool.kernel_size, pool.stride, pool.padding))
    dilation = _pair(getattr(pool, "dilation", 1))[axis]
    windows, counts = [], []
    for out in range(outputs):
        start = out * stride - padding
        taps = [start + tap * dilation for tap in range(kernel)]
        windows.append(tuple(tap for tap in taps if tap < extent + padding))
        inside = [tap for tap in windows[-1] if 0 <= tap < extent]
        counts.append(len(windows[-1] if getattr(pool, "count_include_pad", False) else inside))
    return Axis(extent, padding, padding, tuple(windows), tuple(counts))


def _adaptive(extent: int, outputs: int) -> Axis:
    parts = [(out * extent // outputs, -(-(out + 1) * extent // outputs)) for out in range(outputs)]
    windows = tuple(tuple(range(start, end)) for start, end in parts)
    return Axis(extent, 0, 0, windows, tuple(map(len, windows)))


def _pair(value: int | Sequence[int]) -> Sequence[int]:
    """A pooling keeps what it was given: a number, one in a list or tuple, or two."""
    if not isinstance(value, Sequence):
        return value, value
    return value if len(value) == 2 else (value[0], value[0])
