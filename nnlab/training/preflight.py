"""What can be known to go wrong before a training starts."""

from __future__ import annotations

import math

import torch

from nnlab.devices import detect_device, free_memory
from nnlab.errors import LabError, check
from nnlab.nets.architecture import Row
from nnlab.nets.cost import TrainingCost, training_cost
from nnlab.nets.layers import Shape
from nnlab.training.losses import loss_function
from nnlab.training.optim import optimizer_kind
from nnlab.training.recipe import RunSpec

_COMPARE = ("batch_norm1d", "batch_norm2d")  # need more than one value a channel while training


def preflight(
    spec: RunSpec, in_shape: Shape, classes: int, samples: int, device: torch.device | None = None
) -> list[Row]:
    """The traced layers of `spec`, which can be trained on `samples` images of `in_shape` (C, H, W).

    Raises:
        ShapeError: the network does not take the images.
        LabError: a bad recipe, a batch larger than the data, a batch of one where a layer compares samples,
            or more memory needed than is free.
    """
    spec.validate()
    recipe = spec.recipe
    check(
        recipe.batch_size <= samples,
        "The batch size is {value}, but {dataset} has only {samples} training samples.",
        value=recipe.batch_size, dataset=spec.dataset, samples=samples,
    )  # fmt: skip
    rows = spec.architecture.trace(in_shape, classes)
    check(
        any(row.params for row in rows),
        "The architecture {name} has no weights, so there is nothing to train.",
        name=spec.architecture.name,
    )
    smallest = samples % recipe.batch_size or recipe.batch_size
    for row in rows:
        check(
            smallest > 1 or row.kind not in _COMPARE or math.prod(row.out_shape[1:]) > 1,
            "{layer} compares the samples of a batch, but of {samples} samples in batches of {batch} the "
            "last batch has only one: take another batch size.",
            layer=row.name, samples=samples, batch=recipe.batch_size,
        )  # fmt: skip
    check_memory(spec, in_shape, classes, samples, device)
    return rows


def check_memory(
    spec: RunSpec, in_shape: Shape, classes: int, samples: int, device: torch.device | None = None
) -> None:
    """Raise `LabError` where training `spec` on `samples` images of `in_shape` (C, H, W) needs more memory
    than is free; it says how much, and which batches would fit."""
    device = device or detect_device()
    batch, data = spec.recipe.batch_size, samples * math.prod(in_shape)
    cost = cost_of(spec, in_shape, classes, device)
    needed, free = cost.peak(batch, data), free_memory(device)
    if needed <= free:
        return
    largest = cost.largest_batch(free, data)
    if largest:
        raise LabError(
            "Training {name} with batches of {batch} needs about {needed} GB of memory, and {device} has "
            "{free} GB free: the largest batch that fits is {largest}.",
            name=spec.architecture.name, batch=batch, needed=_gigabytes(needed), device=device.type,
            free=_gigabytes(free), largest=largest,
        )  # fmt: skip
    raise LabError(
        "Training {name} needs about {needed} GB of memory even with batches of one, {weights} GB of them "
        "for its weights, their gradients and copies, and {device} has {free} GB free: take a smaller "
        "network.",
        name=spec.architecture.name, needed=_gigabytes(cost.peak(1, data)), weights=_gigabytes(cost.alone),
        device=device.type, free=_gigabytes(free),
    )  # fmt: skip


def cost_of(spec: RunSpec, in_shape: Shape, classes: int, device: torch.device | None = None) -> TrainingCost:
    """What training `spec` on images of `in_shape` (C, H, W) takes of memory.

    Computing in bfloat16 is taken to need what float32 does: it keeps less, but of the weights a copy.

    Raises:
        ShapeError: the network does not take the images.
    """
    recipe = spec.recipe
    return training_cost(
        spec.architecture, in_shape, classes, optimizer_kind(recipe.optimizer).state_per_parameter,
        loss_function(recipe.loss), on_cpu=(device or detect_device()).type == "cpu",
    )  # fmt: skip


def _gigabytes(count: int) -> float:
    return round(count / 1e9, 1)
