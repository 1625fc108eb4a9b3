"""Where each part of a network's picture stands: layers to scale, branches as lanes, all in CSS pixels.

A chain grows from left to right along its axis. A layer that leaves the shape as it is (an activation, a
normalisation, dropout) is a thin cap on the slab before it; one that opens a branch, or follows a sum, stands
as a thin slab of its own. Of two lanes, the longer one goes straight on; more than two lie around the axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from nnlab.errors import LabError, ShapeError
from nnlab.nets.architecture import Architecture, Path, Row, layer_names
from nnlab.nets.layers import LAYERS, Shape
from nnlab.nets.spec import Chain, LayerSpec
from nnlab.ui.components.diagram_items import CAP, LINE, Edge, Item, Label, Scale, Sign, Slab, wide

_GAP, _TURN, _APART, _SIGN = 15.0, 26.0, 8.0, 10.0  # between layers; of a fork; between lanes; half a sign
_AROUND = 6.0  # between labels
_MARGIN = 8.0
_MOST_CAPS = 3  # that are named under a slab
_CAPS = ("activation", "softmax", "normalisation", "dropout")


class Words(NamedTuple):
    """What is written besides names and numbers: for the image, for a branch without layers, and for layers
    behind a fault (with the field ``{count}``)."""

    input: str
    same: str
    unreached: str


@dataclass(frozen=True)
class Drawing:
    """Everything in the order in which it is painted; the origin is the left top corner."""

    items: tuple[Item, ...]
    width: float
    height: float
    scale: Scale


@dataclass
class _Track:
    """A chain as it grows along y = 0.

    Attributes:
        port: where the next edge starts.
        end, told: how far what is drawn and what is written reach to the right.
        above, below: how far the chain goes from its axis.
        broken: whether a sample comes through.
    """

    items: list[Item] = field(default_factory=list)
    port: float = 0.0
    end: float = 0.0
    told: float = -_AROUND
    above: float = 10.0
    below: float = 10.0
    broken: bool = False

    @property
    def width(self) -> float:
        return max(self.end, self.told)

    def room(self, above: float, below: float) -> None:
        self.above, self.below = max(self.above, above), max(self.below, below)


def layout(
    architecture: Architecture, rows: Sequence[Row], in_shape: Shape, problem: LabError | None, words: Words
) -> Drawing:
    """The picture of `architecture` as far as `rows` go; these and `problem` are what `look` found."""
    scale = Scale.of(in_shape, rows)
    track = _Layout(rows, problem, scale, words).whole(architecture, in_shape)
    items = tuple(item.moved(_MARGIN, _MARGIN + track.above) for item in track.items)
    return Drawing(items, track.width + 2 * _MARGIN, track.above + track.below + 2 * _MARGIN, scale)


class _Layout:
    def __init__(self, rows: Sequence[Row], problem: LabError | None, scale: Scale, words: Words) -> None:
        self._words = words
        self._rows = {row.path: row for row in rows}
        self._wrong = problem.path if isinstance(problem, ShapeError) else None
        self._found = False  # the fault, which is before what the trace has not reached
        self._scale = scale
        self._one_line = all(len(_times(row.out_shape)) <= 8 for row in rows if len(row.out_shape) == 3)

    def whole(self, architecture: Architecture, in_shape: Shape) -> _Track:
        """The network behind the image."""
        track = _Track()
        image = Slab.of((), "input", in_shape, self._scale)
        caps = self._caps(architecture.layers, ())
        self._put(track, image, (self._words.input, *self._size(in_shape)), caps)
        return self._chain(architecture.layers, (), track, len(caps))

    def _chain(self, layers: Chain, owner: Path, track: _Track, first: int = 0) -> _Track:
        """`track`, continued by those of `layers` that stand from place `first` on."""
        place = first
        while place < len(layers):
            path, layer = (*owner, place), layers[place]
            if self._found:
                return self._unreached(track, path, layers[place:])
            if layer.joins:
                self._fork(track, layer, path)
            if path not in self._rows:
                name = layer_names(layers)[place] if len(path) == 1 else _short(layer.kind)
                return self._broken(track, path, name, layers[place:])
            place += 1
            if layer.kind == "residual":
                continue
            row = self._rows[path]
            caps = self._caps(layers, owner, place)
            slab = Slab.of(path, _family(row), row.out_shape, self._scale)
            if layer.joins:
                slab = replace(slab, parts=self._shares(layer, path))
            elif _is_cap(row):
                slab = replace(slab, thick=CAP)
            name = row.name if len(path) == 1 else _short(row.kind)
            self._put(track, slab, (name, *self._size(row.out_shape)), caps, row)
            place += len(caps)
        return track

    def _put(
        self, track: _Track, slab: Slab, lines: tuple[str, ...], caps: list[Row], row: Row | None = None
    ) -> None:
        """`slab` with its caps and labels at the end of `track`, and the edge of `row` that leads there."""
        named = [cap.name if len(cap.path) == 1 else _short(cap.kind) for cap in caps[:_MOST_CAPS]]
        named += [f"+{len(caps) - _MOST_CAPS}"] if len(caps) > _MOST_CAPS else []
        lines = (*lines, *named)
        count = compact(row.params) if row and row.params else ""
        x = 0.0 if row is None else track.end + max(_GAP, wide(count) + 6 if count else 0)
        thick = slab.thick + CAP * len(caps)
        half = (thick + slab.right) / 2
        # Labels keep away from each other, and from slabs that reach further down than their own.
        x = max(x, track.told + 2, max(track.told + _AROUND, track.end + 2) + wide(*lines) / 2 - half)
        if row is not None:
            weight = self._scale.weight(row.params)
            edge = Edge(row.path, track.port, 0, x, 0, weight=weight, text=count, arrow=True)
            edge = replace(edge, text_x=(track.end + x) / 2)
            track.items.append(edge)
            track.room(edge.thick / 2 + LINE + 2, edge.thick / 2)
        slab = replace(slab, x=x, wrong=slab.path == self._wrong and bool(slab.path))
        track.items.append(slab)
        for number, cap in enumerate(caps):
            at = x + slab.thick + CAP * number
            wrong = cap.path == self._wrong
            track.items.append(
                replace(slab, path=cap.path, family=_family(cap), x=at, thick=CAP, parts=(), wrong=wrong)
            )
        foot = max(slab.half, edge.tip if row is not None else 0) + 2
        label = Label(slab.path, x + half, foot, lines, caps=tuple(cap.path for cap in caps[: len(named)]))
        track.items.append(label)
        track.port, track.end = x + thick + slab.right / 2, x + thick + slab.right
        track.told = x + half + label.wide / 2
        track.room(slab.half, foot + LINE * len(lines) + 2)

    def _fork(self, track: _Track, join: LayerSpec, path: Path) -> None:
        """The branches of `join` as lanes, and the sign that joins them."""
        lanes = [
            self._chain(branch, (*path, number), _Track(), 0) for number, branch in enumerate(join.branches)
        ]
        for number, lane in enumerate(lanes):
            if not lane.items:  # hands on what it is given
                lane.items.append(Label((*path, number), 30, -LINE - 4, (self._words.same,), "same"))
                lane.told, lane.above = 60.0, LINE + 6
        heights = _stacked(lanes)
        start, far = track.width + 6, max(lane.width for lane in lanes)
        end = start + _TURN + far
        broken = any(lane.broken for lane in lanes)
        track.items.append(Edge(path, track.port, 0, start, 0, role="fork"))
        for number, (lane, y) in enumerate(zip(lanes, heights, strict=True)):
            inside = (*path, number)
            track.items.append(Edge(inside, start, 0, start + _TURN, y, role="fork"))
            track.items += [item.moved(start + _TURN, y) for item in lane.items]
            if not lane.broken:
                track.items.append(Edge(inside, start + _TURN + lane.port, y, end, y, "lane", dashed=broken))
                track.items.append(Edge(inside, end, y, end + _TURN, 0, "join", dashed=broken))
            track.room(lane.above - y, lane.below + y)
        form = "sum" if join.kind == "residual" else "cat"
        sign = Sign(path, form, end + _TURN + _SIGN, 0, wrong=path == self._wrong)  # type: ignore[arg-type]
        track.items.append(sign)
        self._found |= sign.wrong
        track.port = track.end = track.told = sign.x + _SIGN

    def _broken(self, track: _Track, path: Path, name: str, rest: Chain) -> _Track:
        """The end of a chain whose layer `name` at `path` cannot be drawn; `rest` are that one and those
        behind."""
        if not self._found:
            x = max(track.end + 34, track.told + _AROUND + wide(name) / 2)
            track.items.append(Edge(path, track.port, 0, x - _SIGN, 0, "cut", dashed=True))
            track.items.append(Sign(path, "break", x, 0, wrong=True))
            label = Label(path, x, _SIGN + 2, (name,), "lost")
            track.items.append(label)
            track.end, track.told = x + _SIGN, x + label.wide / 2
            track.room(_SIGN + 4, _SIGN + LINE + 4)
            self._found = True
        return self._unreached(track, path, rest[1:])

    def _unreached(self, track: _Track, path: Path, rest: Chain) -> _Track:
        """The end of a chain of which `rest` stands behind the fault."""
        left = sum(layer.count() for layer in rest)
        if left:
            label = Label(path, 0, -LINE / 2, (self._words.unreached.format(count=left),), "more")
            track.items.append(label.moved(track.width + 10 + label.wide / 2, 0))
            track.told = track.width + 10 + label.wide
        track.broken = True
        return track

    def _caps(self, layers: Chain, owner: Path, first: int = 0) -> list[Row]:
        """The layers from place `first` on that only cap what stands before them."""
        found: list[Row] = []
        for place in range(first, len(layers)):
            row = self._rows.get((*owner, place))
            if row is None or not _is_cap(row):
                break
            found.append(row)
        return found

    def _shares(self, join: LayerSpec, path: Path) -> tuple[float, ...]:
        """How much of the channels each branch gives."""
        whole = self._rows[path]
        given = []
        for number, branch in enumerate(join.branches):
            last = self._rows.get((*path, number, len(branch) - 1)) if branch else None
            given.append((last.out_shape if last else whole.in_shape)[0])
        return tuple(round(count / whole.out_shape[0], 4) for count in given)

    def _size(self, shape: Shape) -> tuple[str, ...]:
        if len(shape) == 1:
            return (f"{shape[0]:,}",)
        return (_times(shape),) if self._one_line else (f"{shape[0]} ×", _times(shape[1:]))


def _stacked(lanes: Sequence[_Track]) -> list[float]:
    """The axis of each lane, one under the other: of two, the longer one goes straight on."""
    axes = [0.0]
    for upper, lower in pairwise(lanes):
        axes.append(axes[-1] + upper.below + _APART + lower.above)
    if len(lanes) == 2:
        straight = axes[0] if lanes[0].width >= lanes[1].width else axes[1]
    else:
        straight = (axes[0] + axes[-1]) / 2
    return [axis - straight for axis in axes]


def _is_cap(row: Row) -> bool:
    return row.kind in LAYERS and LAYERS[row.kind].family in _CAPS and row.in_shape == row.out_shape


def _family(row: Row) -> str:
    return LAYERS[row.kind].family if row.kind in LAYERS else "join"


def _short(kind: str) -> str:
    return (LAYERS[kind].short if kind in LAYERS else "") or kind


def _times(shape: Shape) -> str:
    return "×".join(map(str, shape))


def compact(count: int) -> str:
    """At most six letters."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= 0.9995 * size:
            return f"{count / size:.3g}{letter}" if count < 999.5 * size else f"{count / size:.0f}{letter}"
    return str(count)
