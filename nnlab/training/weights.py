"""Weights in a file that needs nothing else: safetensors, with the network and its data in the header."""

from __future__ import annotations

import io
import json
import math
import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from nnlab.data.dataset import Dataset
from nnlab.errors import LabError, RunError, check
from nnlab.files import replace
from nnlab.nets.architecture import Architecture
from nnlab.nets.layers.kind import times

SUFFIX = ".safetensors"
_SIDE = 2**16  # pixels, and channels; more is a mistake
_KEY = "nnlab"  # of our JSON in the header
_DTYPES = {  # what safetensors calls them
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip
# What reading JSON that says anything may raise.
_NONSENSE = (ValueError, TypeError, LookupError, RecursionError, OverflowError)


@dataclass(frozen=True)
class WeightsInfo:
    """What the weights belong to: enough to build the model and to feed it, without the dataset.

    `in_shape` is (C, H, W); `mean` and `std` are those that inputs in [0, 1] are normalised by.
    """

    step: int
    architecture: Architecture
    in_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    dataset: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, architecture: Architecture, data: Dataset, step: int) -> WeightsInfo:
        """For weights after `step` steps of training `architecture` on `data`."""
        return cls(step, architecture, data.shape, data.classes, data.name, data.mean, data.std)

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return values | {"architecture": self.architecture.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> WeightsInfo:
        """The inverse of `to_json`; raises `LabError` as `Architecture.from_json` and `validate`."""
        channels, height, width = map(int, value["in_shape"])
        return cls(
            step=int(value["step"]),
            architecture=Architecture.from_json(value["architecture"]),
            in_shape=(channels, height, width),
            classes=tuple(map(str, value["classes"])),
            dataset=str(value["dataset"]),
            mean=tuple(map(float, value["mean"])),
            std=tuple(map(float, value["std"])),
        ).validate()

    def validate(self) -> WeightsInfo:
        """Return self; raise `LabError` where it makes no sense."""
        self.architecture.validate()
        check(
            all(1 <= extent <= _SIDE for extent in self.in_shape) and bool(self.classes) and self.step >= 0,
            "Weights of {shape} images with {classes} classes after {step} steps are not possible.",
            shape=times(self.in_shape), classes=len(self.classes), step=self.step,
        )  # fmt: skip
        check(
            len(self.mean) == len(self.std) == self.in_shape[0]
            and all(map(math.isfinite, (*self.mean, *self.std)))
            and all(value >= 0 for value in self.std),
            "Mean {mean} and standard deviation {std} do not normalise images of {count} channels.",
            mean=self.mean, std=self.std, count=self.in_shape[0],
        )  # fmt: skip
        return self


class TrainedModel(nn.Sequential):
    """A network that knows what it was trained on: `info`."""

    info: WeightsInfo


def save_weights(path: Path, tensors: Mapping[str, Tensor], info: WeightsInfo, durable: bool = True) -> None:
    """Write contiguous CPU tensors and `info` to `path`, which is replaced in one step."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            _write(file, tensors, info)

    replace(path, write, durable)


def weights_bytes(tensors: Mapping[str, Tensor], info: WeightsInfo) -> bytes:
    """What `save_weights` would write."""
    file = io.BytesIO()
    _write(file, tensors, info)
    return file.getvalue()


def _write(file: BinaryIO, tensors: Mapping[str, Tensor], info: WeightsInfo) -> None:
    """The safetensors format: the length of the header, the header, the values.

    Written by us so that a full disk is an OSError, and straight from the tensors: `safetensors.torch.save`
    makes two copies of all weights first, which a training would have to have memory for.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt", _KEY: json.dumps(info.to_json())}}
    end = 0
    # Larger items first, so that everything is aligned.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    for name, tensor in ordered:
        begin, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": _DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end],
        }  # fmt: skip
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    for _, tensor in ordered:
        file.write(tensor.reshape(-1).view(torch.uint8).numpy().data)


def read_info(metadata: Mapping[str, str], name: str) -> WeightsInfo | None:
    """What the header of the safetensors file `name` tells; None of a file that is not ours.

    Raises:
        LabError: it makes no sense.
    """
    if _KEY not in metadata:
        return None
    try:
        return WeightsInfo.from_json(json.loads(metadata[_KEY]))
    except (*_NONSENSE, AttributeError) as error:
        raise LabError(
            "What {file} says of its network makes no sense: {reason}",
            file=name, reason=error if isinstance(error, LabError) else repr(error),
        ) from None  # fmt: skip


def load_tensors(path: Path) -> tuple[dict[str, Tensor], WeightsInfo]:
    """What `save_weights` wrote; nothing in the file is run.

    Raises:
        RunError: absent, damaged, or without our header.
    """
    try:
        with safe_open(path, framework="pt") as file:
            info = WeightsInfo.from_json(json.loads((file.metadata() or {})[_KEY]))
            return {name: file.get_tensor(name) for name in file.keys()}, info  # noqa: SIM118
    except FileNotFoundError:
        raise RunError("There are no weights in {path}.", path=path) from None
    except (OSError, SafetensorError, *_NONSENSE) as error:
        raise RunError(
            "The weights in {path} cannot be read ({reason}).", path=path, reason=repr(error)
        ) from None


def load_model(path: Path) -> TrainedModel:
    """The network in evaluation mode, with the weights of `path`.

    Raises:
        RunError: as `load_tensors`, or the tensors are not those of the network.
    """
    tensors, info = load_tensors(path)
    try:
        with torch.device("meta"):
            layers = info.architecture.build(info.in_shape, len(info.classes))
        model = TrainedModel(OrderedDict(layers.named_children()))
        model.load_state_dict(tensors, assign=True)
    except (RuntimeError, LabError) as error:
        raise RunError(
            "The weights in {path} do not fit their network ({reason}).", path=path, reason=error
        ) from None
    model.info = info
    return model.eval()
