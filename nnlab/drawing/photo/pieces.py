"""Black and white parted into digits: connected pieces, what is none dropped, what belongs together joined.

A digit may be of several pieces: the hat of a 5, a 4 whose strokes do not meet, a stroke that the pen
skipped, what a printed line cut in two. Two pieces are joined when they are near and the whole has the size
of a digit on that page; two whole digits side by side are not. The size of a digit on the page is the median
height of the pieces, each counted by its ink.

Not covered: digits that touch each other, which are one piece here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

MOST = 150  # digits of one photograph; further ones are only counted
_MOST_PIECES = 600  # that are looked at, from the largest on
_SPECK = 0.16  # of the usual height: what is smaller is a speck
_SMALLEST = 7  # pixels a digit's longer side has at least
_DIGIT = 0.34  # of the usual height: what is smaller, once joined, is none
_TALLEST = 1.7  # usual heights: no joined digit is taller or wider
_NEAR = 0.11  # of the usual height: so near are pieces of one digit
_STACKED = 0.22  # the same for one above the other
_WHOLE = 0.62  # of the usual height: a piece so tall may be a digit of its own
_ACROSS = 0.97  # of the picture's side: a piece at the border that long is no digit but the page's edge
_CUT = 3.0  # pens: what touches the border so far is no stroke that the border cuts
_SEVERAL, _HUGE = 4, 3.5  # among so many pieces, what is so many times as large as usual is no digit
_POINTS = 300  # of a piece's outline, to measure distances with


@dataclass(frozen=True)
class Box:
    """Pixels from left to right and from top to bottom; right and bottom are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def __or__(self, other: Box) -> Box:
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(frozen=True, eq=False)
class Parted:
    """The digits of a picture in reading order.

    labels: int32 (H, W), the number of the piece that a pixel belongs to, 0 for none.
    digits: for each digit its box and the numbers of its pieces.
    specks, edges, more: how many pieces were dropped for being too small, and for being no writing (the
        page's edge, a shadow, a finger); how many digits there are beyond `MOST`.
    """

    labels: np.ndarray
    digits: list[tuple[Box, tuple[int, ...]]] = field(default_factory=list)
    specks: int = 0
    edges: int = 0
    more: int = 0


def part(ink: np.ndarray, pen: float = 0.0) -> Parted:
    """Part ink, bool (H, W), into digits; `pen` is how wide its strokes are, roughly, in pixels."""
    labels, count = ndimage.label(ink, np.ones((3, 3), bool))
    if count == 0:
        return Parted(labels)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    keep = np.flatnonzero(areas >= 6) + 1
    specks = count - len(keep)
    slices = ndimage.find_objects(labels)
    boxes = {int(n): _box(slices[n - 1]) for n in keep}
    edges = [n for n, box in boxes.items() if _is_edge(box, labels, n, pen)]
    for n in edges:
        del boxes[n]
    if not boxes:
        return Parted(labels, specks=specks, edges=len(edges))
    usual = _usual_height(boxes, areas)
    if len(boxes) >= _SEVERAL:
        huge = [n for n, box in boxes.items() if max(box.width, box.height) > _HUGE * usual]
        edges += huge
        for n in huge:
            del boxes[n]
    small = [n for n, box in boxes.items() if max(box.width, box.height) < max(_SPECK * usual, 3)]
    for n in small:
        del boxes[n]
    largest = sorted(boxes, key=lambda n: -areas[n - 1])[:_MOST_PIECES]
    joined = _join({n: boxes[n] for n in largest}, labels, usual)
    least = max(_SMALLEST, _DIGIT * usual)
    digits = [each for each in joined if max(each[0].width, each[0].height) >= least]
    specks += len(small) + len(boxes) - len(largest) + len(joined) - len(digits)
    ordered = reading_order(digits)
    return Parted(labels, ordered[:MOST], specks, len(edges), max(0, len(ordered) - MOST))


def reading_order(digits: list[tuple[Box, tuple[int, ...]]]) -> list[tuple[Box, tuple[int, ...]]]:
    """Rows from the top, each from the left. A row goes on where the next box lies beside its last one, so a
    row may rise or fall."""
    rows: list[list[tuple[Box, tuple[int, ...]]]] = []
    for digit in sorted(digits, key=lambda each: each[0].left):
        box = digit[0]
        beside = [(_shared(row[-1][0], box), -i) for i, row in enumerate(rows)]
        share, at = max(beside, default=(0.0, 0))
        if share >= 0.4:
            rows[-at].append(digit)
        else:
            rows.append([digit])
    rows.sort(key=lambda row: float(np.median([(box.top + box.bottom) / 2 for box, _ in row])))
    return [digit for row in rows for digit in row]


def _shared(a: Box, b: Box) -> float:
    """How much of the lower one's height two boxes share."""
    return (min(a.bottom, b.bottom) - max(a.top, b.top)) / min(a.height, b.height)


def _box(found: tuple[slice, slice]) -> Box:
    rows, columns = found
    return Box(columns.start, rows.start, columns.stop, rows.stop)


def _is_edge(box: Box, labels: np.ndarray, number: int, pen: float) -> bool:
    """Whether a piece is the page's edge, a shadow or the like: it lies along the border, or runs all across.

    A stroke that the border cuts touches it about as far as the pen is wide.
    """
    height, width = labels.shape
    rim = [
        int((side == number).sum())
        for side, reached in (
            (labels[0], box.top == 0),
            (labels[-1], box.bottom == height),
            (labels[:, 0], box.left == 0),
            (labels[:, -1], box.right == width),
        )
        if reached
    ]
    if not rim:
        return False
    across = box.width > _ACROSS * width or box.height > _ACROSS * height
    return across or sum(rim) > _CUT * max(pen, 1) or min(box.width, box.height) <= 2


def _usual_height(boxes: dict[int, Box], areas: np.ndarray) -> float:
    sizes = np.array([max(box.height, 0.7 * box.width) for box in boxes.values()])
    weights = np.array([areas[n - 1] for n in boxes], np.float64)
    order = np.argsort(sizes)
    total = np.cumsum(weights[order])
    return float(sizes[order][int(np.searchsorted(total, total[-1] / 2))])


def _join(boxes: dict[int, Box], labels: np.ndarray, usual: float) -> list[tuple[Box, tuple[int, ...]]]:
    """Pieces joined to digits, the nearest pairs first."""
    numbers = list(boxes)
    corners = np.array([[b.left, b.top, b.right, b.bottom] for b in boxes.values()], np.float64)
    reach = _STACKED * usual
    gap_x = np.maximum(corners[:, None, 0], corners[None, :, 0]) - np.minimum(
        corners[:, None, 2], corners[None, :, 2]
    )
    gap_y = np.maximum(corners[:, None, 1], corners[None, :, 1]) - np.minimum(
        corners[:, None, 3], corners[None, :, 3]
    )
    close = np.argwhere(np.triu((gap_x < reach) & (gap_y < reach), 1))
    outlines: dict[int, np.ndarray] = {}

    def outline(number: int) -> np.ndarray:
        if number not in outlines:
            outlines[number] = _outline(labels, boxes[number], number)
        return outlines[number]

    pairs = []
    for i, j in close.tolist():
        a, b = numbers[i], numbers[j]
        near, _ = cKDTree(outline(a)).query(outline(b))
        pairs.append((float(near.min()), a, b))
    group = {n: n for n in numbers}
    members: dict[int, tuple[Box, tuple[int, ...]]] = {n: (boxes[n], (n,)) for n in numbers}
    for distance, a, b in sorted(pairs):
        one, two = group[a], group[b]
        if one == two or not _belong(members[one][0], members[two][0], distance, usual):
            continue
        box, both = members[one][0] | members[two][0], members[one][1] + members[two][1]
        del members[two]
        members[one] = (box, both)
        for n in both:
            group[n] = one
    return list(members.values())


def _belong(a: Box, b: Box, distance: float, usual: float) -> bool:
    """Whether two pieces so far apart are one digit."""
    whole = a | b
    tall = max(usual, a.height, b.height)
    if max(whole.height, whole.width) > min(_TALLEST * usual, 1.35 * tall):
        return False
    across = (min(a.right, b.right) - max(a.left, b.left)) / min(a.width, b.width)
    if a.height >= _WHOLE * usual and b.height >= _WHOLE * usual and across < 0.5:
        return False
    if across >= 0.5:  # one above the other, or one within the other
        return distance <= _STACKED * usual
    return distance <= _NEAR * usual


def _outline(labels: np.ndarray, box: Box, number: int) -> np.ndarray:
    """Points (k, 2) of a piece's edge, so many that distances are right to a few pixels."""
    cut = labels[box.top : box.bottom, box.left : box.right] == number
    inside = ndimage.binary_erosion(np.pad(cut, 1))[1:-1, 1:-1]
    points = np.argwhere(cut & ~inside) + np.array((box.top, box.left), np.float64)
    return points[:: max(1, len(points) // _POINTS)]
