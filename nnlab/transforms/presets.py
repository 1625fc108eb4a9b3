"""Pipelines to start from, suited to the images of a dataset."""

from __future__ import annotations

from collections.abc import Callable

from nnlab.data.dataset import Dataset
from nnlab.transforms.pipeline import Pipeline, pipeline
from nnlab.transforms.registry import starting_options

_BILINEAR = {"interpolation": "bilinear"}


def _plain(data: Dataset) -> Pipeline:
    return pipeline("to_image", "to_float")


def _usual(data: Dataset) -> Pipeline:
    own = starting_options("normalise", data.shape, data.mean, data.std)
    return pipeline("to_image", "to_float", ("normalise", own))


def _digits(data: Dataset) -> Pipeline:
    """Written signs lean, wander and differ in size; mirrored, they would be others."""
    moved = {"degrees": 10, "translate": 0.1, "scale": (0.9, 1.1), "shear": 5, **_BILINEAR}
    return Pipeline((*pipeline(("affine", moved)).steps, *_usual(data).steps))


def _photos(data: Dataset) -> Pipeline:
    """As is customary for CIFAR-10 since He and others (2015), and a little of other light."""
    side = data.shape[1]
    light = {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2}
    before = pipeline(
        ("random_crop", {"size": side, "padding": max(1, side // 8)}),
        "horizontal_flip",
        ("colour_jitter", light),
    )
    return Pipeline((*before.steps, *_usual(data).steps))


PRESETS: dict[str, Callable[[Dataset], Pipeline]] = {
    "plain": _plain,
    "usual": _usual,
    "digits": _digits,
    "photos": _photos,
}
