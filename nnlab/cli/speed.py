"""``nnlab speed``: how long a network takes for a batch here, and how much memory."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from nnlab.cli.common import network

if TYPE_CHECKING:
    from nnlab.cli.common import Commands
    from nnlab.training.batch_speed import Peak, Timing


def add_parser(commands: Commands) -> None:
    """Add ``speed`` to the command line."""
    speed = commands.add_parser("speed", help="time and memory of a network for a batch on this device")
    speed.set_defaults(command=_speed)
    speed.add_argument(
        "--model", default="convnet", help="a preset (default: convnet), or a file of layers (.json)"
    )
    speed.add_argument("--dataset", default="strokes", help="whose images it takes (default: strokes)")
    speed.add_argument("--image", metavar="CxHxW", help="in place of --dataset, for example 3x224x224")
    speed.add_argument("--classes", type=int, default=10, help="with --image (default: 10)")
    speed.add_argument("--batch-size", type=int, default=64)
    speed.add_argument("--optimizer", default="adam")
    speed.add_argument("--seconds", type=float, default=2.0, help="that each part is measured for")
    speed.add_argument("--threads", type=int, help="CPU threads (default: all cores but one)")
    speed.add_argument("--json", action="store_true", help="one JSON object for each part on stdout")


def _speed(arguments: argparse.Namespace) -> int:
    import dataclasses

    import torch

    from nnlab.data import dataset_info
    from nnlab.devices import default_threads
    from nnlab.errors import check
    from nnlab.runs.limits import keep_memory
    from nnlab.training.batch_speed import measure_batch
    from nnlab.training.optim import optimizer_kind
    from nnlab.training.recipe import Recipe, RunSpec

    threads = default_threads() if arguments.threads is None else arguments.threads
    check(threads >= 1, "The number of threads is {value}; it should be at least 1.", value=threads)
    check(
        0 < arguments.seconds < 600,
        "{value} seconds cannot be measured for; it should be more than 0 and less than {most}.",
        value=arguments.seconds, most=600,
    )  # fmt: skip
    if arguments.image is None:
        info = dataset_info(arguments.dataset)
        in_shape, classes = info.shape, len(info.classes)
    else:
        in_shape, classes = _image(arguments.image), arguments.classes
        check(classes >= 1, "The number of classes is {value}; it should be at least 1.", value=classes)
    lr = optimizer_kind(arguments.optimizer).lr
    recipe = Recipe(arguments.optimizer, lr, batch_size=arguments.batch_size)
    spec = RunSpec(arguments.dataset, network(arguments.model), recipe)
    torch.set_num_threads(threads)
    keep_memory()
    for found in measure_batch(spec, in_shape, classes, seconds=arguments.seconds):
        print(json.dumps(dataclasses.asdict(found)) if arguments.json else _told(found), flush=True)
    return 0


def _image(text: str) -> tuple[int, int, int]:
    """``3x224x224`` as numbers."""
    from nnlab.errors import check

    numbers = [int(part) for part in text.split("x") if part.isdecimal() and len(part) <= 4]
    check(
        len(numbers) == text.count("x") + 1 == 3 and min(numbers) >= 1,
        "{value} is not the size of an image; it should be like {example}.",
        value=repr(text), example="3x224x224",
    )  # fmt: skip
    channels, height, width = numbers
    return channels, height, width


def _told(found: Timing | Peak) -> str:
    from nnlab.training.batch_speed import Peak

    if isinstance(found, Peak):
        own = f"{found.network / 1e6:,.0f} of them for the network"
        return f"{found.part:<8} {found.bytes / 1e6:>10,.0f} MB at most, {own}"
    return (
        f"{found.part:<8} {found.seconds * 1e3:>10,.2f} ms a batch (median of {found.repeats}, "
        f"{found.fastest * 1e3:,.2f} to {found.slowest * 1e3:,.2f}), "
        f"{found.batch_size / found.seconds:,.0f} samples/s"
    )
