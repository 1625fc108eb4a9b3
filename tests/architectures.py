"""Random networks that fit: every kind of layer for images, any options, branches inside branches."""

from __future__ import annotations

import math
from typing import NamedTuple

from hypothesis import strategies as st
from layer_settings import fitting, values

from nnlab.nets.architecture import Architecture, LayerSpec
from nnlab.nets.facts import layer_facts
from nnlab.nets.layers import CLASSES, LAYERS, Shape, layer_kind
from nnlab.nets.repair import repairs
from nnlab.nets.spec import Chain

_MOST_VALUES = 10_000  # of one sample between two layers; what is larger is pooled first
_DEPTH = 2  # branches inside branches


class Sample(NamedTuple):
    """A network with data that it fits."""

    architecture: Architecture
    in_shape: Shape
    classes: int


@st.composite
def architectures(draw: st.DrawFn, most: int = 6) -> Sample:
    """Up to `most` layers, branches not counted, and what brings their output to one value for each class."""
    in_shape = draw(st.tuples(st.integers(1, 3), st.integers(3, 9), st.integers(3, 9)))
    classes = draw(st.integers(2, 4))
    layers, _ = draw(_chains(in_shape, draw(st.integers(0, most)), _DEPTH))
    forks = [place for place, layer in enumerate(layers) if layer.joins]
    if forks and draw(st.booleans()):
        layers = draw(_with_another(layers, draw(st.sampled_from(forks)), in_shape))
    shape = Architecture("random", layers).plan(in_shape, classes)[-1].out_shape if layers else in_shape
    if shape != (classes,):
        flat = (LayerSpec("flatten"),) if len(shape) > 1 else ()
        out = {"out_features": draw(st.sampled_from((CLASSES, classes)))}
        layers = (*layers, *flat, LayerSpec("linear", out))
    return Sample(Architecture("random", layers).validate(), in_shape, classes)


@st.composite
def _chains(draw: st.DrawFn, shape: Shape, count: int, depth: int, flat: bool = True) -> tuple[Chain, Shape]:
    """`count` layers one behind the other, which take `shape`, and what they give; without `flat` images stay
    images."""
    layers: list[LayerSpec] = []
    for _ in range(count):
        if math.prod(shape) > _MOST_VALUES:
            layer = _adaptive((4, 4)) if len(shape) == 3 else _linear(6)
            shape = _given(layer, shape)
        elif depth and draw(st.integers(0, 3)) == 0:
            layer, shape = draw(_joins(shape, depth, flat))
        else:
            layer = draw(_layers(shape, flat))
            shape = _given(layer, shape)
        layers.append(layer)
    return tuple(layers), shape


@st.composite
def _layers(draw: st.DrawFn, shape: Shape, flat: bool) -> LayerSpec:
    """A layer that takes `shape`: with all its options, or with those in which it is not usual."""
    image = len(shape) == 3
    takes = ("any", "image") if image else ("any", "vector")
    not_here = ("linear", *(() if flat else ("flatten",))) if image else ()
    names = [name for name, kind in LAYERS.items() if kind.takes in takes and name not in not_here]
    often = (
        ("conv2d", "conv2d", "flatten" if flat else "batch_norm2d") if image else ("linear", "batch_norm1d")
    )
    name = draw(st.sampled_from(often if draw(st.integers(0, 3)) == 0 else names))
    options = draw(fitting(name, shape))
    if options.get("out_features") == CLASSES:  # their number is not drawn yet, and branches have to agree
        options["out_features"] = 3
    if draw(st.booleans()):
        usual = layer_kind(name).options({})
        options = {key: value for key, value in options.items() if value != usual[key]}
    return LayerSpec(name, options).tidy()


@st.composite
def _joins(draw: st.DrawFn, shape: Shape, depth: int, flat: bool) -> tuple[LayerSpec, Shape]:
    """Branches that take `shape`, the later ones brought to what the first gives, so that they join."""
    kind = draw(st.sampled_from(("residual", "concat")))
    first, wanted = draw(_chains(shape, draw(st.integers(0, 3)), depth - 1, flat))
    branches, given = [first], [wanted]
    for _ in range(draw(st.integers(1, 2))):
        branch, out = draw(_chains(shape, draw(st.integers(0, 3)), depth - 1, flat and len(wanted) == 1))
        tail, out = _brought(out, wanted, kind)
        branches.append((*branch, *tail))
        given.append(out)
    joined = wanted if kind == "residual" else (sum(one[0] for one in given), *wanted[1:])
    return LayerSpec(kind, branches=tuple(branches)), joined


def _brought(shape: Shape, wanted: Shape, kind: str) -> tuple[Chain, Shape]:
    """Layers that bring `shape` to `wanted`, and what they give; for concat, channels may differ."""
    layers: list[LayerSpec] = []
    if len(shape) > len(wanted):
        layers.append(LayerSpec("flatten"))
        shape = (math.prod(shape),)
    if shape[1:] != wanted[1:]:
        layers.append(_adaptive(wanted[1:]))
        shape = (shape[0], *wanted[1:])
    if kind == "residual" and shape != wanted:
        layers.append(_conv(wanted[0]) if len(wanted) == 3 else _linear(wanted[0]))
        shape = wanted
    return tuple(layers), shape


@st.composite
def _with_another(draw: st.DrawFn, layers: Chain, place: int, in_shape: Shape) -> Chain:
    """`layers` with the join at `place` once more behind it, with other widths, as blocks follow each other;
    without it where no repair makes that fit."""
    tail = (LayerSpec("flatten"), LayerSpec("linear"))
    another = draw(_of_other_width(layers[place]))
    tried = Architecture("random", (*layers[: place + 1], another, *layers[place + 1 :], *tail))
    for _ in range(10):
        _, problem = tried.look(in_shape, 2)
        if problem is None:
            return tried.layers[: -len(tail)]
        mended = repairs(tried, in_shape, 2)
        if not mended:
            break
        tried = mended[0].architecture
    return layers


@st.composite
def _of_other_width(draw: st.DrawFn, layer: LayerSpec) -> LayerSpec:
    """The same layers with other numbers of channels and features."""
    if layer.joins:
        branches = [tuple(draw(_of_other_width(one)) for one in branch) for branch in layer.branches]
        return LayerSpec(layer.kind, branches=tuple(branches))
    fields = {field.name: field for field in layer_kind(layer.kind).fields}
    widths = [name for name in layer.options if name in ("out_channels", "out_features")]
    numbers = {name: values(fields[name]).filter(lambda value: value != CLASSES) for name in widths}
    drawn = {name: draw(numbers[name]) for name in widths if draw(st.booleans())}
    return LayerSpec(layer.kind, {**layer.options, **drawn})


def _given(layer: LayerSpec, shape: Shape) -> Shape:
    return layer_facts(layer.kind, shape, layer.options, 2)[0]


def _adaptive(size: tuple[int, ...]) -> LayerSpec:
    return LayerSpec("adaptive_max_pool2d", {"output_size": size}).tidy()


def _conv(channels: int) -> LayerSpec:
    return LayerSpec("conv2d", {"out_channels": channels, "kernel_size": 1})


def _linear(features: int) -> LayerSpec:
    return LayerSpec("linear", {"out_features": features})
