"""Smooth curves through control points, as matrices for each way of writing.

A natural cubic spline is linear in its control points once its knots are fixed, so a way of writing
becomes two matrices from control points to points along the path: one that keeps the corners and one
that rounds them all off. Anything between the two is their weighted mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

from nnlab.data.strokes.glyphs import Way

_SPACING = 6.0  # units of a glyph between two points of its path, at most 1.2 pixels


@dataclass(frozen=True, eq=False)
class Curves:
    """One way of writing, with M masters of K control points, and P points along its path.

    masters: (M, K, 2) control points, about 100 units high.
    sharp, smooth: (P, K), control points to points along the path.
    joined: (P - 1,) bool, where the pen is down.
    ends: (K, K), control points to the outward step at each stroke's two ends, 0 elsewhere.
    """

    masters: Tensor
    sharp: Tensor
    smooth: Tensor
    joined: Tensor
    ends: Tensor


@cache
def curves(way: Way) -> Curves:
    """The curves of a way of writing. The mean of its masters fixes the knots, at chord length."""
    masters, strokes, corners = _parse(way)
    points = masters.mean(0)
    k = len(points)
    sharps, smooths, joined = [], [], []
    ends = torch.zeros(k, k, dtype=torch.float64)
    for stroke in strokes:
        knots = torch.cat((points.new_zeros(1), points[stroke].diff(dim=0).norm(dim=1).cumsum(0)))
        rows = max(4, round(float(knots[-1]) / _SPACING) + 1)
        at = torch.linspace(0, 1, rows, dtype=torch.float64) * knots[-1]
        smooth, sharp = torch.zeros(2, rows, k, dtype=torch.float64)
        smooth[:, stroke] = spline(knots, at)
        inner = [corner - stroke.start for corner in corners if stroke.start < corner < stroke.stop - 1]
        breaks = [0, *inner, len(knots) - 1]
        for begin, end in pairwise(breaks):
            here = torch.nonzero((at >= knots[begin]) & ((at < knots[end]) | (end == len(knots) - 1)))
            columns = torch.arange(begin, end + 1) + stroke.start
            sharp[here, columns] = spline(knots[begin : end + 1], at[here[:, 0]])
        for tip, neighbour in ((stroke.start, stroke.start + 1), (stroke.stop - 1, stroke.stop - 2)):
            ends[tip, tip], ends[tip, neighbour] = 1, -1
        sharps.append(sharp)
        smooths.append(smooth)
        joined += [True] * (rows - 1) + [False]
    return Curves(masters, torch.cat(sharps), torch.cat(smooths), torch.tensor(joined[:-1]), ends)


def _parse(way: Way) -> tuple[Tensor, list[slice], list[int]]:
    """Masters (M, K, 2), the control points of each stroke, and which control points are corners."""
    masters = []
    for text in way.masters:
        strokes: list[slice] = []
        corners: list[int] = []
        points: list[list[float]] = []
        for stroke in text.split("/"):
            begin = len(points)
            for word in stroke.split():
                if word.endswith("!"):
                    corners.append(len(points))
                points.append([float(number) for number in word.rstrip("!").split(",")])
            strokes.append(slice(begin, len(points)))
        masters.append(torch.tensor(points, dtype=torch.float64))
    return torch.stack(masters), strokes, corners


def spline(knots: Tensor, at: Tensor) -> Tensor:
    """The matrix (len(at), len(knots)) of the natural cubic spline with these knots, evaluated at `at`.

    Second derivatives are zero at both ends and continuous at the knots, which is a tridiagonal system
    in them (Press et al., Numerical Recipes, section 3.3).
    """
    n = len(knots)
    step = knots.diff()
    identity = torch.eye(n, dtype=knots.dtype)
    system, right = identity.clone(), torch.zeros_like(identity)
    for i in range(1, n - 1):
        system[i, i - 1 : i + 2] = torch.stack((step[i - 1], 2 * (step[i - 1] + step[i]), step[i])) / 6
        right[i] = (identity[i + 1] - identity[i]) / step[i] - (identity[i] - identity[i - 1]) / step[i - 1]
    curvature = torch.linalg.solve(system, right)
    left = (torch.searchsorted(knots, at, right=True) - 1).clamp(0, n - 2)
    h = step[left][:, None]
    b = (at - knots[left])[:, None] / h
    a = 1 - b
    bend = ((a**3 - a) * curvature[left] + (b**3 - b) * curvature[left + 1]) * h**2 / 6
    return a * identity[left] + b * identity[left + 1] + bend
