"""``nnlab export``: a run in a file of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.cli.common import add_runs

if TYPE_CHECKING:
    from nnlab.cli.common import Commands


def add_parser(commands: Commands) -> None:
    """Add ``export`` to the command line."""
    export = commands.add_parser("export", help="write a run to a file that needs nothing of nnlab")
    export.set_defaults(command=_export)
    export.add_argument(
        "run",
        metavar="RUN",
        help="the run's id; or a file of weights that nnlab has written, for .onnx or .pt2",
    )
    export.add_argument(
        "--to",
        required=True,
        type=Path,
        metavar="FILE",
        help="ending in .py or .ipynb (trains it again, and checks that), .safetensors (weights), .json (the "
        "network's layers), .onnx or .pt2",
    )
    add_runs(export)


def _export(arguments: argparse.Namespace) -> int:
    from nnlab.export import Subject, write_files
    from nnlab.export.formats import model_file, write_file
    from nnlab.runs import RunStore
    from nnlab.training.weights import SUFFIX, load_model

    if arguments.run.endswith(SUFFIX):
        write_file(arguments.to, model_file(load_model(Path(arguments.run)), arguments.to.suffix))
        print(arguments.to)
        return 0
    run = RunStore(arguments.runs).open(arguments.run)
    for file in write_files(Subject.of(run), arguments.to):
        print(file)
    return 0
