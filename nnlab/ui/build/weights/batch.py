"""The batch that goes through a network to see what becomes of its numbers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.data import load_dataset
from nnlab.training.batches import normalise
from nnlab.ui.build.weights.chosen import Chosen

_MOST_SAMPLES = 64
_MOST_BYTES = 2**28  # of activations and of their gradients


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples `x` (N, C, H, W) normalised and their `labels` (N,); `code` is Python that makes both."""

    x: Tensor
    labels: Tensor
    code: str


def batch_size(chosen: Chosen) -> int:
    """As many samples as are worth it, fewer where the network makes much of each."""
    rows = chosen.architecture.trace(chosen.in_shape, chosen.classes)
    bytes_each = 2 * sum(row.activation_bytes for row in rows)
    return max(2, min(_MOST_SAMPLES, _MOST_BYTES // max(1, bytes_each)))


def batch(chosen: Chosen, seed: int) -> Batch:
    """Training images drawn by `seed`; random numbers where the images are not on this machine."""
    generator = torch.Generator().manual_seed(seed)
    count = batch_size(chosen)
    head = f"g = torch.Generator().manual_seed({seed})\n"
    if chosen.data is None:
        x = torch.randn(count, *chosen.in_shape, generator=generator)
        labels = torch.randint(chosen.classes, (count,), generator=generator)
        shape = ", ".join(map(str, (count, *chosen.in_shape)))
        return Batch(
            x, labels,
            f"{head}x = torch.randn({shape}, generator=g)\n"
            f"labels = torch.randint({chosen.classes}, ({count},), generator=g)",
        )  # fmt: skip
    data = load_dataset(chosen.data)
    index = torch.randperm(len(data.train), generator=generator)[:count]
    return Batch(
        normalise(data.train.images[index], data.mean, data.std), data.train.labels[index],
        f"data = nnlab.load_dataset({chosen.data!r})\n"
        "mean, std = torch.tensor(data.mean)[:, None, None], torch.tensor(data.std)[:, None, None]\n"
        f"{head}index = torch.randperm(len(data.train), generator=g)[:{count}]\n"
        "x = (data.train.images[index] / 255 - mean) / std\n"
        "labels = data.train.labels[index]",
    )  # fmt: skip
