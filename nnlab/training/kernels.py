"""By which kernels a network is trained: how images lie in memory, and whether oneDNN may be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

# Samples in a batch. From here on convolutions are fastest with their channels last in memory; below,
# by torch's own kernels in place of oneDNN's (on the CPU: 1.1 times at one sample, 1.6 times at four).
CHANNELS_LAST_FROM = 16


@dataclass(frozen=True)
class Kernels:
    """What suits a network and a batch size.

    Attributes:
        channels_last: whether weights and images lie in memory with their channels last.
        onednn: whether convolutions on the CPU may be handed to oneDNN.
    """

    channels_last: bool
    onednn: bool


def kernels(model: nn.Module, batch_size: int) -> Kernels:
    """Those that are fastest: for networks without convolutions, what torch does anyway."""
    convolutional = any(isinstance(module, nn.Conv2d) for module in model.modules())
    small = batch_size < CHANNELS_LAST_FROM
    return Kernels(channels_last=convolutional and not small, onednn=not (convolutional and small))


@contextmanager
def onednn(enabled: bool) -> Iterator[None]:
    """Whether torch hands convolutions on the CPU to oneDNN; a switch of the whole process."""
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = enabled  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = before
