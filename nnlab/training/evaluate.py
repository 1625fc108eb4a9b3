"""Loss and accuracy of a model on a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from nnlab.data.dataset import Split
from nnlab.nets.alive import forward_pass
from nnlab.nets.cost import EVALUATED, samples_at_a_time
from nnlab.training.batches import normalise
from nnlab.training.losses import Loss


@dataclass(frozen=True)
class Evaluation:
    """The mean loss over all samples, and the share whose highest logit is the label's."""

    loss: float
    accuracy: float


def evaluate(
    model: nn.Module,
    split: Split,
    mean: Sequence[float],
    std: Sequence[float],
    loss: Loss = F.cross_entropy,
) -> Evaluation:
    """Run all of `split` through `model`, on the model's device and in evaluation mode.

    So many samples at a time as `chunk_size` says. The model's mode and gradients are left as they were.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total = torch.zeros((), dtype=torch.float64)
    correct = torch.zeros((), dtype=torch.int64)
    try:
        with torch.inference_mode():
            size = chunk_size(model, split.images.shape[1:])
            for images, labels in zip(split.images.split(size), split.labels.split(size), strict=True):
                labels = labels.to(device)
                logits = model(normalise(images.to(device), mean, std))
                total += (loss(logits, labels).double() * len(labels)).cpu()
                correct += (logits.argmax(1) == labels).sum().cpu()
    finally:
        model.train(was_training)
    return Evaluation(float(total) / len(split), int(correct) / len(split))


def chunk_size(model: nn.Module, in_shape: Sequence[int]) -> int:
    """How many samples of `in_shape` (C, H, W) `evaluate` takes at a time: 1000, or fewer where a forward
    pass of so many would need much memory (see `nnlab.nets.cost.samples_at_a_time`).

    The same for the same network on every machine, since the last bits of the loss depend on it.
    """
    try:
        return samples_at_a_time(forward_pass(model, tuple(in_shape)))
    except (NotImplementedError, RuntimeError):  # a model that looks at its values
        return EVALUATED
