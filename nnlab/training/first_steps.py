"""The first steps of the smallest network, to compare ways of preparing its images."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.randomness import seeded


def first_losses(
    images: Tensor, labels: Tensor, classes: int, steps: int = 30, lr: float = 0.1, seed: int = 0
) -> list[float]:
    """Cross-entropy of one linear layer before each of so many steps of plain SGD on all images, and after.

    Args:
        images: float32 (N, C, H, W).
        labels: int64 (N,).
        seed: of the weights, which PyTorch chooses as for any `nn.Linear`.
    """
    inputs = images.flatten(1)
    with seeded(seed):
        model = nn.Linear(inputs.shape[1], classes)
    parameters = list(model.parameters())
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(inputs), labels)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():  # as torch.optim.SGD, which takes a second to be imported
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=lr)
    with torch.no_grad():
        losses.append(F.cross_entropy(model(inputs), labels).item())
    return losses
