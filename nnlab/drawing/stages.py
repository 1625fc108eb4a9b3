"""A drawing on its way to the network, stage by stage; each stage can be left out to see what it is for.

The stages and what stands in for one that is off:

    box        the longest side, pen included, is 20 pixels    the canvas is shrunk to the image
    centre     the centre of mass lies at 14.0                 the box in the middle; without one, as drawn
    ink        a pen of 2.4 pixels                             the pen of the screen, scaled as the paths are
    normalise  (x / 255 - mean) / std of the training images   x / 255

With all of them on the image is bit for bit that of `nnlab.drawing.drawing_to_image`, and what the network
is fed is what `predict_drawing` feeds it. Between ink and normalisation the image gets the network's own size
and colours (`drawing_for`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.data.ink import (
    BOX,
    PEN_WIDTH,
    SIDE,
    centre_mass,
    centre_of_mass,
    fit_box,
    grey,
    ink,
    sampled_strokes,
)
from nnlab.drawing.predict import Strokes, canvas_strokes, drawing_for, network_input
from nnlab.errors import check

SCREEN_PEN = 18.0  # canvas pixels: the pad's usual pen, of a canvas of 280
_MIDDLE = (SIDE - 1) / 2  # 13.5, the middle of the image as a pixel index
_THINNEST = 0.5  # half a pen's width in pixels: the ramp of `ink` needs a whole pixel
_WIDEST = 100.0  # times the canvas: a pen that is no pen


@dataclass(frozen=True)
class Switches:
    """Which stages are on."""

    box: bool = True
    centre: bool = True
    ink: bool = True
    normalise: bool = True


STAGES = tuple(Switches.__dataclass_fields__)


@dataclass(frozen=True)
class Placed:
    """Where the drawing lies in the image: pixel index = `scale` x canvas pixel + `shift`, on either axis.

    low, high: the corners (x, y) of its box, the pen included, in pixel indices.
    mass: the centre of mass of its ink (x, y), measured in the image inked there.
    """

    scale: float
    shift: tuple[float, float]
    low: tuple[float, float]
    high: tuple[float, float]
    mass: tuple[float, float]

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height of the box in pixels."""
        return self.high[0] - self.low[0], self.high[1] - self.low[1]


@dataclass(frozen=True, eq=False)
class Stages:
    """What every stage made of one drawing.

    strokes: as drawn, (k, 2) float64 each in canvas pixels; a drawing that can only be a dot as one point.
    boxed, centred: where it lies after these stages.
    width: of the pen, in pixels of the image.
    inked: (1, 1, 28, 28) uint8.
    given: (1, C, H, W) uint8, the image in the network's size and colours.
    fed: (1, C, H, W) float32, what the network is given.
    """

    strokes: list[Tensor]
    boxed: Placed
    centred: Placed
    width: float
    inked: Tensor
    given: Tensor
    fed: Tensor

    @property
    def as_inked(self) -> bool:
        """Whether the network is given the inked image as it is."""
        return self.given.shape == self.inked.shape and torch.equal(self.given, self.inked)


def drawing_stages(
    model: nn.Module,
    strokes: Strokes,
    size: tuple[int, int] = (280, 280),
    on: Switches = Switches(),
    pen: float = SCREEN_PEN,
) -> Stages:
    """All stages of a drawing for `model`.

    Args:
        model: fed with its own size, mean and std, as `network_input` says.
        strokes: (k, 2) each, in pixels of a canvas of `size`.
        on: which stages are on.
        pen: its width on the screen in canvas pixels; of use only where `on.ink` is False.

    Raises:
        LabError: as `drawing_to_image`, or for a pen that is not wider than 0.
    """
    check(0 < pen < _WIDEST * max(size), "A pen {pen} pixels wide cannot be drawn with.", pen=pen)
    drawn = canvas_strokes(strokes, size)
    unit, joined = sampled_strokes(drawn)
    every = torch.cat([stroke for stroke in drawn if len(stroke)])
    low = every.min(0).values
    extent = float((every.max(0).values - low).max())

    scale = BOX / (extent + pen) if on.box else SIDE / float(max(size))  # of a pen that grows with its path
    radius = PEN_WIDTH / 2 if on.ink else scale * pen / 2
    radii = torch.full((1, len(unit)), radius, dtype=torch.float64)
    if not on.box:
        margin = (SIDE - scale * torch.tensor(size, dtype=torch.float64)) / 2
        free = points = (low + extent * unit) * scale + margin - 0.5
    else:
        free = fit_box(unit[None], radii)[0] if on.ink else unit * (scale * extent)
        points = free + _MIDDLE - (free.amin(0) + free.amax(0)) / 2
    image = _inked(points, joined, radii)
    boxed = centred = _placed(points, radius, image, unit, low, extent)
    if on.centre:
        moved, image = centre_mass(free[None], joined[None], radii.clamp(min=_THINNEST))
        points = moved[0]
        if radius < _THINNEST:
            image = _inked(points, joined, radii)
        centred = _placed(points, radius, image, unit, low, extent)
    given = drawing_for(model, image)
    return Stages(drawn, boxed, centred, 2 * radius, image, given, network_input(model, given, on.normalise))


def _placed(points: Tensor, radius: float, image: Tensor, unit: Tensor, low: Tensor, extent: float) -> Placed:
    """Where points (P, 2) in pixel indices lie: the canvas's low + extent x unit, scaled and shifted."""
    # By numpy, which takes a fifth of torch's time for so few numbers.
    at, of = points.numpy(), unit.numpy()
    first, last, begin = at.min(0), at.max(0), of.min(0)
    size = of.max(0) - begin
    axis = int(size.argmax())
    grown = float((last - first)[axis] / size[axis]) if extent else 0.0
    scale = grown / extent if extent else 0.0
    shift = first - grown * begin - scale * low.numpy()
    found = (shift, first - radius, last + radius, centre_of_mass(image)[0, 0].numpy())
    return Placed(scale, *((float(x), float(y)) for x, y in found))


def _inked(points: Tensor, joined: Tensor, radii: Tensor) -> Tensor:
    """The image (1, 1, 28, 28) uint8; a pen narrower than a pixel covers no more than its width of any."""
    share = (2 * radii.min()).clamp(max=1.0).float()
    return grey(ink(points[None], joined[None], radii.clamp(min=_THINNEST)) * share)[:, None]
