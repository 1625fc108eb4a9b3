"""Where the boxes of a graph of operations stand: in layers from left to right, after Sugiyama.

Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", 1981: every
box stands right of what it takes; an edge over several layers is led through places of its own; the order
within a layer follows the mean place of the neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_BETWEEN = 92.0  # layers: room for what is written on an edge
_APART = 18.0  # boxes of a layer
_PLACE = 10.0  # the height of the place of a passing edge
_MARGIN = 8.0
_SWEEPS = 6
_LINE = 15.0  # the height of what is written on an edge

Point = tuple[float, float]


@dataclass(frozen=True)
class Link:
    """An edge into the input `slot` of `to`, which has `slots` of them."""

    start: int
    to: int
    slot: int
    slots: int


@dataclass(frozen=True)
class Placed:
    """The left top corners of the boxes, and for each edge its points and where something can be written."""

    corners: tuple[Point, ...]
    paths: tuple[tuple[Point, ...], ...]
    labels: tuple[Point, ...]
    width: float
    height: float


@dataclass
class _Spot:
    """A box, or the place where an edge passes through a layer."""

    layer: int
    width: float
    height: float
    middle: float = 0.0
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)


def place(sizes: Sequence[Point], links: Sequence[Link]) -> Placed:
    """Lay out boxes of those (width, height); a box is linked to later ones only."""
    layers = _layers(len(sizes), links)
    spots = [_Spot(layer, *size) for layer, size in zip(layers, sizes, strict=True)]
    ways = [_way(spots, link) for link in links]
    for way in ways:
        for start, to in pairwise(way):
            spots[start].after.append(to)
            spots[to].before.append(start)
    rows = [[at for at, spot in enumerate(spots) if spot.layer == layer] for layer in range(max(layers) + 1)]
    _order(spots, rows)
    _settle(spots, rows)
    return _placed(spots, rows, ways, links, len(sizes))


def _layers(count: int, links: Sequence[Link]) -> list[int]:
    """One more than that of the last input; what has no input stands just before what takes it first."""
    found = [0] * count
    for link in sorted(links, key=lambda link: link.to):
        found[link.to] = max(found[link.to], found[link.start] + 1)
    taking = {link.to for link in links}
    for at in range(count):
        if at not in taking:
            found[at] = min((found[link.to] - 1 for link in links if link.start == at), default=0)
    return found


def _way(spots: list[_Spot], link: Link) -> list[int]:
    """The spots on the way of an edge, new ones in the layers that it passes."""
    way = [link.start]
    for layer in range(spots[link.start].layer + 1, spots[link.to].layer):
        spots.append(_Spot(layer, 0.0, _PLACE))
        way.append(len(spots) - 1)
    return [*way, link.to]


def _order(spots: list[_Spot], rows: list[list[int]]) -> None:
    """Sort each layer by where its neighbours stand, from both sides in turn."""
    for sweep in range(_SWEEPS):
        ahead = sweep % 2 == 1
        for row in rows if ahead else reversed(rows):
            ranks = {at: rank for other in rows for rank, at in enumerate(other)}

            def mean(at: int, ahead: bool = ahead, ranks: dict[int, int] = ranks) -> float:
                near = spots[at].before if ahead else spots[at].after
                return sum(ranks[other] for other in near) / len(near) if near else ranks[at]

            row.sort(key=mean)


def _settle(spots: list[_Spot], rows: list[list[int]]) -> None:
    """Give each spot its height on the page: near its neighbours, apart from those of its layer."""
    for row in rows:
        _spread(spots, row, [0.0] * len(row))
    for _ in range(_SWEEPS):
        for row in (*rows, *reversed(rows)):
            wished = []
            for at in row:
                near = spots[at].before + spots[at].after
                wished.append(sum(spots[other].middle for other in near) / len(near) if near else 0.0)
            _spread(spots, row, wished)


def _spread(spots: list[_Spot], row: list[int], wished: Sequence[float]) -> None:
    """As near to `wished` as the order and the gaps of the row allow: the least squares of what is missed.

    With the room that those above need taken off, the tops only have to rise, so this is the regression that
    pools whatever would fall.
    """
    room, pools = 0.0, list[tuple[float, int]]()  # the mean of a pool and how many are in it
    rooms = []
    for at, wish in zip(row, wished, strict=True):
        rooms.append(room)
        pools.append((wish - spots[at].height / 2 - room, 1))
        room += spots[at].height + _APART
        while len(pools) > 1 and pools[-1][0] < pools[-2][0]:
            (upper, many), (lower, more) = pools[-2:]
            pools[-2:] = [((upper * many + lower * more) / (many + more), many + more)]
    tops = [top for top, count in pools for _ in range(count)]
    for at, top, taken in zip(row, tops, rooms, strict=True):
        spots[at].middle = top + taken + spots[at].height / 2


def _placed(
    spots: list[_Spot], rows: list[list[int]], ways: list[list[int]], links: Sequence[Link], boxes: int
) -> Placed:
    """Everything moved so that nothing is left of or above the margin."""
    lefts, wides, x = [], [], _MARGIN
    for row in rows:
        wide = max((spots[at].width for at in row), default=0.0)
        lefts.append(x)
        wides.append(wide)
        x += wide + _BETWEEN
    top = min(spot.middle - spot.height / 2 for spot in spots) - _MARGIN
    for spot in spots:
        spot.middle -= top

    def left(at: int) -> float:
        spot = spots[at]
        return lefts[spot.layer] + (wides[spot.layer] - spot.width) / 2

    paths = []
    for way, link in zip(ways, links, strict=True):
        end = spots[link.to]
        port = end.middle + end.height * ((link.slot + 1) / (link.slots + 1) - 0.5)
        points = [(left(way[0]) + spots[way[0]].width, spots[way[0]].middle)]
        for at in way[1:-1]:
            points += [(lefts[spots[at].layer], spots[at].middle),
                       (lefts[spots[at].layer] + wides[spots[at].layer], spots[at].middle)]  # fmt: skip
        paths.append((*points, (left(link.to), port)))
    corners = [(left(at), spots[at].middle - spots[at].height / 2) for at in range(boxes)]
    height = max(spot.middle + spot.height / 2 for spot in spots) + _MARGIN
    return Placed(tuple(corners), tuple(paths), _labels(paths), x - _BETWEEN + _MARGIN, height)


def _labels(paths: Sequence[tuple[Point, ...]]) -> tuple[Point, ...]:
    """The middle of the first stretch of each path, apart from each other."""
    found: list[Point] = []
    wished = [((path[0][0] + path[1][0]) / 2, (path[0][1] + path[1][1]) / 2) for path in paths]
    for x, y in wished:
        near = sorted(other for at, other in found if abs(at - x) < _BETWEEN)
        for other in near:
            if abs(other - y) < _LINE:
                y = other + _LINE
        found.append((x, y))
    return tuple(found)
