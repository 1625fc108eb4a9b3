"""To another device or dtype and back: which calls give the very same tensor, and which a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.lessons.tensors.memory import share
from nnlab.lessons.tensors.promoting import name_of
from nnlab.lessons.tensors.refusal import Refused, asking_torch


@dataclass(frozen=True)
class Move:
    """A call on ``t``, or on ``far``, the tensor on the accelerator."""

    code: str
    call: Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Moved:
    """What a call gave.

    Attributes:
        same: whether it is ``t`` itself.
        shared: whether it lies in the memory of ``t``.
        refused: what PyTorch said instead.
    """

    code: str
    device: str = ""
    dtype: str = ""
    same: bool = False
    shared: bool = False
    refused: Refused | None = None
    tensor: Tensor | None = None


def moves(accelerator: str) -> list[Move]:
    """The calls, `accelerator` among them: the one that is there, or the one that most people have."""
    far = f't.to("{accelerator}")'
    return [
        Move('t.to("cpu")', lambda t: t.to("cpu")),
        Move("t.cpu()", lambda t: t.cpu()),
        Move('t.to("cpu", copy=True)', lambda t: t.to("cpu", copy=True)),
        Move("t.to(torch.float32)", lambda t: t.to(torch.float32)),
        Move("t.to(torch.float64)", lambda t: t.to(torch.float64)),
        Move("t.to(torch.float64).to(torch.float32)", lambda t: t.to(torch.float64).to(torch.float32)),
        Move(far, lambda t: t.to(accelerator)),
        Move(f"{far}.cpu()", lambda t: t.to(accelerator).cpu()),
        Move(f"t + {far}", lambda t: t + t.to(accelerator)),
        Move('t.to("meta")', lambda t: t.to("meta")),
        Move('t + t.to("meta")', lambda t: t + t.to("meta")),
    ]


def move(each: Move, t: Tensor) -> Moved:
    """Do one of them to ``t``, a float32 tensor on the CPU."""
    try:
        with asking_torch():
            found = each.call(t)
    except Refused as refused:
        return Moved(each.code, refused=refused)
    return Moved(
        each.code, str(found.device), name_of(found.dtype), found is t, share(found, t), tensor=found
    )
