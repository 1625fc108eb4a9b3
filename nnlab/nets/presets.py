"""The networks one can start from: the registry of presets.

A model reads as a list. `logistic`, `mlp`, `lenet` and `net` are those of the usual first tutorials;
`convnet` is this lab's own small network: about 99 % on MNIST after two epochs, in seconds on a CPU.

The larger ones, for photographs of 3 x 224 x 224, are torchvision's, layer by layer, so that its weights fit
(see `nnlab.training.weights_file`). Adaptive pooling lets them take other sizes: alexnet from 63 pixels a
side, the vggs from 32, resnet18 any.

- alexnet: Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014 (one tower).
- vgg11, vgg16: Simonyan and Zisserman, "Very deep convolutional networks", 2014 (A and D).
- resnet18: He et al., "Deep residual learning for image recognition", 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, LayerSpec, chain, sequence

_Layer = str | tuple[str, dict[str, Any]] | LayerSpec


def _conv(out_channels: int, kernel_size: int, padding: int = 0, **more: Any) -> tuple[str, dict[str, Any]]:
    return "conv2d", {"out_channels": out_channels, "kernel_size": kernel_size, "padding": padding, **more}


def _linear(out_features: int) -> tuple[str, dict[str, Any]]:
    return "linear", {"out_features": out_features}


def _average(size: int) -> tuple[str, dict[str, Any]]:
    return "adaptive_avg_pool2d", {"output_size": size}


def _vgg(*widths: int) -> Iterator[_Layer]:
    """Convolutions of 3 x 3 with so many channels, 0 for a pooling; then three linear layers."""
    for width in widths:
        yield from (_conv(width, 3, padding=1), "relu") if width else ("max_pool2d",)
    yield from (_average(7), "flatten")
    for _ in range(2):
        yield from (_linear(4096), "relu", "dropout")
    yield "linear"


def _block(width: int, stride: int = 1) -> tuple[_Layer, ...]:
    """Two convolutions and what they are added to: their input, where they halve it through a convolution."""
    changed = chain(
        _conv(width, 3, padding=1, stride=stride, bias=False), "batch_norm2d", "relu",
        _conv(width, 3, padding=1, bias=False), "batch_norm2d",
    )  # fmt: skip
    kept = chain(_conv(width, 1, stride=stride, bias=False), "batch_norm2d") if stride > 1 else ()
    return LayerSpec("residual", branches=(changed, kept)), "relu"


_POOL3 = ("max_pool2d", {"kernel_size": 3, "stride": 2})

PRESETS: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        sequence("convnet",
                 _conv(16, 5), "max_pool2d", "relu",
                 _conv(32, 3), "max_pool2d", "relu",
                 "flatten", _linear(64), "relu", "linear"),
        sequence("logistic", "flatten", "linear"),
        sequence("mlp", "flatten", _linear(512), "relu", _linear(512), "relu", "linear"),
        sequence("lenet", ("pad_to", {"size": 32}),
                 _conv(6, 3), "relu", "max_pool2d",
                 _conv(16, 3), "relu", "max_pool2d",
                 "flatten", _linear(120), "relu", _linear(84), "relu", "linear"),
        sequence("net",
                 _conv(5, 3, padding=1), "relu", "max_pool2d",
                 _conv(10, 3, padding=1), "relu", "max_pool2d",
                 "flatten", "linear"),
        sequence("resnet18",
                 _conv(64, 7, padding=3, stride=2, bias=False), "batch_norm2d", "relu",
                 ("max_pool2d", {"kernel_size": 3, "stride": 2, "padding": 1}),
                 *_block(64), *_block(64),
                 *_block(128, stride=2), *_block(128),
                 *_block(256, stride=2), *_block(256),
                 *_block(512, stride=2), *_block(512),
                 _average(1), "flatten", "linear"),
        sequence("alexnet",
                 _conv(64, 11, padding=2, stride=4), "relu", _POOL3,
                 _conv(192, 5, padding=2), "relu", _POOL3,
                 _conv(384, 3, padding=1), "relu",
                 _conv(256, 3, padding=1), "relu",
                 _conv(256, 3, padding=1), "relu", _POOL3,
                 _average(6), "flatten",
                 "dropout", _linear(4096), "relu", "dropout", _linear(4096), "relu", "linear"),
        sequence("vgg11", *_vgg(64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0)),
        sequence("vgg16",
                 *_vgg(64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)),
    )
}  # fmt: skip


def preset_names() -> list[str]:
    """The names that `preset` takes, the recommended one first."""
    return list(PRESETS)


def preset(name: str) -> Architecture:
    """The architecture of that name; raises `LabError` naming the known ones."""
    if name not in PRESETS:
        raise LabError(
            "There is no preset {name}; there are: {known}.", name=repr(name), known=", ".join(PRESETS)
        )
    return PRESETS[name]
