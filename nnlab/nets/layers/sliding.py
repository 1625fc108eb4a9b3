"""Layers that slide a window over an image: convolution and pooling."""

from __future__ import annotations

from typing import Any

from nnlab.errors import Sentence, ShapeError
from nnlab.nets.layers.arithmetic import (
    adaptive_lines,
    check_groups,
    check_padding_mode,
    check_pool_padding,
    check_same,
    check_windows,
    slide_lines,
    slides,
    with_fix,
)
from nnlab.nets.layers.fields import AUTO, Field, pair
from nnlab.nets.layers.kind import Call, LayerKind, Options, Shape, source

_SIDE = 1024  # the most that a window, its steps and its padding may be


def _conv2d(in_shape: Shape, o: Options) -> Call:
    names = ("stride", "padding", "dilation", "groups", "bias", "padding_mode")
    return Call(
        "Conv2d", (in_shape[0], o["out_channels"], o["kernel_size"]), {name: o[name] for name in names}
    )


def _conv2d_functional(in_shape: Shape, o: Options) -> str:
    padding, image = o["padding"], "x"
    if o["padding_mode"] != "zeros":
        rows, columns = slides(in_shape, o)
        around = (columns.before, columns.after, rows.before, rows.after)
        if any(around):
            image = f"F.pad(x, {around}, mode={o['padding_mode']!r})"
        padding = 0
    named = _unusual({**o, "padding": padding}, stride=1, padding=0, dilation=1, groups=1)
    tensors = ("weight", "bias") if o["bias"] else ("weight",)
    return source("F.conv2d", image, *tensors, **named)


def _check_conv2d(in_shape: Shape, o: Options) -> None:
    if o["in_channels"] not in (AUTO, in_shape[0]):
        problem = ShapeError(
            "Conv2d expects {expected} channels, but {count} reach it.",
            expected=o["in_channels"], count=in_shape[0],
        )  # fmt: skip
        raise with_fix(problem, in_channels=AUTO)
    check_groups("Conv2d", in_shape, o)
    check_same("Conv2d", o)
    check_padding_mode("Conv2d", in_shape, o)
    check_windows("Conv2d", in_shape, o)


def _pool_arguments(o: Options) -> dict[str, Any]:
    """What is not torch's default; the stride is the kernel's size there."""
    steps = {"stride": o["stride"]} if pair(o["stride"]) != pair(o["kernel_size"]) else {}
    return steps | _unusual(o, padding=0, dilation=1, ceil_mode=False, count_include_pad=True)


def _pool(name: str, torch: str, about: Sentence, *fields: Field) -> LayerKind:
    functional = f"F.{name}"

    def check(in_shape: Shape, o: Options) -> None:
        check_windows(torch, in_shape, o)
        check_pool_padding(torch, in_shape, o)

    return LayerKind(
        name, torch, about, "pooling",
        lambda in_shape, o: Call(torch, (o["kernel_size"],), _pool_arguments(o)),
        lambda in_shape, o: source(functional, "x", repr(o["kernel_size"]), **_pool_arguments(o)),
        (
            Field("kernel_size", 2, "pair", 1, _SIDE),
            Field("stride", 2, "pair", 1, _SIDE),
            Field("padding", 0, "pair", 0, _SIDE),
            *fields,
        ),
        takes="image", check=check, arithmetic=slide_lines, sees="window", short="pool",
    )  # fmt: skip


def _adaptive(name: str, torch: str, about: Sentence) -> LayerKind:
    functional = f"F.{name}"
    return LayerKind(
        name, torch, about, "pooling",
        lambda in_shape, o: Call(torch, (o["output_size"],)),
        lambda in_shape, o: source(functional, "x", repr(o["output_size"])),
        (Field("output_size", 1, "pair", 1, _SIDE),),
        takes="image", arithmetic=adaptive_lines, sees="window", short="pool",
    )  # fmt: skip


def _unusual(o: Options, **usual: Any) -> dict[str, Any]:
    return {name: o[name] for name, default in usual.items() if name in o and o[name] != default}


_CEIL = Field("ceil_mode", False, "toggle")

CONVOLUTIONS = (
    LayerKind(
        "conv2d", "Conv2d",
        Sentence("Slides filters over the image; each output is the sum of a patch times a filter."),
        "convolution", _conv2d, _conv2d_functional,
        (
            Field("in_channels", AUTO, words=(AUTO,)),
            Field("out_channels", 8),
            Field("kernel_size", 3, "pair", 1, _SIDE),
            Field("stride", 1, "pair", 1, _SIDE),
            Field("padding", 0, "pair", 0, _SIDE, words=("same", "valid")),
            Field("dilation", 1, "pair", 1, _SIDE),
            Field("groups", 1),
            Field("bias", True, "toggle"),
            Field("padding_mode", "zeros", "choice", choices=("zeros", "reflect", "replicate", "circular")),
        ),
        takes="image", check=_check_conv2d, arithmetic=slide_lines, sees="window", short="conv",
    ),
)  # fmt: skip

POOLINGS = (
    _pool(
        "max_pool2d", "MaxPool2d", Sentence("Keeps the largest value of each window."),
        Field("dilation", 1, "pair", 1, _SIDE), _CEIL,
    ),
    _pool(
        "avg_pool2d", "AvgPool2d", Sentence("Takes the mean of each window."),
        _CEIL, Field("count_include_pad", True, "toggle"),
    ),
    _adaptive(
        "adaptive_max_pool2d", "AdaptiveMaxPool2d",
        Sentence("Keeps the largest values, with windows chosen for the size that is to come out."),
    ),
    _adaptive(
        "adaptive_avg_pool2d", "AdaptiveAvgPool2d",
        Sentence("Takes means, with windows chosen for the size that is to come out."),
    ),
)  # fmt: skip
