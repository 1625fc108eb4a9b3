"""What would mend a join whose branches give shapes that cannot be joined."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nnlab.errors import Sentence, ShapeError
from nnlab.nets.architecture import Architecture, Path, Row, chain
from nnlab.nets.editing import change, insert, layer_at
from nnlab.nets.layers import LAYERS, Shape
from nnlab.nets.layers.fields import pair
from nnlab.nets.layers.kind import times
from nnlab.nets.spec import Chain, LayerSpec

_Mended = tuple[Sentence, Architecture]


def mended_join(
    architecture: Architecture, problem: ShapeError, in_shape: Shape, classes: int
) -> _Mended | None:
    """What is done, and the architecture with which the branches of the join that `problem` is about can be
    joined; None where nothing known helps.

    Tried in this order: a layer at the end of branches (a convolution of 1 x 1; flatten and linear where one
    gives a vector); windows padded so that they keep height and width; both; images resized at the end of
    branches.
    """
    path = problem.path
    tries = list(_brought(architecture, path, in_shape, classes))
    padded, names = _padded(architecture, path)
    if names:
        layers = ", ".join(f"{problem.layer}.{name}" for name in names)
        tries.append((Sentence("Pad {layers}, so that height and width stay", layers=layers), padded))
        for brought, mended in _brought(padded, path, in_shape, classes):
            tries.append((Sentence("Pad {layers}. {rest}", layers=layers, rest=brought), mended))
    tries += _brought(architecture, path, in_shape, classes, resized=True)
    for about, mended in tries:
        rows, _ = mended.look(in_shape, classes)
        if any(row.path == path for row in rows):
            return about, mended
    return None


def _brought(
    architecture: Architecture, path: Path, in_shape: Shape, classes: int, resized: bool = False
) -> Iterator[_Mended]:
    """With the other branches brought to the shape of one of them, by steps of a convolution or `resized`;
    branches that hold layers before those that only hand on."""
    join = layer_at(architecture, path)
    adds = join.kind == "residual"
    rows, _ = architecture.look(in_shape, classes)
    given: list[Shape] = []
    for number in range(len(join.branches)):
        inside = [row for row in rows if row.path[: len(path) + 1] == (*path, number)]
        given.append(inside[-1].out_shape if inside else _before(rows, path, in_shape))
    numbers = sorted(range(len(given)), key=lambda number: not join.branches[number])
    for wanted in dict.fromkeys(given[number] for number in numbers):
        changed, names = architecture, []
        for number, shape in enumerate(given):
            layers = _bring(shape, wanted, adds, resized)
            if layers:
                changed = insert(changed, (*path, number, len(join.branches[number])), *layers)
                names.append(str(number))
        branch = ", ".join(names)
        if len(wanted) == 3 and resized:
            about = Sentence(
                "Resize what branch {branches} gives to {shape}", branches=branch, shape=times(wanted[1:])
            )
        elif len(wanted) == 3:
            about = Sentence(
                "Bring branch {branches} to {shape} by a convolution of 1 x 1",
                branches=branch, shape=times(wanted if adds else wanted[1:]),
            )  # fmt: skip
        elif adds:
            about = Sentence(
                "Bring branch {branches} to {count} values by a linear layer",
                branches=branch,
                count=wanted[0],
            )
        else:
            about = Sentence("Put a flatten at the end of branch {branches}", branches=branch)
        if names:
            yield about, changed


def _bring(shape: Shape, wanted: Shape, adds: bool, resized: bool) -> Chain:
    """Layers that make `wanted` of `shape`; where shapes are not to be added, the first axis may differ."""
    if len(wanted) == 1:
        flat = chain("flatten") if len(shape) > 1 else ()
        count = math.prod(shape)
        return flat + (chain(("linear", {"out_features": wanted[0]})) if adds and count != wanted[0] else ())
    if len(shape) == 1 or (shape == wanted if adds else shape[1:] == wanted[1:]):
        return ()
    if resized:
        alike = shape[0] == wanted[0] or not adds
        first = () if alike else chain(("conv2d", {"out_channels": wanted[0], "kernel_size": 1}))
        return (*first, LayerSpec("resize", {"size": wanted[1:]}).tidy())
    stride = tuple(-(-have // want) for have, want in zip(shape[1:], wanted[1:], strict=True))
    channels = wanted[0] if adds else shape[0]
    conv = {"out_channels": channels, "kernel_size": 1, "stride": stride}
    return (LayerSpec("conv2d", conv).tidy(),)


def _before(rows: Sequence[Row], path: Path, in_shape: Shape) -> Shape:
    """What reaches the join at `path`."""
    before = [
        row for row in rows if row.path < path and len(row.path) <= len(path) and row.path[:-1] == path[:-1]
    ]
    if before:
        return before[-1].out_shape
    return in_shape if len(path) == 1 else _before(rows, path[:-2], in_shape)


def _padded(architecture: Architecture, path: Path) -> tuple[Architecture, Sequence[str]]:
    """With windows in the branches padded by half of what they span, and which those are."""
    join, names = layer_at(architecture, path), []
    branches: list[Chain] = []
    for number, branch in enumerate(join.branches):
        layers = []
        for place, layer in enumerate(branch):
            wider = _same(layer)
            if wider != layer:
                names.append(f"{number}.{place}")
            layers.append(wider)
        branches.append(tuple(layers))
    return change(architecture, path, replace(join, branches=tuple(branches))), names


def _same(layer: LayerSpec) -> LayerSpec:
    """Padded so that steps of one keep the size: by (window - 1) / 2; where that is not whole, by "same"."""
    kind = LAYERS.get(layer.kind)
    fields = {field.name: field for field in kind.fields} if kind else {}
    if kind is None or not {"kernel_size", "padding"} <= fields.keys():
        return layer
    options = kind.options(layer.options)
    sizes, dilations = pair(options["kernel_size"]), pair(options.get("dilation", 1))
    spans = [dilation * (size - 1) for size, dilation in zip(sizes, dilations, strict=True)]
    padding = "same" if any(span % 2 for span in spans) else tuple(span // 2 for span in spans)
    known = options["padding"]
    if isinstance(known, str) or pair(known) == padding:
        return layer
    if padding == "same" and (padding not in fields["padding"].words or pair(options["stride"]) != (1, 1)):
        return layer
    return replace(layer, options={**layer.options, "padding": padding}).tidy()
