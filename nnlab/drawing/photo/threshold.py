"""Where the ink ends and the page begins, in a picture of even light.

The bare page is most of the picture, and its noise is measured there. Among what stands out of the noise
there may be two kinds: ink, and something fainter (the lines of squared paper, the writing of the other side,
folds). Otsu's threshold (1979, "A threshold selection method from gray-level histograms") of the values above
the noise parts the two; with ink alone it parts the middle of the strokes from their soft edges. Half of
what lies above it is then the edge of a stroke.
"""

from __future__ import annotations

import numpy as np

_LEAST = 0.13  # a logarithm: fainter is no ink (a page of 200 and ink of 175)
_SIGMAS = 4.5  # of the noise
_FEWEST = 6  # pixels
_BINS = 128
_HALF = 0.45  # of the ink's own contrast: where the edge of a stroke lies
_BLOCKS = 14  # along the longer side: the noise is measured in each, and is what half of them have
_SHARE, _QUANTILE = 0.68, 0.468  # of a normal distribution: so many of the values lie below so many sigmas


def ink_level(contrast: np.ndarray) -> float | None:
    """The threshold for a picture, float (H, W) with 0 on the bare page; None where there is no ink."""
    low = max(_LEAST, _SIGMAS * _noise(contrast))
    values = contrast.ravel()
    outstanding = values[values > low]
    if outstanding.size < _FEWEST:
        return None
    ink = float(np.median(outstanding[outstanding >= otsu(outstanding)]))
    return max(low, _HALF * ink)


def _noise(contrast: np.ndarray) -> float:
    """The bare page's standard deviation. Blocks of something else (a table beside the page) do not count as
    long as most are page, and ink does not as long as it is the lesser part of its block."""
    side = max(1, max(contrast.shape) // _BLOCKS)
    step = max(1, side // 24)
    found = [
        np.quantile(contrast[y : y + side : step, x : x + side : step], _SHARE)
        for y in range(0, contrast.shape[0], side)
        for x in range(0, contrast.shape[1], side)
    ]
    return float(np.median(found)) / _QUANTILE


def otsu(values: np.ndarray) -> float:
    """The threshold with the greatest variance between the values below and those from it on."""
    counts, edges = np.histogram(values, _BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts, dtype=np.float64)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * middles)
    apart = np.where(below * above > 0, (sums[-1] - sums[:-1]) * below - sums[:-1] * above, 0.0)
    return float(edges[int(np.argmax(apart**2 / np.maximum(below * above, 1.0))) + 1])
