"""Ink: pen paths made into 28x28 grey images, placed as MNIST places its digits.

MNIST's conventions (LeCun et al., http://yann.lecun.com/exdb/mnist/): the longest side of the inked
digit fills a box of 20 pixels, its aspect kept, and its centre of mass lies on the image's centre, which
is pixel index 14.0 in the published files. The paths are brought to that size first and inked last, so
a small drawing and a large one get the same pen: `PEN_WIDTH` pixels.

A pixel's value is the share of it that is inked, taken from its distance to the path: a ramp one pixel
wide across the edge, which is exact for straight edges along the axes and close elsewhere. The same
functions draw the built-in data set and a person's strokes on the pad.

From points to pixels only additions, products, quotients, square roots and comparisons of single
elements are used, and the centre of mass is summed in integers: the images do not depend on the number
of threads.

Not covered: other image sizes, colour, pens that are not round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nnlab.data.smooth import smoothed
from nnlab.errors import LabError, check

SIDE = 28  # pixels of an image's side
BOX = 20.0  # pixels of the inked digit's longest side
CENTRE = 14.0  # pixel index of the centre of mass (pixel i reaches from i - 0.5 to i + 0.5)
PEN_WIDTH = 2.4  # pixels, MNIST's usual pen
WIDEST, NARROWEST = 8.0, 1.0  # pens that can be drawn; the ramp needs a whole pixel

_STEP = 0.025  # of a drawing's longest side: the distance at which its strokes are sampled, half a pixel
_SEGMENTS = 400  # at most, for one drawing
_GRID = 4096  # points lie on multiples of 1/4096 pixel, so that their last bits cannot matter
_CENTRED = 0.03  # pixels: how close to its place the centre of mass is brought
_CORRECTIONS = 3  # at most, until it is
_BATCH = 64  # paths inked at once: what is in flight stays in the cache of the processor


@dataclass(frozen=True, eq=False)
class Paths:
    """Pen paths, P points each, in any unit, x to the right and y down.

    points: (B, P, 2) float. Shorter paths are padded by repeating a point.
    joined: (B, P - 1) bool, whether the pen is down between a point and the next. A single point
        that is joined to a copy of itself is a dot.
    widths: (B, P) float, the pen's width at each point as a multiple of the nominal width.
    """

    points: Tensor
    joined: Tensor
    widths: Tensor


def place_and_ink(paths: Paths, width: float | Tensor = PEN_WIDTH) -> Tensor:
    """Paths -> images (B, 1, 28, 28) uint8, each with MNIST's size and place.

    Args:
        paths: what to draw; scale and position of the input do not matter.
        width: the nominal pen in pixels of the result, one number or (B,).

    Where a digit's mass lies so far off its box's middle that centring would push ink out of the
    image, the ink stays inside and the centre gives way.

    Raises:
        LabError: for points that are not finite, or a pen narrower than 1 or wider than 8 pixels.
    """
    pen = torch.as_tensor(width, dtype=torch.float64).reshape(-1, 1) * paths.widths.double()
    check(bool(torch.isfinite(paths.points).all()), "Some points of the path are not finite numbers.")
    _check_pen(float(pen.min()), float(pen.max()))
    radii = (pen / 2).expand(paths.points.shape[:2])
    images = [
        _place_and_ink(points, joined, radius)
        for points, joined, radius in zip(
            paths.points.double().split(_BATCH), paths.joined.split(_BATCH), radii.split(_BATCH), strict=True
        )
    ]
    return torch.cat(images)


def ink_strokes(strokes: Sequence[Tensor | np.ndarray], width: float = PEN_WIDTH) -> Tensor:
    """A person's strokes -> the image (1, 1, 28, 28) uint8 that a network trained on digits expects.

    Args:
        strokes: one (k, 2) array of x, y (y down) for each time the pen was down, in canvas pixels.
            A stroke of one point is a dot. The canvas's size and the drawing's place do not matter.
        width: the pen in pixels of the result.

    Raises:
        LabError: if nothing is drawn, or a stroke is not (k, 2) or holds a number that is not finite.
    """
    return place_strokes(strokes, width)[2]


def place_strokes(
    strokes: Sequence[Tensor | np.ndarray], width: float = PEN_WIDTH
) -> tuple[Tensor, Tensor, Tensor]:
    """Where `ink_strokes` lays its ink: points (P, 2) float64 in pixel indices of the image, joined (P - 1,)
    bool, and the image (1, 1, 28, 28) uint8 itself, which is `ink` of them with the radius ``width / 2``.

    Raises:
        LabError: as `ink_strokes`.
    """
    points, joined = sampled_strokes(strokes)
    _check_pen(width, width)
    radii = torch.full((1, len(points)), width / 2, dtype=torch.float64)
    placed, images = _placed(points[None].double(), joined[None], radii)
    return placed[0], joined, images


def sampled_strokes(strokes: Sequence[Tensor | np.ndarray]) -> tuple[Tensor, Tensor]:
    """Strokes -> points (P, 2) at even distances along them, the longer side of all of them 1, and joined
    (P - 1,) bool; curves between points far apart (`nnlab.data.smooth`); raises as `ink_strokes`."""
    drawn = []
    for index, stroke in enumerate(strokes):
        points = torch.as_tensor(stroke, dtype=torch.float64)
        if points.numel() == 0:
            continue
        check(
            points.ndim == 2 and points.shape[1] == 2,
            "Stroke {index} has shape {shape}; it should be (points, 2).",
            index=index, shape=tuple(points.shape),
        )  # fmt: skip
        drawn.append(points)
    if not drawn:
        raise LabError("Nothing is drawn yet.")
    every = torch.cat(drawn)
    low = every.min(0).values
    extent = float((every.max(0).values - low).max())
    finite = bool(torch.isfinite(every).all()) and extent < float("inf")
    check(finite, "A stroke holds a number that is not finite.")
    unit = [((stroke - low) / (extent or 1.0)).numpy() for stroke in drawn]
    return _sample([torch.from_numpy(smoothed(stroke)) for stroke in unit])


def ink(points: Tensor, joined: Tensor, radii: Tensor) -> Tensor:
    """Paths in pixels -> coverage (B, 28, 28) float32 in [0, 1].

    Args:
        points: (B, P, 2) x, y in pixel indices.
        joined: (B, P - 1) bool, where the pen is down.
        radii: (B, P) half the pen's width in pixels, at least 0.5; linear along a segment.

    Each segment is evaluated in a window just large enough for the batch's longest one, and the
    largest coverage of all segments wins.
    """
    points, radii = points.float(), radii.float()
    start, end = points[:, :-1], points[:, 1:]
    radius, growth = radii[:, :-1], radii[:, 1:] - radii[:, :-1]
    reach = torch.maximum(radii[:, :-1], radii[:, 1:])[..., None] + 0.5
    first = (torch.minimum(start, end) - reach).floor() + 1  # (B, S, 2): lowest pixel that can be inked
    last = (torch.maximum(start, end) + reach).ceil() - 1
    window = min(SIDE, max(1, int((last - first).max()) + 1))
    first = first.clamp(0, SIDE - window)

    # One row for each pixel of the window and one column for each segment: (window y, window x, B S).
    start, along, radius, growth, first = (
        _columns(each) for each in (start, end - start, radius[..., None], growth[..., None], first)
    )
    length2 = (along * along).sum(0)
    away = first[:, None] + torch.arange(window)[:, None] - start[:, None]  # (2, window, B S) from start
    away2, dot = away * away, away * along[:, None]
    projection = dot[1][:, None] + dot[0]
    t = (projection * (1 / length2.clamp(min=1e-12))).clamp_(0, 1)  # the nearest point of the segment
    distance = away2[1][:, None] + away2[0]
    distance -= projection.mul_(2).sub_(t * length2).mul_(t)
    distance = distance.clamp_(min=0).sqrt_()
    coverage = t.mul_(growth).add_(radius + 0.5).sub_(distance).clamp_(0, 1).mul_(joined.reshape(-1))

    steps = torch.arange(window)
    base = torch.arange(len(points)).repeat_interleave(joined.shape[1]) * SIDE**2
    base = base + first[1].long() * SIDE + first[0].long()
    pixels = (steps[:, None] * SIDE + steps)[..., None] + base
    images = torch.zeros(len(points) * SIDE**2)
    images.scatter_reduce_(0, pixels.flatten(), coverage.flatten(), "amax")
    return images.view(-1, SIDE, SIDE)


def _check_pen(low: float, high: float) -> None:
    check(
        low >= NARROWEST and high <= WIDEST,
        "The pen is {low} to {high} pixels wide; it should lie between {narrowest} and {widest}.",
        low=low, high=high, narrowest=NARROWEST, widest=WIDEST,
    )  # fmt: skip


def _place_and_ink(points: Tensor, joined: Tensor, radii: Tensor) -> Tensor:
    return _placed(points, joined, radii)[1]


def _placed(points: Tensor, joined: Tensor, radii: Tensor) -> tuple[Tensor, Tensor]:
    """The points (B, P, 2) where they lie in the images, on the grid, and the images."""
    return centre_mass(fit_box(points, radii), joined, radii)


def centre_mass(points: Tensor, joined: Tensor, radii: Tensor) -> tuple[Tensor, Tensor]:
    """Paths in pixels, moved so that the centre of mass of their ink lies at `CENTRE`.

    Args as of `ink`. Returns the points (B, P, 2) float64 where they then lie, and the images (B, 1, 28, 28)
    uint8. The ink stays inside the image and the centre gives way, where both cannot be had.
    """
    low = (points - radii[..., None]).amin(1)
    high = (points + radii[..., None]).amax(1)
    points = points - (low + high)[:, None] / 2 + CENTRE  # the box's middle first
    half = (high - low) / 2
    room = torch.stack((half - 0.5 - CENTRE, SIDE - 0.5 - CENTRE - half))  # how far it may move, both ways
    move = torch.zeros_like(half)
    inked = torch.zeros_like(half)  # the move with which each image was inked last
    astray = torch.arange(len(points))
    images = torch.empty(len(points), 1, SIDE, SIDE, dtype=torch.uint8)
    # Ink moves with its path but for what the ramp gets wrong, so one correction nearly always does.
    for _ in range(_CORRECTIONS):
        now = move[astray]
        image = _ink_at(points, move, joined, radii, astray)
        images[astray] = image
        inked[astray] = now
        error = CENTRE - centre_of_mass(image[:, 0])
        moved = (now + error).clamp(room[0, astray], room[1, astray])
        far = ((moved - now).abs() > _CENTRED).any(1)
        move[astray] = moved
        astray = astray[far]
        if len(astray) == 0:
            break
    else:
        images[astray] = _ink_at(points, move, joined, radii, astray)
        inked[astray] = move[astray]
    return _on_grid(points + inked[:, None]), images


def _ink_at(points: Tensor, move: Tensor, joined: Tensor, radii: Tensor, which: Tensor) -> Tensor:
    return grey(ink(_on_grid(points[which] + move[which, None]), joined[which], radii[which]))[:, None]


def _on_grid(points: Tensor) -> Tensor:
    return (points * _GRID).round() / _GRID


def fit_box(points: Tensor, radii: Tensor) -> Tensor:
    """Points (B, P, 2) scaled so that the longer side of their inked box is 20 px.

    The pen does not grow with the path, so the box's side is max(s x + r) - min(s x - r) for a scale s:
    convex and piecewise linear in s, and Newton's method from above ends on the root.
    """
    points = points - points.mean(1, keepdim=True)
    extent = (points.amax(1) - points.amin(1)).amax(1)
    flat = extent <= 0  # a dot has no size
    scale = BOX / torch.where(flat, 1.0, extent)
    for _ in range(8):
        grown = points * scale[:, None, None]
        high, top = (grown + radii[..., None]).max(1)
        low, bottom = (grown - radii[..., None]).min(1)
        slope = points.gather(1, top[:, None])[:, 0] - points.gather(1, bottom[:, None])[:, 0]
        side, axis = (high - low).max(1, keepdim=True)
        slope = slope.gather(1, axis)[:, 0]
        step = torch.where(flat | (slope <= 0), 0.0, (side[:, 0] - BOX) / slope.clamp(min=1e-12))
        scale = scale - step
        if not step.any():
            break  # as all further steps would be 0 too
    return points * scale[:, None, None]


def _sample(strokes: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Strokes of unit extent -> points (P, 2) at even distances along them, and joined (P - 1,)."""
    zero = torch.zeros(1, dtype=torch.float64)
    lengths = [torch.cat((zero, stroke.diff(dim=0).norm(dim=1).cumsum(0))) for stroke in strokes]
    strokes_left = _SEGMENTS - len(strokes)
    step = max(_STEP, float(sum(length[-1] for length in lengths)) / max(1, strokes_left))
    points, joined = [], []
    for stroke, length in zip(strokes, lengths, strict=True):
        count = int(np.ceil(float(length[-1]) / step)) + 1
        if count == 1:
            sampled = stroke[:1].expand(2, 2)
        else:
            x, y = stroke.numpy().T
            at = np.linspace(0.0, float(length[-1]), count)
            sampled = torch.from_numpy(np.stack((np.interp(at, length, x), np.interp(at, length, y)), 1))
        points.append(sampled)
        joined += [True] * (len(sampled) - 1) + [False]
    return torch.cat(points), torch.tensor(joined[:-1])


def centre_of_mass(images: Tensor) -> Tensor:
    """Of uint8 images (..., 28, 28): x, y in pixel indices (..., 2), float64; exact sums."""
    values = images.long()
    index = torch.arange(SIDE)
    mass = values.sum((-2, -1)).clamp(min=1)
    x = (values.sum(-2) * index).sum(-1)
    y = (values.sum(-1) * index).sum(-1)
    return torch.stack((x.double() / mass, y.double() / mass), -1)


def grey(coverage: Tensor) -> Tensor:
    """Coverage in [0, 1] as uint8."""
    return (coverage * 255).round().to(torch.uint8)


def _columns(values: Tensor) -> Tensor:
    """(B, S, K) -> (K, B S), or (B S,) for K = 1, contiguous."""
    return values.reshape(-1, values.shape[-1]).T.contiguous().squeeze(0)
