"""An activation as a curve, with its derivative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nnlab.errors import check
from nnlab.nets.layers import layer_kind, make_layer


@dataclass(frozen=True, eq=False)
class Curve:
    """`y` and its derivative `dy` at the ascending places `x`; all (points,) float32."""

    x: Tensor
    y: Tensor
    dy: Tensor


def activation_curve(
    kind: str, options: Mapping[str, Any], low: float = -5.0, high: float = 5.0, points: int = 401
) -> Curve:
    """An activation of the registry from `low` to `high`; the derivative is autograd's.

    Raises:
        LabError: the kind is no activation, an option is bad, or there is nothing from low to high.
    """
    check(layer_kind(kind).family == "activation", "{kind} is not an activation.", kind=kind)
    check(low < high, "The curve runs from {low} to {high}: the first must be less.", low=low, high=high)
    layer = make_layer(kind, (points,), options)
    x = torch.linspace(low, high, points, requires_grad=True)
    with torch.enable_grad():
        y = layer(x.unsqueeze(0))[0]
        (dy,) = torch.autograd.grad(y.sum(), x)
    return Curve(x.detach(), y.detach(), dy)
