"""A pipeline as the augmentation of a training.

The training makes floats of every image and normalises it with the dataset's own mean and std, the test
images too. So of a pipeline it takes what comes before that, and only what leaves an image that a test
image could be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nnlab.data.dataset import Dataset
from nnlab.errors import LabError, check
from nnlab.randomness import seeded_from
from nnlab.transforms.numbers import as_tensor
from nnlab.transforms.pipeline import Pipeline, Step, run

_CONVERSIONS = ("to_image", "to_float")
# Between the mean of a dataset and that of a part of it, or one written with four decimals.
_NEARLY = 0.01


def to_picture(image: Tensor) -> Image.Image:
    """The PIL image of a uint8 tensor (C, H, W), C = 1 or 3, as torchvision's `to_pil_image` makes it."""
    array = image.numpy()
    return Image.fromarray(array[0] if len(array) == 1 else np.ascontiguousarray(array.transpose(1, 2, 0)))


def training_part(pipeline: Pipeline, data: Dataset) -> Pipeline:
    """The steps of `pipeline` that augment a training on `data`; none where it only converts and normalises.

    The conversions and the dataset's own Normalize at its end are left out: the training does them itself.

    Raises:
        LabError: it cannot work, or its images would differ in shape or in kind from the test images.
    """
    steps = list(pipeline.validate().active)
    last = [*_CONVERSIONS, "normalise"]
    while steps and steps[-1].kind in last:
        _check_conversion(steps[-1], data)
        if steps.pop().kind == "normalise":
            last.remove("normalise")  # a second one the training would not do
    for step in steps:
        title = step.entry.title
        check(
            step.kind != "normalise",
            "{title} stands before other steps, but the training normalises last, after all of them: put it "
            "at the end, or take it out.",
            title=title,
        )  # fmt: skip
        _check_conversion(step, data)
        check(
            not step.entry.always_recolours(step.complete),
            "{title} changes every training image and no test image: a network that learns from these does "
            "not know the others. Take it out, or give it a probability below 1.",
            title=title,
        )  # fmt: skip
    check(
        not steps or any(step.entry.random for step in steps),
        "All steps do the same to every training image and nothing to a test image. An augmentation draws "
        "something at random.",
    )
    part = Pipeline(tuple(steps))
    found = part.trace(to_picture(data.train.images[0]))[-1].numbers.shape
    check(
        found == data.shape,
        "The pipeline makes {found} of {shape}, but test images stay {shape}: add a step that brings it "
        "back, or take the one out that changes it.",
        found=_times(found), shape=_times(data.shape),
    )  # fmt: skip
    return part


def _check_conversion(step: Step, data: Dataset) -> None:
    options = step.complete
    check(
        options.get("scale", True) is not False,
        "{title} without scale leaves values up to 255; test images lie in 0 to 1. Switch scale on.",
        title=step.entry.title,
    )
    if step.kind == "normalise" and not (
        _close(options["mean"], data.mean) and _close(options["std"], data.std)
    ):
        raise LabError(
            "{title} takes mean {mean} and std {std}, but test images are normalised with those of the "
            "dataset, {data_mean} and {data_std}. Take these, or take the step out.",
            title=step.entry.title, mean=_listed(options["mean"]), std=_listed(options["std"]),
            data_mean=_listed(data.mean), data_std=_listed(data.std),
        )  # fmt: skip


def _close(given: Sequence[float], measured: Sequence[float]) -> bool:
    each = list(given) * len(measured) if len(given) == 1 else list(given)
    return all(abs(a - b) <= _NEARLY for a, b in zip(each, measured, strict=True))


def _listed(values: Sequence[float]) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


class Augmenter:
    """Applies a pipeline to image after image, with a stream of random numbers of its own.

    The numbers are torchvision's, bit for bit: those of ``torch.manual_seed(seed)`` and the built pipeline,
    followed by ToImage and ToDtype(float32, scale=True) and called with one PIL image after the other. What
    these two do is done for many images at once. torch's own generator is left as it was.
    """

    def __init__(self, pipeline: Pipeline, seed: int) -> None:
        self._transform = pipeline.build()
        self._state = torch.Generator().manual_seed(seed).get_state()

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (N, C, H, W) on the CPU to float32 in [0, 1] of the same shape.

        Raises:
            LabError: torchvision refuses an image.
        """
        grey = images.shape[1] == 1
        arrays = images.numpy()[:, 0] if grey else images.permute(0, 2, 3, 1).contiguous().numpy()
        with seeded_from(self._state) as latest:
            made = [run(self._transform, Image.fromarray(array)) for array in arrays]
            self._state = latest()
        if isinstance(made[0], Tensor):
            return _scaled(torch.stack([as_tensor(value) for value in made]))
        pixels = torch.from_numpy(np.stack([np.asarray(value) for value in made]))
        return _scaled(pixels.unsqueeze(1) if grey else pixels.permute(0, 3, 1, 2).contiguous())


def _scaled(images: Tensor) -> Tensor:
    """As ToDtype makes floats of uint8: by a product, whose last bit is not always that of the quotient."""
    return images if images.is_floating_point() else images.to(torch.float32).mul_(1 / 255)
