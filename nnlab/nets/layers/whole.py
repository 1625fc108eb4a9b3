"""Layers that look at a whole sample or change its shape: padding, flatten, linear, normalisation."""

from __future__ import annotations

import math

from nnlab.errors import Sentence, ShapeError
from nnlab.nets.layers.arithmetic import HEIGHT, WIDTH, flat_lines, with_fix
from nnlab.nets.layers.fields import AUTO, CLASSES, Field, pair
from nnlab.nets.layers.kind import Call, LayerKind, Line, Options, Shape, Takes, source, times


def _zeros_around(in_shape: Shape, o: Options) -> tuple[int, int, int, int]:
    """Left, right, top and bottom; 0 where the image is at least that large."""
    height, width = (max(0, o["size"] - extent) for extent in in_shape[1:])
    return width // 2, width - width // 2, height // 2, height - height // 2


def _pad_to(in_shape: Shape, o: Options) -> Call:
    around = _zeros_around(in_shape, o)
    return Call("ZeroPad2d", (around,)) if any(around) else Call("Identity")


def _pad_to_functional(in_shape: Shape, o: Options) -> str:
    around = _zeros_around(in_shape, o)
    return f"F.pad(x, {around})" if any(around) else "x"


def _pad_to_lines(in_shape: Shape, o: Options) -> tuple[Line, ...]:
    left, right, top, bottom = _zeros_around(in_shape, o)
    rows, columns = in_shape[1:]
    return (
        Line(HEIGHT, f"{top} + {rows} + {bottom}", top + rows + bottom),
        Line(WIDTH, f"{left} + {columns} + {right}", left + columns + right),
    )


def _resize_lines(in_shape: Shape, o: Options) -> tuple[Line, ...]:
    return tuple(Line(name, "size", out) for name, out in zip((HEIGHT, WIDTH), pair(o["size"]), strict=True))


def _check_linear(in_shape: Shape, o: Options) -> None:
    if len(in_shape) != 1:
        raise ShapeError(
            "Linear takes a vector, but {shape} reaches it: put a flatten before it "
            "({product} = {count} features).",
            shape=times(in_shape), product=times(in_shape), count=math.prod(in_shape),
        )  # fmt: skip
    if o["in_features"] not in (AUTO, in_shape[0]):
        problem = ShapeError(
            "Linear expects {expected} features, but {count} reach it.",
            expected=o["in_features"], count=in_shape[0],
        )  # fmt: skip
        raise with_fix(problem, in_features=AUTO)


def _batch_norm(name: str, torch: str, takes: Takes) -> LayerKind:
    def functional(in_shape: Shape, o: Options) -> str:
        affine = ("weight", "bias") if o["affine"] else ("None", "None")
        tensors = ("x", "running_mean", "running_var", *affine, "training")
        return source("F.batch_norm", *tensors, momentum=o["momentum"], eps=o["eps"])

    return LayerKind(
        name, torch,
        Sentence("Shifts and scales each channel to mean 0 and variance 1 over the batch; "
                 "in evaluation by the running mean and variance."),
        "normalisation", lambda in_shape, o: Call(torch, (in_shape[0],), o), functional,
        (_EPS, Field("momentum", 0.1, "number", 0, 1), Field("affine", True, "toggle")),
        takes=takes, short="norm",
    )  # fmt: skip


def _layer_norm(in_shape: Shape, o: Options) -> str:
    affine = ("weight", "bias") if o["elementwise_affine"] else ()
    return source("F.layer_norm", "x", repr(tuple(in_shape)), *affine, eps=o["eps"])


_EPS = Field("eps", 1e-5, "number", 1e-12, 1)

SHAPES = (
    LayerKind(
        "pad_to", "ZeroPad2d",
        Sentence("Zeros around the image up to a size; a larger image stays as it is."), "shape",
        _pad_to, _pad_to_functional, (Field("size", 32, high=1024),),
        takes="image", arithmetic=_pad_to_lines, sees="window", short="pad",
    ),
    LayerKind(
        "resize", "Upsample", Sentence("Makes the image larger or smaller, by interpolation."), "shape",
        lambda in_shape, o: Call("Upsample", (), {"size": pair(o["size"]), "mode": o["mode"]}),
        lambda in_shape, o: source("F.interpolate", "x", size=pair(o["size"]), mode=o["mode"]),
        (
            Field("size", 64, "pair", 1, 1024),
            Field("mode", "bilinear", "choice", choices=("nearest", "bilinear", "bicubic")),
        ),
        takes="image", arithmetic=_resize_lines, sees="window", short="resize",
    ),
    LayerKind(
        "flatten", "Flatten", Sentence("Puts all values in one row, channel by channel."), "shape",
        lambda in_shape, o: Call("Flatten"), lambda in_shape, o: "torch.flatten(x, 1)",
        arithmetic=flat_lines,
    ),
)  # fmt: skip

LINEARS = (
    LayerKind(
        "linear", "Linear", Sentence("Every output is a sum of all inputs, each times a weight of its own."),
        "linear",
        lambda in_shape, o: Call("Linear", (in_shape[0], o["out_features"]), {"bias": o["bias"]}),
        lambda in_shape, o: source("F.linear", "x", *(("weight", "bias") if o["bias"] else ("weight",))),
        (
            Field("in_features", AUTO, words=(AUTO,)), Field("out_features", CLASSES, words=(CLASSES,)),
            Field("bias", True, "toggle"),
        ),
        check=_check_linear, sees="all",
    ),
)  # fmt: skip

NORMS = (
    _batch_norm("batch_norm1d", "BatchNorm1d", "vector"),
    _batch_norm("batch_norm2d", "BatchNorm2d", "image"),
    LayerKind(
        "layer_norm", "LayerNorm",
        Sentence("Shifts and scales each sample to mean 0 and variance 1 over all its values."),
        "normalisation",
        lambda in_shape, o: Call("LayerNorm", (tuple(in_shape),), o), _layer_norm,
        (_EPS, Field("elementwise_affine", True, "toggle")), sees="all", short="norm",
    ),
)  # fmt: skip
