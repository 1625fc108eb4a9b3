"""A dataset as the lab holds it: each split one uint8 tensor, its labels, and what is measured of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nnlab.errors import DataError

if TYPE_CHECKING:
    from nnlab.data.division import Division


@dataclass(frozen=True, eq=False)
class Split:
    """Images (N, C, H, W) uint8 and labels (N,) int64, on the CPU."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Its splits, the class names, and the training split's mean and std per channel (of [0, 1] values).

    A dataset that was divided (`nnlab.data.division.divide`) may have a validation split, and says in
    `division` how it was.
    """

    name: str
    title: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    drawable: bool = False  # strokes of a pen, so that a drawing on the pad makes sense
    validation: Split | None = None
    division: Division | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    def validate(self) -> Dataset:
        """Return self; raise `DataError` where shapes, types or label values do not fit together."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        for split_name, split in splits.items():
            if split is None:
                continue
            images, labels = split.images, split.labels
            if images.dtype != torch.uint8 or images.ndim != 4 or tuple(images.shape[1:]) != self.shape:
                raise DataError(
                    "The {split} images of {name} are {dtype} {shape}; they should be uint8 (N, C, H, W).",
                    split=split_name, name=self.name, dtype=images.dtype, shape=tuple(images.shape),
                )  # fmt: skip
            if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
                raise DataError(
                    "The {split} labels of {name} are {dtype} {shape}; they should be int64 ({count},).",
                    split=split_name, name=self.name, dtype=labels.dtype, shape=tuple(labels.shape),
                    count=len(images),
                )  # fmt: skip
            if len(labels) == 0:
                raise DataError("The {split} split of {name} is empty.", split=split_name, name=self.name)
            low, high = int(labels.min()), int(labels.max())
            if low < 0 or high >= len(self.classes):
                raise DataError(
                    "The {split} labels of {name} run from {low} to {high}; with {classes} classes they "
                    "should lie in 0 to {last}.",
                    split=split_name, name=self.name, low=low, high=high, classes=len(self.classes),
                    last=len(self.classes) - 1,
                )  # fmt: skip
        return self

    def to_json(self) -> dict[str, Any]:
        """Everything but the tensors and how they were divided."""
        return {
            "name": self.name,
            "title": self.title,
            "classes": list(self.classes),
            "mean": list(self.mean),
            "std": list(self.std),
            "drawable": self.drawable,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], train: Split, test: Split) -> Dataset:
        """The inverse of `to_json`, given the tensors."""
        return cls(
            name=value["name"],
            title=value["title"],
            train=train,
            test=test,
            classes=tuple(value["classes"]),
            mean=tuple(value["mean"]),
            std=tuple(value["std"]),
            drawable=value["drawable"],
        ).validate()


def measure(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and (population) std per channel of uint8 images (N, C, H, W), as values in [0, 1].

    Exact up to the last division and root: the sums of the values and of their squares are integers. They
    are formed in float32 over rows of at most 256 pixels (256 * 255**2 < 2**24, so nothing is rounded) and
    from there in float64. By NumPy, in this thread alone: torch's threads would wait for each other at
    every small sum, which on a busy machine takes seconds.
    """
    count, channels, height, width = images.shape
    area = height * width
    row = max(size for size in range(1, 257) if area % size == 0)
    rows = images.numpy().reshape(count, channels, area // row, row)
    sums = np.zeros((2, channels))
    for start in range(0, count, 256):  # few enough images to stay in the processor's cache
        values = rows[start : start + 256].astype(np.float32)
        sums[0] += np.einsum("nckp->nck", values).sum((0, 2), dtype=np.float64)
        sums[1] += np.einsum("nckp,nckp->nck", values, values).sum((0, 2), dtype=np.float64)
    n = count * area
    means, stds = [], []
    for total, squares in sums.T.tolist():
        means.append(total / n / 255)
        stds.append(math.sqrt(n * int(squares) - int(total) ** 2) / n / 255)
    return tuple(means), tuple(stds)
