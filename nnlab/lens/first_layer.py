"""What the first convolution of a network makes of one image, with everything that goes into it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.errors import LabError


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """``maps[k, y, x] = sum(seen[c, y*stride + i, x*stride + j] * filters[k, c, i, j]) + bias[k]``.

    `seen` (C, H, W) is what reaches the convolution, its zero padding included; `filters` (K, C, h, w),
    `bias` (K,) and `maps` (K, H', W') are the layer's. All are float32 on the CPU.
    """

    seen: Tensor
    filters: Tensor
    bias: Tensor
    maps: Tensor
    stride: int


def first_layer(model: nn.Module, batch: Tensor) -> FirstLayer:
    """Run `model` on one normalised image (1, C, H, W) and note its first `nn.Conv2d`.

    Raises:
        LabError: the model has no convolution.
    """
    layer = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if layer is None:
        raise LabError("This network has no convolution to look into.")
    noted: list[tuple[Tensor, Tensor]] = []
    handle = layer.register_forward_hook(lambda _, inputs, output: noted.append((inputs[0], output)))
    try:
        with torch.inference_mode():
            model(batch)
    finally:
        handle.remove()
    seen, maps = noted[0]
    vertical, horizontal = (int(side) for side in layer.padding)
    seen = nn.functional.pad(seen, (horizontal, horizontal, vertical, vertical))
    bias = layer.bias if layer.bias is not None else torch.zeros(layer.out_channels)
    tensors = (seen[0], layer.weight, bias, maps[0])
    parts = (tensor.detach().float().cpu().contiguous() for tensor in tensors)
    return FirstLayer(*parts, stride=int(layer.stride[0]))
