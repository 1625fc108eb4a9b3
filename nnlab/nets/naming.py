"""What others call the tensors of a network: torchvision, and an `nn.Sequential` without names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import torch
from torch import Tensor

from nnlab.nets.architecture import Architecture
from nnlab.nets.layers import Shape

# The networks of torchvision that presets are: `torchvision.models.<name>(num_classes=...)`.
TORCHVISION = ("resnet18", "alexnet", "vgg11", "vgg16")

Names = Mapping[str, str]  # theirs: ours, in the order of the network


def expected_tensors(architecture: Architecture, in_shape: Shape, classes: int) -> dict[str, Tensor]:
    """The state_dict of the network, by our names, on the meta device; raises `ShapeError` as `build`."""
    with torch.device("meta"):
        return architecture.build(in_shape, classes).state_dict()


def all_names(architecture: Architecture, in_shape: Shape, classes: int) -> dict[str, Names]:
    """Each way in which the tensors of the network are known to be called: ``ours``, ``numbers`` as in an
    `nn.Sequential` without names, and that of a network of torchvision which has the same tensors.

    Raises:
        ShapeError: as `Architecture.build`.
    """
    ours = expected_tensors(architecture, in_shape, classes)
    places = {name: str(place) for place, name in enumerate(_top_names(architecture, in_shape, classes))}
    ways: dict[str, Names] = {
        "ours": {name: name for name in ours},
        "numbers": {re.sub(r"^\w+", lambda top: places[top[0]], name): name for name in ours},
    }
    for network in TORCHVISION:
        theirs = _torchvision_shapes(network, classes)
        if _line_up([tuple(tensor.shape) for tensor in ours.values()], list(theirs.values())):
            ways[network] = dict(zip(theirs, ours, strict=True))
    return ways


def naming_of(names: Iterable[str], ways: Mapping[str, Names]) -> str:
    """The one of `ways` (see `all_names`) in which most of `names` are known."""
    given = set(names)
    return max(ways, key=lambda way: len(ways[way].keys() & given))


def published_data(network: str) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...]]:
    """What torchvision's weights of `network` were learned on: the names of the classes, and the mean and
    standard deviation that inputs in [0, 1] are normalised by."""
    from torchvision import models

    weights = models.get_model_weights(network).DEFAULT
    inputs = weights.transforms()
    return tuple(weights.meta["categories"]), tuple(inputs.mean), tuple(inputs.std)


def _top_names(architecture: Architecture, in_shape: Shape, classes: int) -> list[str]:
    return [layer.name for layer in architecture.plan(in_shape, classes)]


@lru_cache(maxsize=16)
def _torchvision_shapes(network: str, classes: int) -> dict[str, Shape]:
    from torchvision import models  # half a second, and only here

    with torch.device("meta"):
        model = getattr(models, network)(num_classes=classes)
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def _line_up(ours: list[Shape], theirs: list[Shape]) -> bool:
    """Whether they are the same in the same order; the first weights may be for other channels than three."""
    if len(ours) != len(theirs) or len(ours[0]) != 4:
        return False
    channels = ours[0][1]
    return ours == [(theirs[0][0], channels, *theirs[0][2:]), *theirs[1:]]
