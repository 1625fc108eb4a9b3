"""How much a layer holds, counted without making it: why a convolution needs so few weights, and what is too
much to be looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from nnlab.errors import check
from nnlab.nets.layers import Shape, make_layer, out_shape

MAX_WEIGHTS = 2**25  # 128 MB of float32
MAX_VALUES = 2**23  # of an output: 32 MB


def dense_weights(in_shape: Sequence[int], out_shape: Sequence[int], bias: bool = True) -> int:
    """The parameters of an `nn.Linear` from all values of `in_shape` to all of `out_shape`; it is counted
    without being allocated."""
    with torch.device("meta"):
        return parameters(nn.Linear(math.prod(in_shape), math.prod(out_shape), bias=bias))


def parameters(layer: nn.Module) -> int:
    """How many numbers a layer learns."""
    return sum(parameter.numel() for parameter in layer.parameters())


def check_size(name: str, in_shape: Shape, options: Mapping[str, Any]) -> None:
    """Raise `LabError` where a layer of kind `name`, for one sample of `in_shape`, has more weights or gives
    more values than a page should hold for one of many readers.

    Raises:
        ShapeError: the layer does not take the shape.
    """
    given = math.prod(out_shape(name, in_shape, options))
    check(
        given <= MAX_VALUES,
        "The output would have {count:,} values; at most {most:,} can be looked at.",
        count=given, most=MAX_VALUES,
    )  # fmt: skip
    with torch.device("meta"):
        weights = parameters(make_layer(name, in_shape, options))
    check(
        weights <= MAX_WEIGHTS,
        "The layer would have {count:,} weights; at most {most:,} can be looked at.",
        count=weights, most=MAX_WEIGHTS,
    )  # fmt: skip
