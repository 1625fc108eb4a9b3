"""What the images of each class have in common: their mean image, and how much each pixel varies."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nnlab.data.dataset import Split

_AT_ONCE = 256  # images whose sums of squares, at most 256 * 255**2 < 2**24, float32 holds exactly

_guard = threading.Lock()
_kept: weakref.WeakKeyDictionary[Split, Moments] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Moments:
    """For K classes: counts (K,) int64; mean and (population) variance images (K, C, H, W) float64.

    Pixels are values in [0, 1]. Of a class without images both are NaN.
    """

    counts: Tensor
    mean: Tensor
    variance: Tensor


def class_moments(split: Split, classes: int) -> Moments:
    """The moments of a split whose labels lie in 0 to `classes` - 1; computed once for the same object.

    Exact up to the last divisions: the sums of the values and of their squares are integers, formed in
    float32 over few enough images, then in int64.
    """
    with _guard:
        found = _kept.get(split)
    if found is None:
        found = _moments(split, classes)
        with _guard:
            _kept[split] = found
    return found


def _moments(split: Split, classes: int) -> Moments:
    images = split.images.flatten(1).numpy()
    labels = split.labels.numpy()
    counts = np.bincount(labels, minlength=classes)
    sums = np.zeros((2, classes, images.shape[1]), np.int64)
    places = np.split(np.argsort(labels, kind="stable"), counts.cumsum()[:-1])
    for label, of_class in enumerate(places):
        for start in range(0, len(of_class), _AT_ONCE):
            values = images[of_class[start : start + _AT_ONCE]].astype(np.float32)
            sums[0, label] += values.sum(0).astype(np.int64)
            sums[1, label] += np.einsum("np,np->p", values, values).astype(np.int64)
    n = counts[:, None].astype(np.float64)
    with np.errstate(invalid="ignore"):  # 0 / 0 of an empty class
        mean = sums[0] / n / 255
        variance = (counts[:, None] * sums[1] - sums[0] ** 2) / n**2 / 255**2
    shape = (classes, *split.images.shape[1:])
    return Moments(
        torch.from_numpy(counts),
        torch.from_numpy(mean).view(shape),
        torch.from_numpy(variance).view(shape),
    )
