"""Normalisation done right, and the ways in which it usually goes wrong."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from nnlab.data.dataset import Dataset
from nnlab.transforms.numbers import as_tensor
from nnlab.transforms.pipeline import Pipeline, pipeline
from nnlab.transforms.registry import starting_options

_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def _own(data: Dataset) -> dict[str, tuple[float, ...]]:
    return starting_options("normalise", data.shape, data.mean, data.std)


def _right(data: Dataset) -> Pipeline:
    return pipeline("to_float", ("normalise", _own(data)))


def _unscaled(data: Dataset) -> Pipeline:
    return pipeline(("to_float", {"scale": False}), ("normalise", _own(data)))


def _imagenet(data: Dataset) -> Pipeline:
    """Of three channels; a grey image gets their mean, as is often done."""
    colour = data.shape[0] == 3
    taken = {k: v if colour else (round(sum(v) / 3, 4),) for k, v in _IMAGENET.items()}
    return pipeline("to_float", ("normalise", taken))


def _swapped(data: Dataset) -> Pipeline:
    own = _own(data)
    small = tuple(max(1e-4, value) for value in own["mean"])
    return pipeline("to_float", ("normalise", {"mean": own["std"], "std": small}))


def _twice(data: Dataset) -> Pipeline:
    return pipeline("to_float", ("normalise", _own(data)), ("normalise", _own(data)))


RIGHT = _right
WRONG: dict[str, Callable[[Dataset], Pipeline]] = {
    "unscaled": _unscaled,
    "imagenet": _imagenet,
    "swapped": _swapped,
    "twice": _twice,
}


def applied(steps: Pipeline, images: Tensor) -> Tensor:
    """The steps, none of them random, on uint8 images (N, C, H, W) at once; float32."""
    return as_tensor(steps.build()(images))
