"""``nnlab export``: a run in a file of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.cli.common import add_runs
from nnlab.errors import LabError

if TYPE_CHECKING:
    from nnlab.cli.common import Commands


def add_parser(commands: Commands) -> None:
    """Add ``export`` to the command line."""
    export = commands.add_parser("export", help="write a run's last weights to a file")
    export.set_defaults(command=_export)
    export.add_argument("run", metavar="RUN", help="the run's id")
    export.add_argument("--to", required=True, type=Path, metavar="FILE", help="ending in .safetensors")
    add_runs(export)


def _export(arguments: argparse.Namespace) -> int:
    from nnlab.runs import RunStore
    from nnlab.training.weights import SUFFIX, save_weights

    run = RunStore(arguments.runs).open(arguments.run)
    if arguments.to.suffix != SUFFIX:
        raise LabError(
            "{file} ends in {suffix}; weights are written as {known}.",
            file=arguments.to.name, suffix=repr(arguments.to.suffix), known=SUFFIX,
        )  # fmt: skip
    model = run.load_model()
    try:
        save_weights(arguments.to, model.state_dict(), model.info)
    except OSError as error:
        raise LabError("{file} cannot be written ({reason}).", file=arguments.to, reason=error) from None
    print(arguments.to)
    return 0
