"""Every layer tried on a tensor: the shape that comes out, or what PyTorch says."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

# By the dimensions that each looks at besides samples and channels; Linear looks at the last axis.
_SPATIAL = {"Conv1d": 1, "Conv2d": 2, "Conv3d": 3, "MaxPool1d": 1, "MaxPool2d": 2, "MaxPool3d": 3}


@dataclass(frozen=True)
class Trial:
    """A layer as its code, and what it makes of a tensor: `out`, or the `problem` in PyTorch's words.

    `as_one` says that the layer took the whole tensor for a single sample, its first axis for channels.
    """

    code: str
    out: tuple[int, ...] | None
    parameters: int
    problem: str = ""
    as_one: bool = False


def trials(x: Tensor) -> list[Trial]:
    """What each layer makes of `x`, whose second axis are channels; those that take it first."""
    channels, last = x.shape[1], x.shape[-1]
    codes = [
        f"Linear({last}, 10)",
        *(f"Conv{d}d({channels}, 8, kernel_size=3)" for d in (1, 2, 3)),
        *(f"BatchNorm{d}d({channels})" for d in (1, 2, 3)),
        *(f"MaxPool{d}d(2)" for d in (1, 2, 3)),
        "Flatten()",
    ]
    return sorted((_tried(code, x) for code in codes), key=lambda trial: trial.out is None or trial.as_one)


def _tried(code: str, x: Tensor) -> Trial:
    layer: nn.Module = eval(code, vars(nn).copy())
    parameters = sum(parameter.numel() for parameter in layer.parameters())
    try:
        with torch.no_grad():
            out = layer(x)
    except (RuntimeError, ValueError, IndexError) as error:
        return Trial(code, None, parameters, problem=str(error).partition("\n")[0])
    as_one = _SPATIAL.get(code.partition("(")[0]) == x.ndim - 1
    return Trial(code, tuple(out.shape), parameters, as_one=as_one)
