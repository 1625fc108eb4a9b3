"""The weights of a first layer as pictures in the shape of what they look at."""

from __future__ import annotations

from torch import Tensor

from nnlab.errors import LabError
from nnlab.nets.layers import Shape


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
