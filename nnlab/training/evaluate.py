"""Loss and accuracy of a model on a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from nnlab.data.dataset import Split
from nnlab.training.batches import normalise
from nnlab.training.losses import Loss

_CHUNK = 1000  # samples at a time


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

    The model's mode and gradients are left as they were.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total = torch.zeros((), dtype=torch.float64)
    correct = torch.zeros((), dtype=torch.int64)
    try:
        with torch.inference_mode():
            for images, labels in zip(split.images.split(_CHUNK), split.labels.split(_CHUNK), strict=True):
                labels = labels.to(device)
                logits = model(normalise(images.to(device), mean, std))
                total += (loss(logits, labels).double() * len(labels)).cpu()
                correct += (logits.argmax(1) == labels).sum().cpu()
    finally:
        model.train(was_training)
    return Evaluation(float(total) / len(split), int(correct) / len(split))
