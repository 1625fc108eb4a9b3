"""The receptive field of a unit: the part of the image that can change its value.

Both axes are followed apart, by the very places that windows and padding touch, so fields are exact also
where padding mirrors or wraps the image around. Batch normalisation is taken as in evaluation, where it mixes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import torch
from torch import nn

from nnlab.errors import LabError, Sentence, check
from nnlab.lens.terms import check_place
from nnlab.lens.windows import Axis, axes
from nnlab.nets.architecture import Architecture, Planned
from nnlab.nets.layers import Shape, layer_kind
from nnlab.nets.layers.kind import Sees

_Places = tuple[frozenset[int], ...]


class Box(NamedTuple):
    """A part of the image; `bottom` and `right` are the first places beyond it. Empty where top = bottom."""

    top: int
    left: int
    bottom: int
    right: int


class View(NamedTuple):
    """What some channels of a layer see, or, of a vector, some of its units: those from `first` to `end`.

    `rows` and `columns` are what each row and each column of units depends on. A vector has those of the
    maps that it was flattened from, channel after channel; one of each where units see the same everywhere.
    """

    rows: _Places
    columns: _Places
    first: int
    end: int

    def at(self, row: int, col: int) -> tuple[frozenset[int], frozenset[int]]:
        return self.rows[row], self.columns[col]

    def at_unit(self, unit: int) -> tuple[frozenset[int], frozenset[int]]:
        place = (unit - self.first) % (len(self.rows) * len(self.columns))
        return self.at(*divmod(place, len(self.columns)))

    def covers(self, other: View) -> bool:
        """Whether `other` tells nothing that this one does not."""
        size = len(self.rows), len(self.columns)
        return (
            size == (len(other.rows), len(other.columns))
            and self.first <= other.first
            and other.end <= self.end
            and (other.first - self.first) % (size[0] * size[1]) == 0
            and all(map(frozenset.issuperset, self.rows, other.rows))
            and all(map(frozenset.issuperset, self.columns, other.columns))
        )


@dataclass(frozen=True)
class Reach:
    """What the units of one layer see of the image (C, H, W).

    Attributes:
        name: the layer's.
        out_shape: (C, H', W') of the layer's output, or (F,).
        views: of a layer behind branches there may be several; a unit sees what any of them tells.
    """

    name: str
    out_shape: Shape
    views: tuple[View, ...]

    @cached_property
    def rows(self) -> _Places:
        """For each row of units, the rows of the image that it depends on, whatever the channel.

        For a vector, those of the image that was flattened; a single one where units see all of it, or were
        flattened from maps of different sizes.
        """
        return _united([view.rows for view in self.views])

    @cached_property
    def columns(self) -> _Places:
        """As `rows`."""
        return _united([view.columns for view in self.views])

    def parts(self, row: int, col: int = 0) -> list[tuple[frozenset[int], frozenset[int]]]:
        """Rows and columns of the image: where they cross is what the units at (row, col), of all channels,
        depend on; of a vector, unit `row`.

        Raises:
            LabError: there is no such unit.
        """
        if len(self.out_shape) == 1:
            check_place(Sentence("unit"), row, self.out_shape[0])
            check_place(Sentence("column"), col, 1)
            seen = [view.at_unit(row) for view in self.views if view.first <= row < view.end]
        else:
            check_place(Sentence("row"), row, self.out_shape[1])
            check_place(Sentence("column"), col, self.out_shape[2])
            seen = [view.at(row, col) for view in self.views]
        return [(rows, columns) for rows, columns in seen if rows and columns]

    def box(self, row: int, col: int = 0) -> Box:
        """The smallest box around `parts`; empty where a unit sees nothing but padding."""
        parts = self.parts(row, col)
        if not parts:
            return Box(0, 0, 0, 0)
        rows, columns = (sorted(chain(*places)) for places in zip(*parts, strict=True))
        return Box(rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)

    def after(self, layer: Planned) -> Reach:
        """What the units of the layer behind this one see."""
        if layer.spec.joins:
            return self._after_branches(layer)
        views = self._views_after(layer, layer_kind(layer.spec.kind).sees)
        return Reach(layer.name, layer.out_shape, _pruned(views))

    def _views_after(self, layer: Planned, sees: Sees) -> list[View]:
        out = layer.out_shape
        if sees == "window":
            module = layer.make(classes=10)
            vertical, horizontal = window_axes(module, self.out_shape)
            return [
                View(_through(vertical, rows), _through(horizontal, columns), *_channels(module, first, end))
                for rows, columns, first, end in self.views
            ]
        if sees == "all" or (sees == "channels" and len(out) == 1):
            sides = out[1:] if len(out) == 3 else (1, 1)
            return [
                View(_mixed(rows) * sides[0], _mixed(columns) * sides[1], 0, out[0])
                for rows, columns, _, _ in self.views
            ]
        if sees == "channels":
            return [View(rows, columns, 0, out[0]) for rows, columns, _, _ in self.views]
        size = out[0] // self.out_shape[0]  # of a flatten, each channel becomes that many units
        return [View(rows, columns, first * size, end * size) for rows, columns, first, end in self.views]

    def _after_branches(self, layer: Planned) -> Reach:
        """A unit of a sum sees what those at its place in the branches see; of a concatenation, what it sees
        in its own branch."""
        views: list[View] = []
        before = 0
        for branch in layer.branches:
            end = [self, *self.along(branch)][-1]
            views += [view._replace(first=view.first + before, end=view.end + before) for view in end.views]
            before += end.out_shape[0] if layer.spec.kind == "concat" else 0
        return Reach(layer.name, layer.out_shape, _pruned(views))

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
    channels, *sides = in_shape
    rows, columns = (tuple(frozenset([place]) for place in range(side)) for side in sides)
    seen = Reach("", in_shape, (View(rows, columns, 0, channels),))
    with torch.device("meta"):
        return list(seen.along(architecture.plan(in_shape, classes=10)))  # how many does not matter


def window_axes(module: nn.Module, in_shape: Shape) -> tuple[Axis, Axis]:
    """Where the windows of a layer lie that sees one (`LayerKind.sees`): a convolution or a pooling, padding,
    resizing."""
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


def _channels(module: nn.Module, first: int, end: int) -> tuple[int, int]:
    """The outputs of a layer that slides a window which the channels from `first` to `end` go into."""
    if not isinstance(module, nn.Conv2d):
        return first, end  # each channel by itself
    each, gives = module.in_channels // module.groups, module.out_channels // module.groups
    return first // each * gives, ((end - 1) // each + 1) * gives


def _pruned(views: Sequence[View]) -> tuple[View, ...]:
    """Without those that another one covers."""
    kept: list[View] = []
    for view in views:
        if not any(other.covers(view) for other in kept):
            kept = [other for other in kept if not view.covers(other)] + [view]
    return tuple(kept)


def _united(views: Sequence[_Places]) -> _Places:
    """Place by place what any of `views` tells; one that has mixed all sees the same everywhere."""
    most = max(map(len, views))
    if any(len(places) not in (1, most) for places in views):  # vectors flattened from maps of other sizes
        views, most = [_mixed(places) for places in views], 1
    views = [places if len(places) == most else places * most for places in views]
    return tuple(frozenset(chain(*seen)) for seen in zip(*views, strict=True))


def _mixed(places: Sequence[frozenset[int]]) -> _Places:
    return (frozenset(chain(*places)),)
