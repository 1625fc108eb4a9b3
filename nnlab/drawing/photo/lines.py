"""The printed lines of ruled and squared paper taken out of black and white, the writing across them kept.

A line is found as a direction and an offset along which ink lies nearly all across the picture: ink is
counted along every direction within some degrees of level (and of upright), which is the Hough transform
(Duda and Hart 1972) for the few directions that the lines of a page held straight have. Then it is followed
from column to column, and its ink is taken away where it is no thicker than the line is as a rule: where a
stroke crosses, the ink is higher, and stays. Musicians' staves are read so (Dalitz, Droettboom, Pranzas and
Fujinaga 2008, "A comparative study of staff removal algorithms": line track height).

Not covered: lines that bend by more than a few of their thicknesses within an eighth of the picture; dots and
crosses instead of lines; strokes that run along a line.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_DEGREES, _STEP = 8.0, 0.2  # how far from level, and how finely, directions are tried
_SIDE = 800  # pixels of the longer side in which directions are tried
_ACROSS = 0.45  # of a picture's width: less ink in one direction is no printed line
_PARTS, _INKED = 12, 9  # of so many parts of a line, so many are inked for a good part
_THICK = 0.008  # of the longer side: no printed line is thicker
_MOST = 300  # candidates that are looked at
_PIECES = 8  # a line is followed in so many pieces
_THICKER = 1.5  # times the line's usual thickness: a stroke crosses here


def without_lines(ink: np.ndarray) -> tuple[np.ndarray, int]:
    """Ink, bool (H, W), without the printed lines in it, level and upright, and how many there were."""
    level, rows = _without_level(ink)
    upright, columns = _without_level(level.T)
    return upright.T if columns else level, rows + columns


def _without_level(ink: np.ndarray) -> tuple[np.ndarray, int]:
    height, width = ink.shape
    thickest = max(3, round(_THICK * max(ink.shape)))
    # Only where ink is as thin as a line, from above to below, can there be one.
    thin = ink & ~ndimage.binary_opening(ink, np.ones((thickest + 1, 1), bool))
    found = _lines(thin)
    if not found:
        return ink, 0
    left = ink.copy()
    middle = np.arange(width) - width / 2
    for slope, offset in found:
        _take_away(left, ink, thin, (offset + slope * middle).clip(0, height - 1), thickest)
    return left, len(found)


def _lines(thin: np.ndarray) -> list[tuple[float, float]]:
    """The lines in thin ink: (slope, height in the middle column), from the clearest on."""
    height, width = thin.shape
    step = -(-max(thin.shape) // _SIDE)
    if height < 2 * step or width < _PARTS * step:
        return []
    coarse = np.logical_or.reduceat(thin, np.arange(0, height, step), axis=0)[:, ::step]
    rows, columns = coarse.shape
    y, x = np.nonzero(coarse)
    if len(y) < _ACROSS * columns:
        return []
    slopes = np.tan(np.radians(np.arange(-_DEGREES, _DEGREES + _STEP / 2, _STEP)))
    margin = int(np.ceil(columns / 2 * slopes[-1])) + 2
    middle = x - columns / 2
    offsets = [(y - slope * middle).round().astype(np.int64) + margin for slope in slopes]
    votes = np.stack([np.bincount(each, minlength=rows + 2 * margin) for each in offsets])
    both = votes[:, :-1] + votes[:, 1:]  # a line lies between two rows as often as in one
    found: list[tuple[float, float]] = []
    for _ in range(_MOST):
        at, row = np.unravel_index(int(both.argmax()), both.shape)
        if both[at, row] < _ACROSS * columns:
            break
        near = np.abs(y - slopes[at] * middle - (row + 0.5 - margin)) <= 1
        inked = np.bincount(np.unique(x[near]) * _PARTS // columns, minlength=_PARTS)
        if (inked > 0.4 * columns / _PARTS).sum() >= _INKED:
            found.append((float(slopes[at]), float((row + 1 - margin) * step)))
        both[:, max(0, row - 3) : row + 4] = 0
    return found


def _take_away(left: np.ndarray, ink: np.ndarray, thin: np.ndarray, track: np.ndarray, thickest: int) -> None:
    """Erase from `left` the line in `ink` that runs near `track`, its height at each column."""
    height, width = ink.shape
    offsets = np.arange(-thickest, thickest + 1)[:, None]
    rows = (track.round().astype(np.int64)[None] + offsets).clip(0, height - 1)
    # The track is moved, piece by piece, to where the thin ink really lies.
    near = thin[rows, np.arange(width)]
    for columns in np.array_split(np.arange(width), _PIECES):
        weight = np.convolve(near[:, columns].sum(1), np.ones(3), "same")
        if weight.any():
            track[columns] += offsets[int(weight.argmax()), 0]
    reach = np.arange(-3 * thickest, 3 * thickest + 1)[:, None]
    window = (track.round().astype(np.int64)[None] + reach).clip(0, height - 1)
    strip = ink[window, np.arange(width)]
    run = _run_through(strip)
    thickness = run.sum(0)
    if not thickness.any():
        return
    usual = float(np.median(thickness[thickness > 0]))
    run &= thickness <= min(_THICKER * usual + 1, thickest + 2)
    at, columns = np.nonzero(run)
    left[window[at, columns], columns] = False


def _run_through(strip: np.ndarray) -> np.ndarray:
    """In each column of a strip, the ink connected (from above to below) to its three middle pixels."""
    middle = len(strip) // 2
    bridged = strip.copy()
    bridged[middle - 1 : middle + 2] = strip[middle - 1 : middle + 2].any(0)
    up = np.logical_and.accumulate(bridged[middle::-1])[::-1]
    down = np.logical_and.accumulate(bridged[middle:])
    return np.concatenate((up[:-1], down)) & strip
