"""A network as `torch.export` keeps it: a graph of torch's own operations with its weights, without any class
of ours. ``torch.export.load(file).module()`` is the network again, wherever torch is.

https://docs.pytorch.org/docs/stable/export.html
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from nnlab.nets.layers import Shape
from nnlab.randomness import seeded


def export_program(model: nn.Module, in_shape: Shape) -> bytes:
    """The content of a ``.pt2`` file: `model` in evaluation mode, for batches of any size of `in_shape`
    (C, H, W)."""
    content = io.BytesIO()
    with alone():
        torch.export.save(traced(evaluating(model), in_shape), content)
    return content.getvalue()


@contextmanager
def alone() -> Iterator[None]:
    """For tracing, which sets switches of the whole process and moves its generator of random numbers: one
    model at a time, and nobody draws weights meanwhile.

    For that while, a tenth of a second to two, other threads compute without oneDNN: more slowly, and rounded
    otherwise in the last place.
    """
    with seeded(0):
        yield


def traced(model: nn.Module, in_shape: Shape) -> ExportedProgram:
    """The operations of `model`, which nobody else may use meanwhile; call it within `alone`.

    Where the source code lies on this machine, which torch would note for every operation, is left out.
    """
    example = torch.zeros(2, *in_shape)
    with torch.no_grad():
        program = torch.export.export(model, (example,), dynamic_shapes=({0: Dim("batch", min=1)},))
    for module in program.graph_module.modules():
        for node in getattr(module, "graph", torch.fx.Graph()).nodes:
            node.meta.pop("stack_trace", None)
    return program


def evaluating(model: nn.Module) -> nn.Module:
    """`model` in evaluation mode, as modules of its own around the same tensors."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared).eval().cpu()
