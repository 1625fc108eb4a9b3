"""What train() and eval() change: dropout, and the statistics of batch normalisation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.lessons.saving.network import Net, build, images
from nnlab.lessons.saving.story import after

_MATES = 7


@dataclass(frozen=True, eq=False)
class Passes:
    """The probabilities (P, 10) of one image in P passes, and of the image among other companions.

    repeated: the image five times in the same batch of eight.
    companions: the image in three batches, each time with seven others.
    running: the first layer's running means (P + 1, 8) before the passes and after each of `repeated`.
    """

    repeated: Tensor
    companions: Tensor
    running: Tensor


def passes(training: bool, drop: bool, norm: bool, image: int = 0, seed: int = 0, count: int = 5) -> Passes:
    """Forward passes without gradients of a network after 40 training steps.

    Args:
        training: whether the network is in training mode.
        drop, norm: whether that layer follows the mode; otherwise it stays in evaluation mode.
        image: which of the built-in images. seed: of what dropout draws.
    """
    net = _trained(training, drop, norm)
    x, _ = images()
    mates = [torch.arange(i, i + _MATES) for i in (100, 200, 300)]
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        running = [net.norm.running_mean.clone()]  # type: ignore[union-attr]
        repeated = []
        for _ in range(count):
            repeated.append(_first(net, x, image, mates[0]))
            running.append(net.norm.running_mean.clone())  # type: ignore[union-attr]
        net = _trained(training, drop, norm)
        companions = []
        for others in mates:
            torch.manual_seed(seed)  # the same dropout, so that only the company changes
            companions.append(_first(net, x, image, others))
    return Passes(torch.stack(repeated), torch.stack(companions), torch.stack(running))


def alone() -> str:
    """PyTorch's error for a single sample in training mode, in front of BatchNorm1d."""
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    try:
        net(torch.zeros(1, 4))
    except ValueError as error:
        return str(error)
    return ""


def _trained(training: bool, drop: bool, norm: bool) -> Net:
    net = build(0)
    net.load_state_dict(after(("train",) * 4).state)
    net.train(training)
    net.drop.train(training and drop)
    net.norm.train(training and norm)
    return net


def _first(net: Net, x: Tensor, image: int, others: Tensor) -> Tensor:
    out: Tensor = net(torch.cat((x[image : image + 1], x[others])))
    return out[0].softmax(0)
