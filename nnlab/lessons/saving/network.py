"""The small network of the page, with the two layers that behave differently in training: see `Net`."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from nnlab.data import load_dataset

BATCH = 64


class Net(nn.Module):
    """(N, 1, 28, 28) -> (N, 10): a convolution, batch normalisation, dropout, and two linear layers."""

    def __init__(self, hidden: int = 32, last: str = "out") -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, kernel_size=5, stride=3)
        self.norm = nn.BatchNorm2d(8)
        self.hidden = nn.Linear(8 * 8 * 8, hidden)
        self.drop = nn.Dropout(0.5)
        self.last = last
        setattr(self, last, nn.Linear(hidden, 10))

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x)).relu().flatten(1)
        out: Tensor = getattr(self, self.last)(self.drop(self.hidden(x).relu()))
        return out


def build(seed: int, hidden: int = 32, last: str = "out") -> Net:
    """A network with the weights of that seed; the random numbers of others are left as they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Net(hidden, last)


@cache
def images() -> tuple[Tensor, Tensor]:
    """2,048 images (N, 1, 28, 28) float32 in [0, 1] of the built-in strokes, and their labels (N,)."""
    train = load_dataset("strokes").train
    return train.images[:2048] / 255, train.labels[:2048]
