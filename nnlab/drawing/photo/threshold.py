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
_ROWS = 150  # in which the noise is measured
_SIGMA = 3.0  # times the median difference of neighbours, whose noise is alike as the picture is smoothed


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
    """The bare page's standard deviation, from the differences of neighbours: most are both page, even
    among printed lines or with a table beside the page."""
    rows = contrast[:: len(contrast) // _ROWS + 1]
    left, right = rows[:, :-1], rows[:, 1:]
    differences = np.abs(left - right)[(left > 0) | (right > 0)]
    return _SIGMA * float(np.median(differences)) if differences.size else 0.0


def otsu(values: np.ndarray) -> float:
    """The threshold with the greatest variance between the values below and those from it on."""
    counts, edges = np.histogram(values, _BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts, dtype=np.float64)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * middles)
    apart = np.where(below * above > 0, (sums[-1] - sums[:-1]) * below - sums[:-1] * above, 0.0)
    return float(edges[int(np.argmax(apart**2 / np.maximum(below * above, 1.0))) + 1])
