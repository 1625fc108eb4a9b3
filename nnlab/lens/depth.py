"""What becomes of activations and of gradients on their way through a network, layer by layer.

A network learns where both keep their size from end to end. What sets it at first is the initialisation: with
too small weights they vanish, with too large ones they explode (Glorot & Bengio, 2010; He et al., 2015). The
networks looked at are those of `Architecture.build`; layers that work in place are not covered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.dropout import _DropoutNd

from nnlab.lens.spread import Spread
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.branches import JOINS
from nnlab.randomness import seeded

_JOINS = tuple(join.module for join in JOINS.values())


@dataclass(frozen=True)
class Signal:
    """One layer on one batch.

    Attributes:
        name: as in `Architecture.trace`.
        output: of what comes out of it.
        gradient: of the gradient of the loss with respect to that output; None where the loss does not depend
            on it.
        weight: of its weight; None where it has none.
        weight_gradient: of the gradient of the loss with respect to the weight.
    """

    name: str
    output: Spread
    gradient: Spread | None
    weight: Spread | None = None
    weight_gradient: Spread | None = None


@dataclass(frozen=True)
class Depth:
    """A batch on its way forward and back: what goes in, and every layer in the order of `trace`."""

    loss: float
    input: Signal
    layers: tuple[Signal, ...]


def through_depth(model: nn.Module, x: Tensor, labels: Tensor, seed: int = 0) -> Depth:
    """Run `model` on the batch `x` (N, C, H, W) and the mean cross-entropy against `labels` (N,) back.

    The model runs in the mode it is in; while training, dropout draws from `seed`. Its buffers, its gradients
    and torch's generator are left as they were.
    """
    x = x.detach().clone().requires_grad_()
    outputs: list[tuple[str, nn.Module, Tensor]] = []

    def note(name: str, module: nn.Module) -> Any:
        return lambda _module, _inputs, output: outputs.append((name, module, output))

    handles = [
        module.register_forward_hook(note(name, module))
        for name, module in model.named_modules()
        if isinstance(module, _JOINS) or not (isinstance(module, nn.Sequential) or any(module.children()))
    ]
    try:
        # What changes on the way must not be put back before autograd has used it.
        with torch.enable_grad(), _kept_buffers(model):
            with _drawing(model, seed):
                loss = F.cross_entropy(model(x), labels)
            weights = {name: _weight(module) for name, module, _ in outputs}
            wanted = [
                x,
                *(output for _, _, output in outputs),
                *(w for w in weights.values() if w is not None),
            ]
            found = iter(torch.autograd.grad(loss, wanted, allow_unused=True))
    finally:
        for handle in handles:
            handle.remove()
    entered = Signal("input", Spread.of(x), _spread(next(found)))
    passed = [(name, Spread.of(output), _spread(next(found))) for name, _, output in outputs]
    layers = tuple(
        Signal(name, output, gradient)
        if (weight := weights[name]) is None
        else Signal(name, output, gradient, Spread.of(weight), _spread(next(found)))
        for name, output, gradient in passed
    )
    return Depth(float(loss.detach()), entered, layers)


def deep_chain(activation: str, layers: int = 10, width: int = 100) -> Architecture:
    """So many linear layers of `width` units with `activation` (a kind of layer) between them."""
    hidden = [LayerSpec("linear", {"out_features": width}), LayerSpec(activation)] * (layers - 1)
    return sequence(f"{layers} x linear, {activation}", "flatten", *hidden, "linear")


def _weight(module: nn.Module) -> Tensor | None:
    weight = getattr(module, "weight", None)
    return weight if isinstance(weight, nn.Parameter) and weight.requires_grad else None


def _spread(values: Tensor | None) -> Spread | None:
    return None if values is None else Spread.of(values)


def _drawing(model: nn.Module, seed: int) -> AbstractContextManager[None]:
    """Inside, dropout draws from `seed`; where there is none, nobody else has to wait for the generator."""
    draws = model.training and any(isinstance(module, _DropoutNd) for module in model.modules())
    return seeded(seed) if draws else nullcontext()


@contextmanager
def _kept_buffers(model: nn.Module) -> Iterator[None]:
    """Inside, `model` may change its buffers, such as running means; afterwards they are as before."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        yield
    finally:
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(before[name])
