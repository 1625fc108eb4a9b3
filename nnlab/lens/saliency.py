"""Which pixels of an image, and which places of a layer, a class depends on.

- `saliency`: the gradient of a class's logit (Simonyan, Vedaldi, Zisserman, "Deep inside convolutional
  networks", 2013, arXiv:1312.6034), and the gradient times the image, which for a linear network without
  bias adds up to the logit.
- `grad_cam`: the maps of a layer weighted by the mean gradients of the logit (Selvaraju et al., "Grad-CAM",
  2017, arXiv:1610.02391).

Both belong to a logit, not to a probability: it does not depend on what speaks for the other classes. With
another class `against` it, they belong to the difference of the two logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import LabError
from nnlab.lens.forward import Forward


@dataclass(frozen=True, eq=False)
class Saliency:
    """All are (C, H, W); `gradient` is by the normalised image, `product` is that times the image."""

    gradient: Tensor
    product: Tensor

    @property
    def strength(self) -> Tensor:
        """(H, W): the largest magnitude of the gradient among the channels, as in the paper."""
        return self.gradient.abs().amax(0)


@dataclass(frozen=True, eq=False)
class Cam:
    """``relu(sum over k of weights[k] * maps[k])``.

    Attributes:
        layer: whose maps these are.
        weights: (K,), the mean over all places of the gradient of the logit by each map.
        coarse: (h, w), the result at the size of the maps.
        fine: (H, W), the same enlarged to the size of the image (bilinear).
    """

    layer: str
    weights: Tensor
    coarse: Tensor
    fine: Tensor


def saliency(seen: Forward, unit: int, against: int | None = None) -> Saliency:
    """How the logit of class `unit` depends on each value of the image.

    Raises:
        LabError: there is no such class.
    """
    gradient = seen.gradient(seen.image, unit, against)[0]
    return Saliency(gradient, gradient * seen.image.detach()[0])


def grad_cam(seen: Forward, unit: int, layer: str, against: int | None = None) -> Cam:
    """Where the maps of `layer` speak for class `unit`.

    Raises:
        LabError: no such layer, one that gives no maps, or no such class.
    """
    maps = seen.outputs.get(layer)
    if maps is None or maps.ndim != 4:
        raise LabError("{layer} gives no maps that Grad-CAM could weigh.", layer=layer)
    weights = seen.gradient(maps, unit, against)[0].mean((1, 2))
    coarse = torch.relu(torch.einsum("k,khw->hw", weights, maps.detach()[0]))
    size = seen.image.shape[2:]
    fine = F.interpolate(coarse[None, None], tuple(size), mode="bilinear", align_corners=False)[0, 0]
    return Cam(layer, weights, coarse, fine)


def cam_layers(model: nn.Module, seen: Forward) -> list[str]:
    """The layers with maps of more than one place, in order; empty for a network without a convolution."""
    convolutions = [name for name in seen.outputs if isinstance(_module(model, name), nn.Conv2d)]
    if not convolutions:
        return []
    return [name for name, output in seen.outputs.items() if output.ndim == 4 and output[0, 0].numel() > 1]


def usual_cam_layer(model: nn.Module, seen: Forward) -> str | None:
    """The last convolution with more than one place; None where there is none."""
    found = [name for name in cam_layers(model, seen) if isinstance(_module(model, name), nn.Conv2d)]
    return found[-1] if found else None


def _module(model: nn.Module, name: str) -> nn.Module:
    return model.get_submodule(name.split(" ")[0])
