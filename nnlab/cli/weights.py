"""``nnlab weights``: what torch.save wrote, or anyone's safetensors, as a file that the pages open."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.cli.common import network
from nnlab.errors import LabError, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from nnlab.cli.common import Commands
    from nnlab.nets.architecture import Architecture
    from nnlab.training.weights import WeightsInfo


_PHOTO = (3, 224, 224)  # what torchvision's networks are made for


def add_parser(commands: Commands) -> None:
    """Add ``weights`` to the command line."""
    weights = commands.add_parser(
        "weights", help="turn a state_dict into a safetensors file with its network"
    )
    weights.set_defaults(command=_weights)
    weights.add_argument("file", metavar="FILE", type=Path, help="of torch.save, or ending in .safetensors")
    weights.add_argument("--model", required=True, help="a preset, or a file of layers ending in .json")
    weights.add_argument("--to", required=True, type=Path, metavar="FILE", help="ending in .safetensors")
    made_for = weights.add_mutually_exclusive_group(required=True)
    made_for.add_argument("--dataset", help="that the network is made for")
    made_for.add_argument("--classes", type=int, help="how many, where it is for no dataset of the lab")
    weights.add_argument(
        "--shape", type=int, nargs=3, metavar=("C", "H", "W"),
        help="of the images, with --classes (default: 3 224 224)",
    )  # fmt: skip
    weights.add_argument("--mean", type=float, nargs="+", help="that values in [0, 1] are normalised by")
    weights.add_argument("--std", type=float, nargs="+")
    weights.add_argument("--beside", action="store_true", help="write the network as .json beside it, too")


def _weights(arguments: argparse.Namespace) -> int:
    from nnlab.training.state_dict import read_state_dict
    from nnlab.training.weights import SUFFIX, save_weights
    from nnlab.training.weights_file import fit_weights, read_weights

    check(
        arguments.to.suffix == SUFFIX, "{file} ends in {suffix}; weights are written as {known}.",
        file=arguments.to.name, suffix=repr(arguments.to.suffix), known=SUFFIX,
    )  # fmt: skip
    architecture = network(arguments.model)
    if arguments.file.suffix == SUFFIX:
        tensors = read_weights(arguments.file).tensors
    else:
        tensors = read_state_dict(arguments.file)
    info = _info(arguments, architecture, tensors)
    fitted = fit_weights(tensors, architecture, info.in_shape, len(info.classes))
    try:
        save_weights(arguments.to, fitted, info)
        if arguments.beside:
            arguments.to.with_suffix(".json").write_text(architecture.to_text())
    except OSError as error:
        raise LabError(
            "{file} cannot be written ({reason}).", file=arguments.to, reason=error.strerror or error
        ) from None
    print(arguments.to)
    return 0


def _info(
    arguments: argparse.Namespace, architecture: Architecture, tensors: Mapping[str, Tensor]
) -> WeightsInfo:
    """What the weights are said to be of; of torchvision's names, its classes and normalisation."""
    from nnlab.data import load_dataset
    from nnlab.nets.naming import TORCHVISION, all_names, naming_of, published_data
    from nnlab.training.weights import WeightsInfo
    from nnlab.training.weights_file import unwrapped

    if arguments.dataset is not None:
        check(arguments.shape is None, "--shape is for --classes; images of --dataset have theirs.")
        info = WeightsInfo.of(architecture, load_dataset(arguments.dataset), 0)
        mean, std = tuple(arguments.mean or info.mean), tuple(arguments.std or info.std)
        return dataclasses.replace(info, mean=mean, std=std).validate()
    shape = arguments.shape or _PHOTO
    check(arguments.classes >= 1 and min(shape) >= 1, "--shape and --classes should be at least 1.")
    channels, height, width = shape
    classes = tuple(map(str, range(arguments.classes)))
    mean, std = (0.0,) * channels, (1.0,) * channels
    ways = all_names(architecture, (channels, height, width), len(classes))
    way = naming_of(unwrapped(tensors), ways)
    if way in TORCHVISION and channels == 3:
        names, mean, std = published_data(way)
        classes = names if len(names) == len(classes) else classes
    return WeightsInfo(
        0, architecture, (channels, height, width), classes, "",
        tuple(arguments.mean or mean), tuple(arguments.std or std),
    ).validate()  # fmt: skip
