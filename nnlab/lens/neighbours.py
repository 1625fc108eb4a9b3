"""The training images that lie nearest to an image in the space of a network's last layer but one.

What reaches the last linear layer is what the network has made of an image when only a linear decision is
left. Two images that are close there are alike to the network, whatever they look like (Papernot and
McDaniel, "Deep k-nearest neighbors", 2018, arXiv:1803.04765). For a network of one layer these are the images
themselves. Distances are Euclid's.

Many images are computed once (`remember`, or ``python -m nnlab.lens.remembering`` for a process of its own)
and then compared with any number of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nnlab.data.dataset import Dataset
from nnlab.errors import LabError, check
from nnlab.files import replace
from nnlab.lens.forward import Last, forward
from nnlab.training.batches import normalise
from nnlab.training.weights import TrainedModel

MOST_IMAGES = 10_000
MOST_BYTES = 64 * 2**20  # of all images and their features
_TENSORS = ("features", "indices", "labels", "images")
_CHUNK_VALUES = 2**18  # of images computed at a time
_MARGIN = 32  # more candidates than are asked for, since the first look at all of them is less exact


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A training image (C, H, W) uint8: its index in the dataset, its label, and how far away it is."""

    index: int
    label: int
    distance: float
    image: Tensor


@dataclass(frozen=True, eq=False)
class Remembered:
    """Features of training images.

    `features` are (N, F) float32, `indices` (N,) those in the training split of `dataset`, which has `count`
    images; `labels` (N,) and `images` (N, C, H, W) uint8 are copies, so that the dataset need not be read.
    """

    features: Tensor
    indices: Tensor
    labels: Tensor
    images: Tensor
    dataset: str
    count: int

    def nearest(self, features: Tensor, k: int = 5) -> list[Neighbour]:
        """The `k` nearest to `features` (F,), the nearest first; of equal ones, the first of the dataset.

        Raises:
            LabError: these are not features of the same layer.
        """
        width = self.features.shape[1]
        check(
            tuple(features.shape) == (width,),
            "Compared are {width} features; {shape} was given.",
            width=width, shape=tuple(features.shape),
        )  # fmt: skip
        asked = features.detach().float()
        # |a - b|^2 = |b|^2 - 2 a b + |a|^2 is one product of a matrix and a vector, but loses digits where
        # the distance is small; so it only chooses which ones are then measured in full.
        rough = torch.addmv(self._squares, self.features, asked, alpha=-2)
        some = rough.topk(min(k + _MARGIN, len(rough)), largest=False).indices.sort().values
        distances = (self.features[some].double() - asked.double()).norm(dim=1)
        order = distances.argsort(stable=True)[:k]
        return [
            Neighbour(
                int(self.indices[some[at]]),
                int(self.labels[some[at]]),
                float(distances[at]),
                self.images[some[at]],
            )
            for at in order.tolist()
        ]

    @cached_property
    def _squares(self) -> Tensor:
        return self.features.square().sum(1)

    def save(self, path: Path) -> None:
        """Write them to `path`, which is replaced in one step."""
        tensors = {name: getattr(self, name) for name in _TENSORS}
        told = {"dataset": self.dataset, "count": str(self.count)}
        replace(path, lambda made: save_file(tensors, made, told), durable=False)

    @classmethod
    def load(cls, path: Path) -> Remembered:
        """What `save` wrote; raises `LabError` where it is absent or damaged."""
        try:
            with safe_open(path, framework="pt") as file:
                told = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in _TENSORS}
                return cls(**tensors, dataset=told["dataset"], count=int(told["count"]))
        except (OSError, SafetensorError, ValueError, LookupError) as error:
            raise LabError("{path} cannot be read ({reason}).", path=path, reason=repr(error)) from None


def features_of(model: TrainedModel, image: Tensor) -> Tensor:
    """(F,): what reaches the last linear layer for one normalised image (1, C, H, W).

    Raises:
        LabError: the network does not end with a linear layer.
    """
    return _last(model, image).inputs.detach()[0]


def remember(
    model: TrainedModel, data: Dataset, most: int = MOST_IMAGES
) -> Iterator[tuple[int, int] | Remembered]:
    """Compute the features of training images of `data`: again and again how many of how many are done, and
    at last what was found.

    Of a dataset with more than `most` images, or more than `MOST_BYTES` of images and features, a part is
    taken, drawn at random, the same every time.

    Raises:
        LabError: the network does not take these images, or does not end with a linear layer.
    """
    info = model.info
    check(
        data.shape == info.in_shape,
        "This network takes images of shape {wanted}, not {shape}.",
        wanted=info.in_shape, shape=data.shape,
    )  # fmt: skip
    images = data.train.images
    width = _last(model, normalise(images[:1], info.mean, info.std)).inputs.shape[1]
    count = min(len(images), most, max(1, MOST_BYTES // (4 * width + images[0].numel())))
    indices = torch.arange(len(images))
    if count < len(images):
        drawn = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        indices = drawn[:count].sort().values
    features = torch.empty(count, width)
    chunk = max(1, _CHUNK_VALUES // images[0].numel())
    for start in range(0, count, chunk):
        some = indices[start : start + chunk]
        features[start : start + len(some)] = _batch(model, normalise(images[some], info.mean, info.std))
        yield start + len(some), count
    yield Remembered(features, indices, data.train.labels[indices], images[indices], data.name, len(images))


def _batch(model: TrainedModel, batch: Tensor) -> Tensor:
    """(N, F): what reaches the last linear layer for a normalised batch."""
    linear = _last(model, batch[:1]).linear
    found: list[Tensor] = []

    def note(_module: Any, inputs: tuple[Tensor, ...]) -> None:
        found[:] = [inputs[0]]

    handle = linear.register_forward_pre_hook(note)
    try:
        with torch.inference_mode():
            model(batch)
    finally:
        handle.remove()
    return found[0].float()


def _last(model: TrainedModel, image: Tensor) -> Last:
    last = forward(model, image).last
    if last is None:
        raise LabError(
            "The last layer of this network is not linear, so it has no space to compare images in."
        )
    return last
