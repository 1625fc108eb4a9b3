"""The networks one can start from: the registry of presets.

A model reads as a list. `logistic`, `mlp`, `lenet` and `net` are those of the usual first tutorials;
`convnet` is this lab's own small network: about 99 % on MNIST after two epochs, in seconds on a CPU.
"""

from __future__ import annotations

from typing import Any

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, sequence


def _conv(out_channels: int, kernel_size: int, padding: int = 0) -> tuple[str, dict[str, Any]]:
    return "conv2d", {"out_channels": out_channels, "kernel_size": kernel_size, "padding": padding}


def _linear(out_features: int) -> tuple[str, dict[str, Any]]:
    return "linear", {"out_features": out_features}


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
