"""What each layer of a model makes of an input, and the weights of its convolutions."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from nnlab.nets.branches import Concat, Residual
from nnlab.randomness import seeded_from


def feature_maps(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Run `model` on `x` and give each layer's output by its name, in the order in which they are computed.

    A layer is a module without modules inside, or one that joins branches; its name is that of
    ``named_modules()``, with `` (2)`` and so on where it is used again. Of outputs that are tuples, as those
    of recurrent layers, the first part is given; what is no tensor is left out. The tensors are copies, so
    layers that work in place do not change what stood before them. The model runs in the mode it is in; its
    buffers and torch's generator are left as they were.
    """
    found: dict[str, Tensor] = {}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        with (
            torch.no_grad(),
            seeded_from(torch.get_rng_state()) if model.training else nullcontext(),
            watched(model, lambda name, _, output: found.setdefault(name, output.detach().clone())),
        ):
            model(x)
    finally:
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(buffers[name])
    return found


@contextmanager
def watched(model: nn.Module, note: Callable[[str, Any, Tensor], object]) -> Iterator[None]:
    """Inside, each layer that this thread computes calls `note` with its name, input and output.

    Layers, names and outputs are those of `feature_maps`; the tensors are the layer's own, with their place
    in the graph of autograd.
    """
    uses = Counter[str]()
    here = threading.get_ident()  # others may use the same model meanwhile

    def hook(name: str) -> Any:
        def told(module: nn.Module, inputs: tuple[Any, ...], named: Mapping[str, Any], output: Any) -> None:
            value = output[0] if isinstance(output, tuple) else output
            if threading.get_ident() != here or not isinstance(value, Tensor):
                return
            uses[name] += 1
            given = next(iter((*inputs, *named.values())), None)
            note(name if uses[name] == 1 else f"{name} ({uses[name]})", given, value)

        return told

    handles = [
        module.register_forward_hook(hook(name), with_kwargs=True)
        for name, module in model.named_modules()
        if _is_layer(module)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _is_layer(module: nn.Module) -> bool:
    """Whether its output is one of its own; a branch without layers hands on what it is given."""
    if isinstance(module, Residual | Concat):
        return True
    return not any(module.children()) and not isinstance(module, nn.Sequential)


def filters(model: nn.Module) -> dict[str, Tensor]:
    """The weights (out, in/groups, kh, kw) of each convolution of `model`, by its name."""
    return {
        name: module.weight.detach()
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d)
    }
