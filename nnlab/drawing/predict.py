"""A drawing as the network sees it, and what the network says of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.data.ink import ink_strokes
from nnlab.errors import check
from nnlab.training.batches import normalise
from nnlab.training.weights import TrainedModel, WeightsInfo

# Published for MNIST; for a model that does not say what it was trained on.
_MNIST_MEAN, _MNIST_STD = (0.1307,), (0.3081,)
_DOT = 0.015  # a drawing smaller than this share of the canvas is a dot, however the hand trembled

Strokes = Sequence[np.ndarray | Tensor]


def drawing_to_image(strokes: Strokes, size: tuple[int, int] = (280, 280)) -> Tensor:
    """Strokes of a pen -> the image (1, 1, 28, 28) uint8 by MNIST's conventions (see `nnlab.data.ink`).

    Args:
        strokes: one (k, 2) array of x, y (y down) for each time the pen was down, in canvas pixels.
        size: width and height of the canvas. Where on it the drawing lies, and how large it is, does
            not matter, unless it is so small that it can only be a dot.

    Raises:
        LabError: nothing is drawn, or a stroke is not (k, 2) finite numbers.
    """
    points = [torch.as_tensor(stroke, dtype=torch.float64) for stroke in strokes]
    drawn = [stroke for stroke in points if stroke.ndim == 2 and stroke.numel()]
    if drawn and len(drawn) == len(points):
        every = torch.cat(drawn)
        extent = (every.max(0).values - every.min(0).values).max()
        if extent < _DOT * max(size):
            points = [every.mean(0, keepdim=True)]
    return ink_strokes(points)


def drawing_for(model: nn.Module, drawing: Tensor) -> Tensor:
    """The image (1, C, H', W') uint8 that `model` is given for a drawing (1, 1, H, W) uint8, light on dark.

    It has the size of the images the model was trained on (28x28 for a model that does not say). Where those
    are bright on the whole, as pictures of dark ink on light paper are, so is this one; in colour, all
    channels are equal.
    """
    info = _info(model)
    if info is None:
        return drawing
    channels, *sides = info.in_shape
    if list(drawing.shape[2:]) != sides:
        resized = F.interpolate(drawing.float(), sides, mode="bilinear", antialias=True)
        drawing = resized.round().to(torch.uint8)
    if is_bright(info):
        drawing = 255 - drawing
    return drawing.expand(-1, channels, -1, -1)


def is_bright(info: WeightsInfo) -> bool:
    """Whether the images that the weights were trained on are nearer to white than to black."""
    return sum(info.mean) / len(info.mean) > 0.5


def predict_image(model: nn.Module, image: Tensor) -> Tensor:
    """Probabilities (classes,) for one image (1, C, H, W) uint8, on the model's device, in evaluation mode.

    A model that was loaded from a file is fed with its own mean and std, any other with those published
    for MNIST.

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
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        logits = model(normalise(image.to(device), mean, std))
        probabilities = logits[0].float().softmax(0).cpu()
    model.train(was_training)
    return probabilities


def predict_drawing(model: nn.Module, strokes: Strokes, size: tuple[int, int] = (280, 280)) -> Tensor:
    """Probabilities (classes,) for strokes drawn on a canvas of `size`, seen as `drawing_for` says.

    Raises:
        LabError: as `drawing_to_image` and `predict_image`.
    """
    return predict_image(model, drawing_for(model, drawing_to_image(strokes, size)))


def _info(model: nn.Module) -> WeightsInfo | None:
    return model.info if isinstance(model, TrainedModel) else None
