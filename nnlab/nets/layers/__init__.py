"""The registry of layers: the one place where a kind of layer is added.

An entry (see `LayerKind`) says how the torch module is constructed for the shape that reaches it and what
function gives the same, and describes its options as fields; forms, checks, code and tests follow from these.
Shapes here are of one sample, without the batch: (C, H, W) for images, (F,) for vectors, (T, F) for
sequences, (T,) for rows of whole numbers. Kinds that take the last two are explained by themselves; an
`Architecture` is a network of images and refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from nnlab.errors import LabError
from nnlab.nets.layers.fields import CLASSES, Field, pair
from nnlab.nets.layers.kind import Call, LayerKind, Line, Shape
from nnlab.nets.layers.pointwise import ACTIVATIONS, DROPOUTS, SOFTMAXES
from nnlab.nets.layers.sequences import SEQUENCES
from nnlab.nets.layers.sliding import CONVOLUTIONS, POOLINGS
from nnlab.nets.layers.whole import LINEARS, NORMS, SHAPES

__all__ = [
    "CLASSES",
    "LAYERS",
    "Call",
    "Field",
    "LayerKind",
    "Line",
    "Shape",
    "checked_options",
    "layer_kind",
    "make_layer",
    "out_shape",
    "pair",
    "shape_arithmetic",
]

_GROUPS = (CONVOLUTIONS, POOLINGS, ACTIVATIONS, SOFTMAXES, SHAPES, LINEARS, NORMS, DROPOUTS, SEQUENCES)
LAYERS: dict[str, LayerKind] = {kind.name: kind for group in _GROUPS for kind in group}


def layer_kind(name: str) -> LayerKind:
    """The entry of that name; raises `LabError` naming the known ones."""
    if name not in LAYERS:
        raise LabError(
            "There is no layer {name}; there are: {known}.", name=repr(name), known=", ".join(LAYERS)
        )
    return LAYERS[name]


def checked_options(
    name: str, in_shape: Shape, options: Mapping[str, Any], classes: int = 10
) -> dict[str, Any]:
    """`options` complete and tidy, with which a layer of kind `name` takes one sample of `in_shape`.

    Raises:
        ShapeError: the shape does not fit; the sentence shows the arithmetic, and `fix` what would work.
        LabError: unknown kind or option, or a bad value.
    """
    kind = layer_kind(name)
    complete = {key: classes if value == CLASSES else value for key, value in kind.options(options).items()}
    kind.fit(in_shape, complete)
    return complete


def make_layer(name: str, in_shape: Shape, options: Mapping[str, Any], classes: int = 10) -> nn.Module:
    """The torch module of kind `name` for one sample of `in_shape`; raises as `checked_options`."""
    return layer_kind(name).call(in_shape, checked_options(name, in_shape, options, classes)).make()


def out_shape(name: str, in_shape: Shape, options: Mapping[str, Any], classes: int = 10) -> Shape:
    """The shape that comes out, without computing a value; raises as `checked_options`."""
    with torch.device("meta"):
        layer = make_layer(name, in_shape, options, classes).eval()
        dtype = torch.int64 if layer_kind(name).takes == "tokens" else torch.float32
        found = layer(torch.empty(1, *in_shape, dtype=dtype))
    return tuple((found[0] if isinstance(found, tuple) else found).shape[1:])


def shape_arithmetic(
    name: str, options: Mapping[str, Any], in_shape: Shape, classes: int = 10
) -> tuple[Line, ...]:
    """How each number of the output's shape comes about, as torch's documentation reckons it; for images
    height and width: ``(28 + 2*0 - 1*(5-1) - 1)/1 + 1 = 24``. Empty where the shape stays as it is.

    Raises:
        LabError: as `checked_options`.
    """
    return layer_kind(name).arithmetic(in_shape, checked_options(name, in_shape, options, classes))
