"""How large the receptive fields of a network's layers are: what `nnlab.lens.reach` tells of each unit, as
one size a layer, and soon enough to follow somebody who edits the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from nnlab.lens.receptive import window_axes
from nnlab.lens.windows import Axis
from nnlab.nets.architecture import Architecture, Path, Row
from nnlab.nets.layers import Shape, layer_kind, make_layer
from nnlab.nets.spec import Chain, LayerSpec

_FAR = 2**31 - 1


class _Span(NamedTuple):
    """For each place along an axis the first and one past the last place of the image that it sees."""

    low: np.ndarray
    high: np.ndarray

    @property
    def largest(self) -> int:
        return max(0, int((self.high - self.low).max()))

    def through(self, touched: np.ndarray) -> _Span:
        """Behind windows that touch these places, (outputs, places); -1 where they touch padding."""
        outside = touched < 0
        low, high = self.low[touched], self.high[touched]
        return _Span(np.where(outside, _FAR, low).min(1), np.where(outside, -1, high).max(1))

    def mixed(self, count: int = 1) -> _Span:
        """Behind a layer in which each output depends on all places."""
        return _Span(np.full(count, self.low.min()), np.full(count, self.high.max()))


class _Seen(NamedTuple):
    rows: _Span
    columns: _Span


def extents(
    architecture: Architecture, rows: Sequence[Row], in_shape: tuple[int, int, int]
) -> dict[Path, tuple[int, int]]:
    """The height and the width of the largest receptive field in each layer, clipped to the image.

    Args:
        rows: what `Architecture.look` found on images of `in_shape`; only of these layers is told.
    """
    found: dict[Path, tuple[int, int]] = {}
    known = {row.path: row for row in rows}
    start = (_Span(np.arange(side), np.arange(1, side + 1)) for side in in_shape[1:])
    _along(architecture.layers, (), _Seen(*start), known, found)
    return found


def _along(
    layers: Chain, owner: Path, seen: _Seen, known: Mapping[Path, Row], found: dict[Path, tuple[int, int]]
) -> _Seen:
    """What the last of `layers` sees, those in branches noted before the layer that joins them."""
    for place, layer in enumerate(layers):
        path = (*owner, place)
        ends = [
            _along(branch, (*path, number), seen, known, found)
            for number, branch in enumerate(layer.branches)
        ]
        if path not in known:
            break
        row = known[path]
        seen = _united(ends) if ends else _after(layer, row.in_shape, row.out_shape, seen)
        found[path] = (seen.rows.largest, seen.columns.largest)
    return seen


def _after(layer: LayerSpec, in_shape: Shape, out_shape: Shape, seen: _Seen) -> _Seen:
    sees = layer_kind(layer.kind).sees
    if sees == "window":
        vertical, horizontal = _touched(layer.kind, tuple(sorted(layer.options.items())), in_shape)
        return _Seen(seen.rows.through(vertical), seen.columns.through(horizontal))
    if sees == "all" or (sees == "channels" and len(out_shape) == 1):
        return _Seen(*(span.mixed(side) for span, side in zip(seen, _sides(out_shape), strict=True)))
    return seen


def _sides(shape: Shape) -> tuple[int, int]:
    return (shape[1], shape[2]) if len(shape) == 3 else (1, 1)


def _united(branches: Sequence[_Seen]) -> _Seen:
    """Place by place what any branch sees; one that has mixed all sees the same everywhere. Of vectors that
    were flattened from maps of different sizes, all is told."""
    spans = []
    for axis in zip(*branches, strict=True):
        sizes = {len(span.low) for span in axis}
        axis = [span.mixed() for span in axis] if len(sizes - {1}) > 1 else axis
        lows, highs = (np.broadcast_arrays(*ends) for ends in zip(*axis, strict=True))
        spans.append(_Span(np.min(lows, axis=0), np.max(highs, axis=0)))
    return _Seen(*spans)


@lru_cache(maxsize=1024)
def _touched(
    kind: str, options: tuple[tuple[str, Any], ...], in_shape: Shape
) -> tuple[np.ndarray, np.ndarray]:
    """For both axes, the places of the input that each window touches; -1 for padding."""
    with torch.device("meta"):
        layer = make_layer(kind, in_shape, dict(options))
        vertical, horizontal = window_axes(layer, in_shape)
    return _places(vertical), _places(horizontal)


def _places(axis: Axis) -> np.ndarray:
    most = max(map(len, axis.windows), default=1)
    places = np.full((len(axis.windows), max(1, most)), -1, np.int32)
    for out, window in enumerate(axis.windows):
        for tap, place in enumerate(window):
            source = axis.source(place)
            places[out, tap] = -1 if source is None else source
    return places
