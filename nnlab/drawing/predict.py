"""A drawing as the network sees it, and what the network says of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.data.ink import ink_strokes
from nnlab.data.registry import filled_names
from nnlab.errors import check
from nnlab.training.batches import normalise
from nnlab.training.weights import TrainedModel, WeightsInfo

# Published for MNIST; for a model that does not say what it was trained on.
_MNIST_MEAN, _MNIST_STD = (0.1307,), (0.3081,)
_MOST_STROKES = 10_000  # each costs as much as a stroke, be it a dot
_DOT = 0.015  # a drawing smaller than this share of the canvas is a dot, however the hand trembled

Strokes = Sequence[np.ndarray | Tensor]


def drawing_to_image(strokes: Strokes, size: tuple[int, int] = (280, 280)) -> Tensor:
    """Strokes of a pen -> the image (1, 1, 28, 28) uint8 by MNIST's conventions (see `nnlab.data.ink`).

    Args:
        strokes: one (k, 2) array of x, y (y down) for each time the pen was down, in canvas pixels.
        size: width and height of the canvas. Where on it the drawing lies, and how large it is, does
            not matter, unless it is so small that it can only be a dot.

    Raises:
        LabError: nothing is drawn, nothing of it on the canvas, a stroke is not (k, 2) finite numbers, or
            the size is not two numbers above 0.
    """
    return ink_strokes(canvas_strokes(strokes, size))


def canvas_strokes(strokes: Strokes, size: tuple[int, int] = (280, 280)) -> list[Tensor]:
    """The strokes as (k, 2) float64 each, checked; of a drawing that can only be a dot, one point.

    Args and errors as `drawing_to_image`, but that it may be empty.
    """
    canvas = _canvas(size)
    check(
        isinstance(strokes, Iterable),
        "The strokes of a drawing should be a list of arrays, one for each time the pen was down.",
    )
    points = [_points(index, stroke) for index, stroke in enumerate(strokes)]
    check(
        len(points) <= _MOST_STROKES,
        "The drawing has {count:,} strokes; at most {most:,} are read.",
        count=len(points), most=_MOST_STROKES,
    )  # fmt: skip
    drawn = [stroke for stroke in points if len(stroke)]
    if drawn:
        every = torch.cat(drawn)
        low, high = every.min(0).values, every.max(0).values
        check(
            bool(((low <= canvas) & (high >= 0)).all()) or not bool(torch.isfinite(every).all()),
            "Nothing of the drawing lies on the canvas, which is {width:g} x {height:g} pixels.",
            width=float(canvas[0]), height=float(canvas[1]),
        )  # fmt: skip
        if (high - low).max() < _DOT * canvas.max():
            points = [every.mean(0, keepdim=True)]
    return points


def rasterize(strokes: Strokes, size: tuple[int, int] = (280, 280)) -> Tensor:
    """The image (28, 28) uint8 of `drawing_to_image`, without its two axes of length 1; raises as it does."""
    return drawing_to_image(strokes, size)[0, 0]


def drawing_for(model: nn.Module, drawing: Tensor) -> Tensor:
    """The image (1, C, H', W') uint8 that `model` is given for a drawing (1, 1, H, W) uint8, light on dark.

    It has the size of the images the model was trained on (28x28 for a model that does not say). Where those
    are bright on the whole, as pictures of dark ink on light paper are, so is this one; where their signs
    reach to the edges, so does its ink (`fill_image`); in colour, all channels are equal.
    """
    info = _info(model)
    if info is None:
        return drawing
    channels, *sides = info.in_shape
    if is_filled(info):
        drawing = fill_image(drawing, (sides[0], sides[1]))
    elif list(drawing.shape[2:]) != sides:
        resized = F.interpolate(drawing.float(), sides, mode="bilinear", antialias=True)
        drawing = resized.round().to(torch.uint8)
    if is_bright(info):
        drawing = 255 - drawing
    return drawing.expand(-1, channels, -1, -1)


def fill_image(drawings: Tensor, sides: tuple[int, int]) -> Tensor:
    """Of each drawing (N, C, H, W) uint8 the inked part, in the square around its middle, at size `sides`.

    Where nothing is inked the image is empty.
    """
    return torch.cat([_filled(drawing, sides) for drawing in drawings.split(1)])


def _filled(drawing: Tensor, sides: tuple[int, int]) -> Tensor:
    inked = drawing.amax((0, 1)).nonzero()
    if not len(inked):
        return drawing.new_zeros(*drawing.shape[:2], *sides)
    low, high = inked.amin(0), inked.amax(0) + 1
    side = int((high - low).max())
    top, left = ((low + high - side).div(2, rounding_mode="floor") + side).tolist()
    part = F.pad(drawing, (side, side, side, side))[:, :, top : top + side, left : left + side]
    return F.interpolate(part.float(), sides, mode="bilinear", antialias=True).round().to(torch.uint8)


def is_filled(info: WeightsInfo) -> bool:
    """Whether the signs in the images that the weights were trained on reach to their edges."""
    return info.dataset in filled_names()


def is_bright(info: WeightsInfo) -> bool:
    """Whether the images that the weights were trained on are nearer to white than to black."""
    return sum(info.mean) / len(info.mean) > 0.5


def network_input(model: nn.Module, image: Tensor, normalised: bool = True) -> Tensor:
    """The float32 tensor (1, C, H, W) that `model` is fed for one image (1, C, H, W) uint8, on its device.

    A model that was loaded from a file is fed with its own mean and std, any other with those published
    for MNIST. Not `normalised`, it is only divided by 255.

    Raises:
        LabError: the model was trained on images of another shape.
    """
    info = _info(model)
    mean, std = (info.mean, info.std) if info else (_MNIST_MEAN, _MNIST_STD)
    wanted = info.in_shape if info else (1, 28, 28)
    check(
        tuple(image.shape) == (1, *wanted),
        "This network takes images of shape {wanted}, not {shape}.",
        wanted=wanted, shape=tuple(image.shape[1:]),
    )  # fmt: skip
    if not normalised:
        mean, std = (0.0,) * len(mean), (1.0,) * len(std)
    return normalise(image.to(next(model.parameters(), image).device), mean, std)


def input_logits(model: nn.Module, x: Tensor) -> Tensor:
    """Logits (classes,) float32 for one tensor (1, C, H, W) of `network_input`, in evaluation mode."""
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        with torch.inference_mode():
            logits: Tensor = model(x)[0].float().cpu()
    finally:
        for module in training:
            module.training = True
    return logits


def image_logits(model: nn.Module, image: Tensor) -> Tensor:
    """Logits (classes,) for one image (1, C, H, W) uint8; fed and raising as `network_input`."""
    return input_logits(model, network_input(model, image))


def predict_image(model: nn.Module, image: Tensor) -> Tensor:
    """Probabilities (classes,) for one image (1, C, H, W) uint8; fed and raising as `image_logits`."""
    return image_logits(model, image).softmax(0)


def predict_drawing(model: nn.Module, strokes: Strokes, size: tuple[int, int] = (280, 280)) -> Tensor:
    """Probabilities (classes,) for strokes drawn on a canvas of `size`, seen as `drawing_for` says.

    Raises:
        LabError: as `drawing_to_image` and `predict_image`.
    """
    return predict_image(model, drawing_for(model, drawing_to_image(strokes, size)))


def logits_score(logits: Tensor) -> float:
    """How much ten logits (10,) look like those of a digit, in [0, 1]: the sigmoid of their logsumexp.

    It is 1 minus the share of an eleventh class "no digit" whose logit is 0, and a monotone function of the
    logits' free energy (Liu et al. 2020, arXiv:2010.03759). Only for a network that was trained with such a
    class, as the shipped one was, is it a probability; in any other all logits may be shifted alike.
    """
    return float(logits.double().logsumexp(0).sigmoid())


def digit_score(model: nn.Module, strokes: Strokes, size: tuple[int, int] = (280, 280)) -> float:
    """How much a drawing looks like a digit, in [0, 1]; see `logits_score` for what that means.

    The shipped network's threshold is ``shipped_facts()["threshold"]``: what scores less is taken for
    no digit. Args and errors as `predict_drawing`.
    """
    return logits_score(image_logits(model, drawing_for(model, drawing_to_image(strokes, size))))


def _points(index: int, stroke: np.ndarray | Tensor) -> Tensor:
    """A stroke as (k, 2) float64."""
    try:
        array = np.asarray(stroke.detach().cpu().double() if isinstance(stroke, Tensor) else stroke)
    except (TypeError, ValueError):
        array = np.empty(0, object)
    check(array.dtype.kind in "biuf", "Stroke {index} is not an array of numbers.", index=index)
    points = torch.from_numpy(array.astype(np.float64, order="C"))  # torch takes no reversed array as it is
    if points.numel() == 0:
        return points.new_zeros(0, 2)
    check(
        points.ndim == 2 and points.shape[1] == 2,
        "Stroke {index} has shape {shape}; it should be (points, 2).",
        index=index, shape=tuple(points.shape),
    )  # fmt: skip
    return points


def _canvas(size: tuple[float, float]) -> Tensor:
    """Width and height (2,)."""
    try:
        canvas = torch.as_tensor(size, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        canvas = torch.zeros(0)
    check(
        canvas.shape == (2,) and bool((canvas > 0).all() & torch.isfinite(canvas).all()),
        "The canvas's size is {size}; it should be a width and a height above 0, in pixels.",
        size=repr(size),
    )  # fmt: skip
    return canvas


def _info(model: nn.Module) -> WeightsInfo | None:
    return model.info if isinstance(model, TrainedModel) else None
