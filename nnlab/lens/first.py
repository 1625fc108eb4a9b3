"""The first layer of a network: its weights as pictures, and what a convolution makes of one image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.errors import LabError
from nnlab.lens.windows import axes
from nnlab.nets.layers import Shape


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """``maps[k, y, x] = sum(seen[c, y*stride + i, x*stride + j] * filters[k, c, i, j]) + bias[k]``.

    `seen` (C, H, W) is what reaches the convolution, its padding included; `filters` (K, C, h, w),
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
    rows, columns = axes(layer, (seen.shape[1], seen.shape[2], seen.shape[3]))
    around = (columns.before, columns.after, rows.before, rows.after)
    seen = nn.functional.pad(seen, around, "constant" if rows.mode == "zeros" else rows.mode)
    bias = layer.bias if layer.bias is not None else torch.zeros(layer.out_channels)
    tensors = (seen[0], layer.weight, bias, maps[0])
    padded, filters, offsets, found = (tensor.detach().float().cpu().contiguous() for tensor in tensors)
    return FirstLayer(padded, filters, offsets, found, stride=int(layer.stride[0]))


def first_layer_maps(weight: Tensor, in_shape: Shape) -> Tensor:
    """Weights -> (units, channels, height, width), unchanged values.

    Args:
        weight: (out, in, k, k) of a convolution, or (out, C*H*W) of a linear layer on flattened images,
            each row of which is a template as large as the image.
        in_shape: (C, H, W) of the images.

    Raises:
        LabError: a linear weight that does not belong to images of that shape.
    """
    if weight.ndim == 4:
        return weight
    channels, height, width = in_shape
    if weight.ndim != 2 or weight.shape[1] != channels * height * width:
        raise LabError(
            "A weight of shape {weight} does not look at images of {channels} x {height} x {width}.",
            weight=tuple(weight.shape), channels=channels, height=height, width=width,
        )  # fmt: skip
    return weight.reshape(-1, channels, height, width)
