"""The larger presets against torchvision's networks of these names: shapes, counts, bitwise outputs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers import LARGE
from torch import nn
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from nnlab.nets.presets import preset, preset_names

IMAGENET = (3, 224, 224)
# (parameters with 1,000 classes, with ten)
PUBLISHED = {
    "resnet18": (11_689_512, 11_181_642),
    "alexnet": (61_100_840, 57_044_810),
    "vgg11": (132_863_336, 128_807_306),
    "vgg16": (138_357_544, 134_301_514),
}


def published(name: str, classes: int, device: str = "meta") -> nn.Module:
    with torch.device(device):
        return getattr(models, name)(num_classes=classes).eval()


def test_small_networks_come_first() -> None:
    assert tuple(preset_names()[-len(LARGE) :]) == LARGE


@pytest.mark.parametrize("classes", [10, 1000])
@pytest.mark.parametrize("name", LARGE)
def test_parameters_and_multiply_adds_are_torchvisions(name: str, classes: int) -> None:
    theirs = published(name, classes)
    rows = preset(name).trace(IMAGENET, classes)
    parameters = sum(row.params for row in rows)
    assert parameters == PUBLISHED[name][classes == 10]
    assert parameters == sum(p.numel() for p in theirs.parameters())
    with FlopCounterMode(display=False) as counter:
        theirs(torch.empty(1, *IMAGENET, device="meta"))
    assert 2 * sum(row.macs for row in rows) == counter.get_total_flops()


@pytest.mark.parametrize("name", LARGE)
def test_the_state_dict_is_torchvisions_in_the_same_order(name: str) -> None:
    with torch.device("meta"):
        ours = preset(name).build(IMAGENET, 10).state_dict().values()
    theirs = published(name, 10).state_dict().values()
    assert [(v.shape, v.dtype) for v in ours] == [(v.shape, v.dtype) for v in theirs]


# Not the vggs: half a gigabyte of weights each, and nothing in them that alexnet has not.
@pytest.mark.parametrize(("name", "size"), [("resnet18", 64), ("resnet18", 224), ("alexnet", 64)])
def test_with_torchvisions_weights_outputs_are_bitwise_torchvisions(name: str, size: int) -> None:
    torch.manual_seed(0)
    theirs = published(name, 10, "cpu")
    for key, value in theirs.state_dict().items():  # as if it had been trained
        if "running" in key:
            value.uniform_(0.5, 1.5)
    with torch.device("meta"):
        ours = preset(name).build((3, size, size), 10).eval()
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)), assign=True)
    images = torch.randn(2, 3, size, size)
    with torch.no_grad():
        assert torch.equal(ours(images), theirs(images))


class Devices(TorchDispatchMode):
    """On which devices operations give tensors, with the largest of each."""

    def __init__(self) -> None:
        super().__init__()
        self.largest: dict[str, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in pytree.tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                most = self.largest.get(tensor.device.type, 0)
                self.largest[tensor.device.type] = max(most, tensor.numel())
        return out


def test_a_trace_allocates_nothing() -> None:
    with Devices() as devices:
        preset("vgg16").trace((3, 225, 226), 997)  # not asked for before, so not remembered either
    assert devices.largest == {"meta": 25088 * 4096}
