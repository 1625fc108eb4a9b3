"""From the uint8 images of a split to the float batches of an epoch, on the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from nnlab.data.dataset import Split
from nnlab.transforms.training import Augmenter

# Values gathered and normalised at a time: enough to make the cost of the calls vanish even at batch
# size 1, few enough to stay in the processor's cache until they are used.
_CHUNK_VALUES = 2**19
# Images that torchvision's transforms take one by one: few, because the training waits for them.
_CHUNK_TRANSFORMED = 64
# Bytes; tensors of their own start at multiples of it. From elsewhere a product may have other last bits.
_ALIGNMENT = 64


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(images / 255 - mean) / std in float32, per channel, for uint8 images (N, C, H, W).

    Bitwise what torchvision's ToTensor and Normalize give. Floats are taken to lie in [0, 1] already.
    """
    shape = (1, -1, 1, 1)
    means = torch.tensor(mean, dtype=torch.float32, device=images.device).view(shape)
    stds = torch.tensor(std, dtype=torch.float32, device=images.device).view(shape)
    floats = images.clone() if images.is_floating_point() else images.to(torch.float32).div_(255)
    return floats.sub_(means).div_(stds)


def background(mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(C,) what a black pixel becomes by `normalise`."""
    return normalise(torch.zeros(1, len(mean), 1, 1, dtype=torch.uint8), mean, std).flatten()


class Batches:
    """The batches of a split, in a new order every epoch, from a tensor that lies on the device once.

    Iterating gives one epoch after the other without end: (images (B, C, H, W) float32 normalised,
    labels (B,) int64). The order of epoch e is the e-th ``torch.randperm(n, generator=g)`` with
    ``g = torch.Generator().manual_seed(seed)``; the last batch of an epoch may be short. With an
    `augmenter`, each image goes through it on the CPU, in that order, before it is normalised.
    """

    def __init__(
        self,
        split: Split,
        mean: Sequence[float],
        std: Sequence[float],
        batch_size: int,
        seed: int,
        device: torch.device,
        channels_last: bool = False,
        augmenter: Augmenter | None = None,
    ) -> None:
        self._images = split.images if augmenter else split.images.to(device)
        self._labels = split.labels.to(device)
        self._mean, self._std = mean, std
        self._batch_size, self._seed = batch_size, seed
        self._memory_format = torch.channels_last if channels_last else torch.contiguous_format
        values = self._images[0].numel()
        most = _CHUNK_TRANSFORMED if augmenter else _CHUNK_VALUES // values
        self._chunk = batch_size * max(1, most // batch_size)
        self._augmenter = augmenter
        # Whether batches within a chunk start where tensors of their own would not.
        self._shifted = bool(4 * values * batch_size % _ALIGNMENT)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(self._seed)
        while True:
            order = torch.randperm(len(self._labels), generator=generator).to(self._labels.device)
            for chunk in order.split(self._chunk):
                images = normalise(self._taken(chunk), self._mean, self._std)
                images = images.contiguous(memory_format=self._memory_format)
                batches = zip(
                    images.split(self._batch_size), self._labels[chunk].split(self._batch_size), strict=True
                )
                for some, labels in batches:
                    yield some.clone() if self._shifted else some, labels

    def _taken(self, chunk: Tensor) -> Tensor:
        """The images at these places (on the device), augmented, not yet normalised."""
        if self._augmenter is None:
            return self._images[chunk]
        return self._augmenter(self._images[chunk.cpu()]).to(self._labels.device)
