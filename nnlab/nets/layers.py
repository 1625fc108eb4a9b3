"""The registry of layers: the one place where a kind of layer is added.

An entry says how the layer is made for the shape that reaches it, and describes its options as fields,
from which forms, checks and tests are derived. Shapes here are of one sample, without the batch:
(C, H, W) for images, (F,) for vectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from nnlab.errors import LabError, ShapeError

Shape = tuple[int, ...]
CLASSES = "classes"  # stands for the number of classes of the data


@dataclass(frozen=True)
class Field:
    """One option of a layer: a whole number from `low` up, by default `default`."""

    name: str
    default: int | str
    low: int = 1
    takes_classes: bool = False  # may also be "classes"

    def check(self, kind: str, value: Any) -> None:
        """Raise `LabError` unless `value` is allowed."""
        if self.takes_classes and value == CLASSES:
            return
        if not isinstance(value, int) or isinstance(value, bool) or value < self.low:
            raise LabError(
                "{field} of {kind} is {value}; it should be a whole number of at least {low}.",
                field=self.name, kind=kind, value=repr(value), low=self.low,
            )  # fmt: skip


@dataclass(frozen=True)
class LayerKind:
    """A kind of layer. `make(in_shape, options)` returns the torch module; it may raise `ShapeError`."""

    name: str
    make: Callable[[Shape, Mapping[str, Any]], nn.Module]
    fields: tuple[Field, ...] = ()
    needs_image: bool = False

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`given` completed by defaults; raises `LabError` for unknown names and bad values."""
        known = {field.name: field for field in self.fields}
        for name in given:
            if name not in known:
                raise LabError(
                    "{kind} has no option {name}; it has: {known}.",
                    kind=self.name, name=name, known=", ".join(known) or "none",
                )  # fmt: skip
        options = {field.name: field.default for field in self.fields} | dict(given)
        for name, field in known.items():
            field.check(self.name, options[name])
        return options


def _conv2d(in_shape: Shape, o: Mapping[str, Any]) -> nn.Module:
    _check_window("Conv2d", in_shape, o["kernel_size"], o["padding"], o["stride"])
    return nn.Conv2d(in_shape[0], o["out_channels"], o["kernel_size"], o["stride"], o["padding"])


def _max_pool2d(in_shape: Shape, o: Mapping[str, Any]) -> nn.Module:
    _check_window("MaxPool2d", in_shape, o["kernel_size"], 0, o["stride"])
    return nn.MaxPool2d(o["kernel_size"], o["stride"])


def _pad_to(in_shape: Shape, o: Mapping[str, Any]) -> nn.Module:
    """Zeros around the image up to `size`; an image at least that large passes as it is."""
    height, width = (max(0, o["size"] - extent) for extent in in_shape[1:])
    if not height and not width:
        return nn.Identity()
    return nn.ZeroPad2d((width // 2, width - width // 2, height // 2, height - height // 2))


def _linear(in_shape: Shape, o: Mapping[str, Any]) -> nn.Module:
    if len(in_shape) != 1:
        raise ShapeError(
            "Linear takes a vector, but {shape} reaches it: put a flatten before it "
            "({product} = {count} features).",
            shape=_times(in_shape), product=_times(in_shape), count=math.prod(in_shape),
        )  # fmt: skip
    return nn.Linear(in_shape[0], o["out_features"])


def _check_window(name: str, in_shape: Shape, kernel: int, padding: int, stride: int) -> None:
    for axis, extent in zip(("height", "width"), in_shape[1:], strict=True):
        if kernel > extent + 2 * padding:
            raise ShapeError(
                "{layer}: a window of {kernel} does not fit the {axis} of {extent} + 2*{padding} = {padded}; "
                "the output would be floor(({padded} - {kernel})/{stride}) + 1 = {out}.",
                layer=name, kernel=kernel, axis=axis, extent=extent, padding=padding,
                padded=extent + 2 * padding, stride=stride,
                out=(extent + 2 * padding - kernel) // stride + 1,
            )  # fmt: skip


def _times(shape: Shape) -> str:
    return " x ".join(map(str, shape))


LAYERS: dict[str, LayerKind] = {
    kind.name: kind
    for kind in (
        LayerKind(
            "conv2d",
            _conv2d,
            (
                Field("out_channels", 8),
                Field("kernel_size", 3),
                Field("stride", 1),
                Field("padding", 0, low=0),
            ),
            needs_image=True,
        ),
        LayerKind("max_pool2d", _max_pool2d, (Field("kernel_size", 2), Field("stride", 2)), needs_image=True),
        LayerKind("pad_to", _pad_to, (Field("size", 32),), needs_image=True),
        LayerKind("relu", lambda in_shape, o: nn.ReLU()),
        LayerKind("flatten", lambda in_shape, o: nn.Flatten()),
        LayerKind("linear", _linear, (Field("out_features", CLASSES, takes_classes=True),)),
    )
}


def layer_kind(name: str) -> LayerKind:
    """The entry of that name; raises `LabError` naming the known ones."""
    if name not in LAYERS:
        raise LabError(
            "There is no layer {name}; there are: {known}.", name=repr(name), known=", ".join(LAYERS)
        )
    return LAYERS[name]


def make_layer(name: str, in_shape: Shape, options: Mapping[str, Any], classes: int) -> nn.Module:
    """The torch module of kind `name` for one sample of `in_shape`.

    Raises:
        ShapeError: the shape does not fit; the sentence shows the arithmetic.
        LabError: unknown kind or option, or a bad value.
    """
    kind = layer_kind(name)
    resolved = {k: classes if v == CLASSES else v for k, v in kind.options(options).items()}
    if kind.needs_image and len(in_shape) != 3:
        raise ShapeError(
            "{layer} takes an image (channels x height x width), but {shape} reaches it.",
            layer=name, shape=_times(in_shape),
        )  # fmt: skip
    return kind.make(in_shape, resolved)
