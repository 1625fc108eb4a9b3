"""The receptive field of a unit: the part of the image that can change its value.

Both axes are followed apart, by the very places that windows and padding touch, so fields are exact also
where padding mirrors or wraps the image around. Batch normalisation is taken as in evaluation, where it mixes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import torch
from torch import nn

from nnlab.errors import LabError, Sentence, check
from nnlab.lens.terms import check_place
from nnlab.lens.windows import Axis, axes
from nnlab.nets.architecture import Architecture, Planned
from nnlab.nets.layers import Shape, layer_kind

_Places = tuple[frozenset[int], ...]


class Box(NamedTuple):
    """A part of the image; `bottom` and `right` are the first places beyond it. Empty where top = bottom."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Reach:
    """What the units of one layer see of the image (C, H, W).

    Attributes:
        name: the layer's.
        out_shape: (C, H', W') of the layer's output, or (F,).
        rows, columns: for each row and each column of units, the rows and columns of the image they depend
            on. For a vector, those of the image that was flattened; one of each where units see all of it.
    """

    name: str
    out_shape: Shape
    rows: _Places
    columns: _Places

    def box(self, row: int, col: int = 0) -> Box:
        """The field of the units at (row, col), of all channels; of a vector, that of unit `row`.

        Raises:
            LabError: there is no such unit.
        """
        if len(self.out_shape) == 1:
            check_place(Sentence("unit"), row, self.out_shape[0])
            check_place(Sentence("column"), col, 1)
            row, col = divmod(row % (len(self.rows) * len(self.columns)), len(self.columns))
        else:
            check_place(Sentence("row"), row, self.out_shape[1])
            check_place(Sentence("column"), col, self.out_shape[2])
        rows, columns = self.rows[row], self.columns[col]
        if not rows or not columns:
            return Box(0, 0, 0, 0)  # nothing but padding
        return Box(min(rows), min(columns), max(rows) + 1, max(columns) + 1)

    def after(self, layer: Planned) -> Reach:
        """What the units of the layer behind this one see."""
        if layer.spec.joins:
            return self._after_branches(layer)
        rows, columns, out_shape = self.rows, self.columns, layer.out_shape
        match layer_kind(layer.spec.kind).sees:
            case "window":
                vertical, horizontal = _axes(layer.make(classes=10), self.out_shape)
                rows, columns = _through(vertical, rows), _through(horizontal, columns)
            case "all":
                rows, columns = _mixed(rows), _mixed(columns)
            case "channels" if len(out_shape) == 1:
                rows, columns = _mixed(rows), _mixed(columns)
        if len(out_shape) == 3 and len(rows) == 1:  # each unit of a layer that has mixed all sees the same
            rows = rows * out_shape[1]
        if len(out_shape) == 3 and len(columns) == 1:
            columns = columns * out_shape[2]
        return Reach(layer.name, out_shape, rows, columns)

    def _after_branches(self, layer: Planned) -> Reach:
        """A unit sees what those at its place in the branches see."""
        ends = [[self, *self.along(branch)][-1] for branch in layer.branches]
        rows, columns = _united([end.rows for end in ends]), _united([end.columns for end in ends])
        return Reach(layer.name, layer.out_shape, rows, columns)

    def along(self, layers: Sequence[Planned]) -> Iterator[Reach]:
        """What the units of each of `layers` see, those in branches before the layer that joins them."""
        seen = self
        for layer in layers:
            for branch in layer.branches:
                yield from seen.along(branch)
            seen = seen.after(layer)
            yield seen


def receptive_field(
    architecture: Architecture, layer: str | int, row: int, col: int, in_shape: tuple[int, int, int]
) -> Box:
    """The box of the input (C, H, W) that the output of `layer` at (row, col) depends on, clipped to it.

    Args:
        layer: the name that `Architecture.trace` gives it, or its place there, from 0.
        row: of a layer that gives a vector, the unit; `col` is then 0.

    Raises:
        ShapeError: the network does not take the input.
        LabError: there is no such layer or unit.
    """
    found = reach(architecture, in_shape)
    if isinstance(layer, int):
        check_place(Sentence("layer"), layer, len(found))
        return found[layer].box(row, col)
    for one in found:
        if one.name == layer:
            return one.box(row, col)
    raise LabError(
        "{name} has no layer {layer}; it has: {known}.",
        name=architecture.name, layer=repr(layer), known=", ".join(one.name for one in found),
    )  # fmt: skip


def reach(architecture: Architecture, in_shape: tuple[int, int, int]) -> list[Reach]:
    """What the units of each layer see of the input (C, H, W), from which any unit's box is told at once.

    In the order of `Architecture.trace`.

    Raises:
        ShapeError: the network does not take the input.
    """
    check(len(in_shape) == 3, "{shape} is not the shape of an image (C, H, W).", shape=in_shape)
    _, height, width = in_shape
    seen = Reach("", in_shape, *(tuple(frozenset([place]) for place in range(n)) for n in (height, width)))
    with torch.device("meta"):
        return list(seen.along(architecture.plan(in_shape, classes=10)))  # how many does not matter


def _axes(module: nn.Module, in_shape: Shape) -> tuple[Axis, Axis]:
    if isinstance(module, nn.Identity | nn.ZeroPad2d):
        left, right, top, bottom = module.padding if isinstance(module, nn.ZeroPad2d) else (0, 0, 0, 0)
        return _moved(in_shape[1], top, bottom), _moved(in_shape[2], left, right)
    if isinstance(module, nn.Upsample):
        height, width = module.size  # type: ignore[misc]  # the registry sets it
        return _resized(in_shape[1], height, module.mode), _resized(in_shape[2], width, module.mode)
    return axes(module, in_shape)  # type: ignore[arg-type]  # a kind that sees a window slides one


def _moved(extent: int, before: int, after: int) -> Axis:
    """Zeros on both sides: a window of one place that starts in them."""
    windows = tuple((place,) for place in range(-before, extent + after))
    return Axis(extent, before, after, windows, (1,) * len(windows))


def _resized(extent: int, out: int, mode: str) -> Axis:
    """Which places each output is interpolated from: those at which a single one would be seen in it."""
    single = torch.eye(extent, device="cpu").unsqueeze(1).unsqueeze(3)  # (extent, 1, extent, 1)
    shares = nn.functional.interpolate(single, (out, 1), mode=mode)[:, 0, :, 0]
    windows = tuple(tuple(column.nonzero().flatten().tolist()) for column in shares.T)
    return Axis(extent, 0, 0, windows, tuple(map(len, windows)))


def _through(axis: Axis, places: _Places) -> _Places:
    """For each output along the axis, what those places of the input that its window touches see."""
    touched = ([axis.source(place) for place in window] for window in axis.windows)
    return tuple(frozenset(chain(*(places[at] for at in sources if at is not None))) for sources in touched)


def _united(branches: Sequence[_Places]) -> _Places:
    """Place by place what any of `branches` sees; one that has mixed all sees the same everywhere."""
    most = max(map(len, branches))
    spread = [places if len(places) == most else places * most for places in branches]
    return tuple(frozenset(chain(*seen)) for seen in zip(*spread, strict=True))


def _mixed(places: Sequence[frozenset[int]]) -> _Places:
    return (frozenset(chain(*places)),)
