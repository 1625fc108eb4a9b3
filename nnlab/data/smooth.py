"""A hand's path between the points that a pad reported: curves where the points lie far apart.

A slow pad, or a quick hand, leaves a few points of a ring. Straight lines between them make it a polygon, or
flatten it where it is small. Between two points lies therefore a piece of the centripetal Catmull-Rom spline,
which has no cusps and no loops of its own (Yuksel, Schaefer and Keyser 2011, "Parameterization and
applications of Catmull-Rom curves"); corners stay corners.
"""

from __future__ import annotations

import numpy as np

FEWEST = 4  # points of a stroke; one of fewer is meant as lines
CORNER = 120.0  # degrees: where the path turns by more, it has a corner
FAR = 0.05  # of the drawing's longer side: closer points are joined by a line
_BETWEEN = 8  # pieces that one curve is made of


def smoothed(stroke: np.ndarray) -> np.ndarray:
    """A stroke (k, 2) of a drawing whose longer side is 1 -> (k', 2) through the same points."""
    if len(stroke) < FEWEST:
        return stroke
    lengths = np.linalg.norm(np.diff(stroke, axis=0), axis=1)
    if lengths.max() < FAR:
        return stroke
    moved = np.append(True, lengths > 0)
    points, lengths = stroke[moved], lengths[lengths > 0]
    if len(points) < FEWEST:
        return stroke
    knots = np.sqrt(lengths)[:, None]  # time between two points, by the centripetal rule
    steps = np.diff(points, axis=0)
    velocity = steps / knots
    inner = (velocity[:-1] * knots[1:] + velocity[1:] * knots[:-1]) / (knots[:-1] + knots[1:])
    cosine = (steps[:-1] * steps[1:]).sum(1) / (lengths[:-1] * lengths[1:])
    corner = (cosine < np.cos(np.radians(CORNER)))[:, None]
    # The velocities at the beginning and at the end of each piece: at a corner the chord's, and at a tip
    # such that nothing bends there.
    begin, end = np.where(corner, velocity[1:], inner), np.where(corner, velocity[:-1], inner)
    begin = np.concatenate(((3 * velocity[:1] - end[:1]) / 2, begin))
    end = np.concatenate((end, (3 * velocity[-1:] - begin[-1:]) / 2))
    far = np.flatnonzero(lengths >= FAR)
    s = np.arange(1, _BETWEEN)[:, None, None] / _BETWEEN  # Hermite's cubic in s from 0 to 1
    curve = (
        (2 * s**3 - 3 * s**2 + 1) * points[far]
        + (s**3 - 2 * s**2 + s) * (knots * begin)[far]
        + (3 * s**2 - 2 * s**3) * points[far + 1]
        + (s**3 - s**2) * (knots * end)[far]
    )
    return np.insert(
        points, np.repeat(far + 1, _BETWEEN - 1), curve.transpose(1, 0, 2).reshape(-1, 2), axis=0
    )
