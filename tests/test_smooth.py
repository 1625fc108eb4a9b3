"""Curves between points that lie far apart."""

from itertools import pairwise

import numpy as np
import pytest

from nnlab.data.ink import ink_strokes
from nnlab.data.smooth import FEWEST, smoothed


def ring(count: int, radius: float = 0.5) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, count)
    return np.stack((0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle)), 1)


def barry_goldman(points: np.ndarray, share: float) -> np.ndarray:
    """Between the second and the third of four points, by linear interpolations alone (1988)."""
    knots = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1) ** 0.5)))
    at = knots[1] + share * (knots[2] - knots[1])

    def between(a: np.ndarray, b: np.ndarray, low: float, high: float) -> np.ndarray:
        return ((high - at) * a + (at - low) * b) / (high - low)

    first = [between(points[i], points[i + 1], knots[i], knots[i + 1]) for i in range(3)]
    second = [between(first[i], first[i + 1], knots[i], knots[i + 2]) for i in range(2)]
    return between(second[0], second[1], knots[1], knots[2])


def test_the_curve_is_the_centripetal_catmull_rom_spline() -> None:
    rng = np.random.default_rng(0)
    stroke = np.stack((np.linspace(0, 1, 7), rng.uniform(0.4, 0.6, 7)), 1)  # no corners
    found = smoothed(stroke)
    assert len(found) == 6 * 8 + 1 and np.allclose(found[::8], stroke)
    for piece in range(1, 5):
        for k in range(8):
            expected = barry_goldman(stroke[piece - 1 : piece + 3], k / 8)
            assert np.allclose(found[8 * piece + k], expected)


@pytest.mark.parametrize("count", [7, 9, 12])
def test_a_ring_of_few_points_is_round(count: int) -> None:
    def flattened(stroke: np.ndarray) -> float:
        middles = np.concatenate([stroke, (stroke[1:] + stroke[:-1]) / 2])
        return float(np.abs(np.linalg.norm(middles - 0.5, axis=1) - 0.5).max())

    assert flattened(smoothed(ring(count))) < 0.65 * flattened(ring(count))


def test_corners_stay_corners() -> None:
    down = np.linspace([0.9, 0.0], [0.3, 1.0], 4)
    seven = np.concatenate((np.linspace([0.0, 0.0], [0.9, 0.0], 4), down[1:]))
    found = smoothed(seven)
    assert len(found) > len(seven)
    before = found[: np.flatnonzero((found == seven[3]).all(1))[0]]
    assert np.allclose(before[:, 1], 0, atol=1e-12)  # the hat is as straight as it was


def test_lines_and_close_points_are_left_alone() -> None:
    few = ring(FEWEST - 1)
    assert smoothed(few) is few
    dense = ring(100)
    assert smoothed(dense) is dense
    still = np.repeat([[0.2, 0.3], [0.9, 0.3]], 5, axis=0)
    assert smoothed(still) is still


def test_what_a_slow_pad_reports_looks_as_what_a_quick_one_does() -> None:
    quick = 100 * ring(200)
    slow = quick[np.linspace(0, 199, 9).round().astype(int)]
    assert (ink_strokes([slow]).int() - ink_strokes([quick]).int()).abs().sum() < 3000
    lines = [np.stack(pair) for pair in pairwise(slow)]
    assert (ink_strokes(lines).int() - ink_strokes([quick]).int()).abs().sum() > 6000
