"""How many samples a second a DataLoader hands over, with and without workers, against our resident tensor.

The DataLoader does what a tutorial's does: it opens each image as a PIL image, makes a float tensor of it,
normalises it, and stacks a batch of them. `Batches` takes all images of a batch out of one uint8 tensor and
normalises them at once. Neither trains anything.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset as Items
from torchvision.transforms import v2
from torchvision.transforms.functional import to_pil_image

from nnlab.data.dataset import Dataset
from nnlab.data.loaders import Loading
from nnlab.training.batches import Batches

SECONDS = 1.5  # that each way is measured for, from its first batch on
WORKERS = (0, 1, 2)


@dataclass(frozen=True)
class Rate:
    """What was measured of one way: `workers` is None for the resident tensor.

    `first` is how many seconds the first batch took, with the start of the workers; `rate` is the samples a
    second from then on.
    """

    workers: int | None
    first: float
    rate: float


def measure_loading(
    data: Dataset, loading: Loading, workers: Sequence[int] = WORKERS, seconds: float = SECONDS
) -> Iterator[Rate]:
    """Measure one way after the other over the training images; each takes about `seconds`.

    Raises:
        LabError: as `Loading.validate`.
    """
    items = _Items(data)
    batch_size = min(loading.batch_size, len(items))
    for count in workers:
        loader = Loading(batch_size, loading.sampler, True, loading.seed, count).loader(
            items, data.train.labels, num_workers=count, persistent_workers=count > 0
        )
        yield Rate(count, *_measured(_for_ever(loader), seconds))
    batches = Batches(data.train, data.mean, data.std, batch_size, loading.seed, torch.device("cpu"))
    yield Rate(None, *_measured(batches, seconds))


class _Items(Items[tuple[Tensor, int]]):
    """The training images, opened one by one."""

    def __init__(self, data: Dataset) -> None:
        self._split = data.train
        self._transform = v2.Compose(
            [
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(mean=list(data.mean), std=list(data.std)),
            ]
        )

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = to_pil_image(self._split.images[index])
        return self._transform(image), int(self._split.labels[index])


def _for_ever(loader: Iterable[Any]) -> Iterator[Any]:
    while True:
        yield from loader


def _measured(batches: Iterable[Any], seconds: float) -> tuple[float, float]:
    """The seconds until the first batch, and the samples a second from then on."""
    start = time.perf_counter()
    source = iter(batches)
    next(source)
    begun = now = time.perf_counter()
    samples = 0
    while now - begun < seconds:
        samples += len(next(source)[1])
        now = time.perf_counter()
    return begun - start, samples / (now - begun)
