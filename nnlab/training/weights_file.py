"""Weights from a file that a person has: safetensors, ours or anyone's, fitted to a network by their names.

Nothing in a file is run. What `torch.save` wrote is read by `nnlab.training.state_dict`, for which there is
only a command, on a person's own machine.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load
from torch import Tensor

from nnlab.errors import LabError, Sentence
from nnlab.nets.architecture import Architecture
from nnlab.nets.layers import Shape
from nnlab.nets.layers.fields import shown
from nnlab.nets.layers.kind import times
from nnlab.nets.naming import all_names, expected_tensors, naming_of
from nnlab.training.weights import TrainedModel, WeightsInfo, read_info

_NAMED = 10  # names that a sentence lists of each kind
_COUNTER = "num_batches_tracked"  # of batch normalisation; files of before 2018 have none
_WRAPPERS = ("module.", "_orig_mod.")  # that torch's DataParallel and compile put before every name


@dataclass(frozen=True)
class WeightsFile:
    """What is in a file: tensors by name, and what they belong to where nnlab wrote it."""

    tensors: Mapping[str, Tensor]
    info: WeightsInfo | None = None


class MisfitError(LabError):
    """Weights that are not those of a network.

    Attributes:
        missing: names of the network that the file lacks, as the file would call them.
        unexpected: names in the file that the network does not have.
        shapes: (name, shape in the file, shape in the network).
        types: names of what is not of the kind (fractions or whole numbers) it should be.
    """

    missing: Sequence[str] = ()
    unexpected: Sequence[str] = ()
    shapes: Sequence[tuple[str, Shape, Shape]] = ()
    types: Sequence[str] = ()


def read_weights(source: Path | bytes, name: str | None = None) -> WeightsFile:
    """Read safetensors from a file or from its content; `name` is what it is called in sentences.

    Raises:
        LabError: absent, damaged, something else, or with a header of ours that makes no sense.
    """
    name = name or (source.name if isinstance(source, Path) else "weights.safetensors")
    try:
        if isinstance(source, bytes):
            tensors = load(source)
            metadata = json.loads(source[8 : 8 + int.from_bytes(source[:8], "little")]).get("__metadata__")
        else:
            with safe_open(source, framework="pt") as file:
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
                metadata = file.metadata()
    except (OSError, SafetensorError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise _unreadable(source, name, error) from None
    return WeightsFile(tensors, read_info(metadata or {}, name))


def fit_weights(
    tensors: Mapping[str, Tensor], architecture: Architecture, in_shape: Shape, classes: int
) -> dict[str, Tensor]:
    """`tensors` as the state_dict of the network: under our names and in its types.

    They may be called as we call them, as in an `nn.Sequential` without names, or as in torchvision's network
    of which `architecture` is a copy.

    Raises:
        MisfitError: they are not those of the network; says which names and shapes differ.
        ShapeError: the network does not take `in_shape`.
    """
    tensors = unwrapped(tensors)
    ways = all_names(architecture, in_shape, classes)
    names = ways[naming_of(tensors, ways)]
    expected = expected_tensors(architecture, in_shape, classes)
    given = dict(tensors)
    for theirs, ours in names.items():
        if theirs.endswith(_COUNTER) and theirs not in given:
            given[theirs] = torch.zeros((), dtype=expected[ours].dtype)
    _compare(architecture.name, given, {theirs: expected[ours] for theirs, ours in names.items()})
    return {ours: given[theirs].to(expected[ours].dtype).contiguous() for theirs, ours in names.items()}


def fitted_model(file: WeightsFile, info: WeightsInfo | None = None) -> TrainedModel:
    """The network with the weights of `file`, in evaluation mode; `info` says what they are to be the weights
    of, where the file does not.

    Raises:
        LabError: as `fit_weights`, or neither says what they belong to.
    """
    info = info or file.info
    if info is None:
        raise LabError("The file does not say of which network its weights are; choose one.")
    tensors = fit_weights(file.tensors, info.architecture, info.in_shape, len(info.classes))
    with torch.device("meta"):
        layers = info.architecture.build(info.in_shape, len(info.classes))
    model = TrainedModel(OrderedDict(layers.named_children()))
    model.load_state_dict(tensors, assign=True)
    model.info = info
    return model.eval()


def unwrapped(tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """`tensors` without what wrappers of torch have put before every name."""
    for wrapper in _WRAPPERS:
        if tensors and all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): tensor for name, tensor in tensors.items()}
    return tensors


def _compare(network: str, given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    both = [name for name in expected if name in given]
    missing = [name for name in expected if name not in given]
    unexpected = [name for name in given if name not in expected]
    shapes = [
        (name, tuple(given[name].shape), tuple(expected[name].shape))
        for name in both
        if given[name].shape != expected[name].shape
    ]
    types = [
        name for name in both if given[name].dtype.is_floating_point != expected[name].dtype.is_floating_point
    ]
    if not (missing or unexpected or shapes or types):
        return
    differing = [f"{name} {_text(found)} / {_text(right)}" for name, found, right in shapes]
    error = MisfitError(
        "The weights do not fit {network}.{missing}{unexpected}{shapes}{types}",
        network=network,
        missing=Sentence(" Missing: {names}.", names=_listed(missing)) if missing else "",
        unexpected=Sentence(" Not known there: {names}.", names=_listed(unexpected)) if unexpected else "",
        shapes=Sentence(" Of another shape (there / right): {names}.", names=_listed(differing))
        if shapes
        else "",
        types=Sentence(" Of another type: {names}.", names=_listed(types)) if types else "",
    )
    error.missing, error.unexpected, error.shapes, error.types = missing, unexpected, shapes, types
    raise error


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many there are in all."""
    told = ", ".join(
        name if name.isprintable() and len(name) <= 60 else shown(name) for name in names[:_NAMED]
    )
    return told if len(names) <= _NAMED else f"{told}, … ({len(names)})"


def _text(shape: Shape) -> str:
    return times(shape) if shape else "()"


def _unreadable(source: Path | bytes, name: str, error: Exception) -> LabError:
    if isinstance(error, FileNotFoundError):
        return LabError("There is no file {file}.", file=name)
    start = source[:4] if isinstance(source, bytes) else _start(source)
    if start.startswith((b"PK\x03\x04", b"\x80")):
        return LabError(
            "{file} was written by torch.save, whose files can hold programs, so it is not opened. On your "
            "own machine, {command} makes a safetensors file of it.",
            file=name, command="python -m nnlab weights",
        )  # fmt: skip
    return LabError("{file} is not a whole safetensors file ({reason}).", file=name, reason=error)


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError:
        return b""
