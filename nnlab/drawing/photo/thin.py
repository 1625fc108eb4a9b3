"""Ink thinned to lines one pixel wide, and those lines followed as the paths of a pen.

Thinning is that of Zhang and Suen (1984, "A fast parallel algorithm for thinning digital patterns", CACM 27,
236): pixels whose neighbours stay connected without them are taken off the edge, from two sides in turn,
until none is left. What that leaves on the way is a graph: pixels with one neighbour are ends, those with
three or more are crossings, and between them run paths. Short paths that end free are thinning's own, grown
out of bumps of the outline, and are cut off.

All functions take one picture, bool (H, W), whose outermost pixels are empty.
"""

from __future__ import annotations

import numpy as np

# Neighbours clockwise from above, as bits of a number.
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
_SPUR = 0.75  # pen widths: a path with a free end that is shorter is no stroke
_SMOOTH = 2  # how often a path's points are averaged with their neighbours


def _table(first: bool) -> np.ndarray:
    """For each of the 256 neighbourhoods, whether this half-step takes the pixel away."""
    table = np.zeros(256, bool)
    for code in range(256):
        p = [code >> i & 1 for i in range(8)]
        changes = sum(p[i] < p[(i + 1) % 8] for i in range(8))
        up, right, down, left = p[0], p[2], p[4], p[6]
        closed = right * down * max(up, left) if first else up * left * max(right, down)
        table[code] = 2 <= sum(p) <= 6 and changes == 1 and not closed
    return table


_FIRST, _SECOND = _table(True), _table(False)


def thinned(ink: np.ndarray) -> np.ndarray:
    """The skeleton, bool (H, W)."""
    picture = ink.astype(np.uint8)
    while True:
        before = int(picture.sum())
        for table in (_FIRST, _SECOND):
            ys, xs = np.nonzero(picture)
            code = np.zeros(len(ys), np.uint8)
            for bit, (dy, dx) in enumerate(_AROUND):
                code |= picture[ys + dy, xs + dx] << bit
            gone = table[code]
            picture[ys[gone], xs[gone]] = 0
        if int(picture.sum()) == before:
            return picture.astype(bool)


def paths(skeleton: np.ndarray, pen: float) -> list[np.ndarray]:
    """The pen's paths along a skeleton: (k, 2) float64 arrays of x, y in pixels.

    Args:
        pen: how wide the strokes were, in pixels; a path with a free end that is shorter than most of that is
            cut off.
    """
    graph = _graph(skeleton)
    for _ in range(2):  # what was a crossing may be an end, once a bump's path is gone
        spurs = [
            run
            for run in _runs(graph)
            if _is_spur(graph, run) and _length(np.array(run, np.float64)) < _SPUR * pen
        ]
        if not spurs:
            break
        for run in spurs:
            for pixel in run[:-1] if len(graph[run[0]]) == 1 else run[1:]:
                _remove(graph, pixel)
    return [_smoothed(np.array([(x, y) for y, x in run], np.float64)) for run in _runs(graph)]


Pixel = tuple[int, int]
Graph = dict[Pixel, list[Pixel]]


def _graph(skeleton: np.ndarray) -> Graph:
    """Each pixel's neighbours; a diagonal one only where no path beside it leads there already."""
    inked = {(int(y), int(x)) for y, x in np.argwhere(skeleton)}
    return {
        (y, x): [
            (y + dy, x + dx)
            for dy, dx in _AROUND
            if (y + dy, x + dx) in inked
            and not (dy and dx and ((y + dy, x) in inked or (y, x + dx) in inked))
        ]
        for y, x in sorted(inked)
    }


def _remove(graph: Graph, pixel: Pixel) -> None:
    for neighbour in graph.pop(pixel):
        graph[neighbour].remove(pixel)


def _runs(graph: Graph) -> list[list[Pixel]]:
    """The paths between ends and crossings, both included; a ring begins and ends at one pixel."""
    walked: set[tuple[Pixel, Pixel]] = set()
    runs = []

    def walk(start: Pixel, to: Pixel) -> None:
        run, before, here = [start, to], start, to
        walked.update(((start, to), (to, start)))
        while len(graph[here]) == 2 and here != start:
            one, two = graph[here]
            before, here = here, two if one == before else one
            walked.update(((before, here), (here, before)))
            run.append(here)
        runs.append(run)

    nodes = [pixel for pixel, around in graph.items() if len(around) != 2]
    for node in nodes:
        if not graph[node]:
            runs.append([node])
        for to in graph[node]:
            if (node, to) not in walked:
                walk(node, to)
    for pixel, around in graph.items():  # what is left are rings
        if len(around) == 2 and (pixel, around[0]) not in walked:
            walk(pixel, around[0])
    return runs


def _is_spur(graph: Graph, run: list[Pixel]) -> bool:
    ends = sorted((len(graph[run[0]]), len(graph[run[-1]])))
    return ends[0] == 1 and ends[1] > 2


def _length(points: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def _smoothed(points: np.ndarray) -> np.ndarray:
    """Without the stairs of the pixels: each point between its neighbours, the ends where they are."""
    if len(points) < 3:
        return points
    ring = bool((points[0] == points[-1]).all())
    for _ in range(_SMOOTH):
        middle = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
        first = (points[-2] + 2 * points[0] + points[1]) / 4 if ring else points[0]
        last = first if ring else points[-1]
        points = np.concatenate((first[None], middle, last[None]))
    return points
