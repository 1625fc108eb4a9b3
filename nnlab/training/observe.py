"""What is looked at on a clock tick: cheap because it happens a few times a second, not every step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from nnlab.training.events import Snapshot


def as_floats(losses: list[Tensor]) -> list[float]:
    """The values of scalar tensors, each written with as few digits as give the same float32 back."""
    return [float(str(value)) for value in torch.stack(losses).float().cpu().numpy().astype(np.float32)]


def is_finite(model: nn.Module) -> bool:
    """Whether every weight and buffer of `model` is finite."""
    floats = [tensor for tensor in model.state_dict().values() if tensor.is_floating_point()]
    return all(bool(torch.isfinite(tensor).all()) for tensor in floats)


def layer_statistics(model: nn.Module, images: Tensor) -> dict[str, dict[str, float]]:
    """For each layer with weights: the norm of its last gradient, and of its outputs on `images` the
    mean, the standard deviation and the share of exact zeros after the activation that follows it. Branches
    and their join count as one layer.

    Runs one forward pass without gradients, in evaluation mode.
    """
    statistics: dict[str, dict[str, float]] = {}
    was_training = model.training
    model.eval()
    last = ""
    with torch.inference_mode():
        x = images
        for name, layer in model.named_children():
            x = layer(x)
            gradients = [p.grad.flatten() for p in layer.parameters() if p.grad is not None]
            if gradients:
                last = name
                norm = torch.linalg.vector_norm(torch.cat(gradients))
                statistics[name] = {"grad_norm": float(norm)}
            if last:
                values = x.float()
                mean = values.mean()
                # A norm of the rest is far faster on the CPU than torch.std.
                std = torch.linalg.vector_norm(values - mean) / values.numel() ** 0.5
                found = {"mean": mean, "std": std, "zeros": (values == 0).float().mean()}
                statistics[last].update({key: float(value) for key, value in found.items()})
    model.train(was_training)
    return statistics


def first_weight(model: nn.Module, step: int) -> Snapshot:
    """The weight of the first layer that has one, under its name in the state_dict."""
    named = ((name, p) for name, p in model.named_parameters() if p.ndim >= 2)
    return copy_tensors(dict([next(named)]), step)


def copy_weights(model: nn.Module, step: int) -> Snapshot:
    """All weights and buffers."""
    return copy_tensors(model.state_dict(), step)


def copy_tensors(tensors: Mapping[str, Tensor], step: int) -> Snapshot:
    """A snapshot of copies on the CPU, contiguous, whatever the memory format they have in training."""
    return Snapshot(
        step, {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    )
