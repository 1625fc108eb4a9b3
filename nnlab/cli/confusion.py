"""``nnlab confusion``: what a network takes for what, on its test images."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from typing import TYPE_CHECKING

from nnlab.cli.common import add_runs, start_of

if TYPE_CHECKING:
    from nnlab.cli.common import Commands
    from nnlab.training.confusion import Confusion


def add_parser(commands: Commands) -> None:
    """Add ``confusion`` to the command line."""
    confusion = commands.add_parser("confusion", help="count what a network takes for what")
    confusion.set_defaults(command=_confusion)
    confusion.add_argument("network", metavar="RUN|FILE", help="a run, or weights (.safetensors)")
    confusion.add_argument(
        "--dataset", help="whose test images are asked about (default: that it has learned)"
    )
    confusion.add_argument(
        "--step", type=int, help="of a run, the weights after so many steps (default: the last)"
    )
    confusion.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    confusion.add_argument("--json", action="store_true", help="progress and every answer on stdout")
    add_runs(confusion)


def _confusion(arguments: argparse.Namespace) -> int:
    import torch

    from nnlab.data import load_dataset
    from nnlab.data.division import divide
    from nnlab.errors import check
    from nnlab.training.confusion import confusion
    from nnlab.training.weights import SUFFIX

    check(
        arguments.threads >= 1,
        "The number of threads is {value}; it should be at least 1.",
        value=arguments.threads,
    )
    with contextlib.suppress(OSError, AttributeError):  # the pages come first
        os.nice(10)
    torch.set_num_threads(arguments.threads)
    model = start_of(arguments.network, arguments.runs, arguments.step)
    info = model.info
    data = load_dataset(arguments.dataset or info.dataset)
    if not arguments.network.endswith(SUFFIX) and arguments.dataset is None:
        from nnlab.runs import RunStore

        data = divide(data, RunStore(arguments.runs).open(arguments.network).spec.division)
    check(
        data.shape == info.in_shape and data.classes == info.classes,
        "The network tells {classes} classes of images of {shape} apart; {name} has {others} of {found}.",
        classes=len(info.classes), shape=info.in_shape, name=data.name, others=len(data.classes),
        found=data.shape,
    )  # fmt: skip

    def tell(done: int, of: int) -> None:
        if arguments.json:
            print(json.dumps({"done": done, "of": of}), flush=True)

    found = confusion(model, data.test, info.mean, info.std, len(info.classes), tell)
    if arguments.json:
        print(json.dumps({"dataset": data.name, "answers": found.answers.tolist()}))
    else:
        print(_table(found, info.classes))
    return 0


def _table(found: Confusion, classes: tuple[str, ...]) -> str:
    """Rows of right answers, columns of what the network says."""
    cells = [
        ["", *classes],
        *([name, *map(str, row)] for name, row in zip(classes, found.matrix.tolist(), strict=True)),
    ]
    width = max(len(cell) for row in cells for cell in row) + 1
    lines = ["".join(f"{cell:>{width}}" for cell in row) for row in cells]
    return "\n".join([*lines, f"test accuracy {found.accuracy:.2%}"])
