"""``nnlab runs``: what was trained so far."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from nnlab.cli.common import add_runs

if TYPE_CHECKING:
    from nnlab.cli.common import Commands


def add_parser(commands: Commands) -> None:
    """Add ``runs`` to the command line."""
    runs = commands.add_parser("runs", help="list the runs")
    runs.set_defaults(command=_runs)
    runs.add_argument("--json", action="store_true", help="one JSON object per run on stdout")
    add_runs(runs)


def _runs(arguments: argparse.Namespace) -> int:
    from nnlab.runs import RunStore
    from nnlab.training.events import last_accuracy

    store = RunStore(arguments.runs)
    for run in store.runs():
        status, spec = run.status, run.spec
        result = status.result or {}
        if arguments.json:
            row = {
                "run": run.id, "state": status.name, "test_accuracy": result.get("test_accuracy"),
                "validation_accuracy": result.get("validation_accuracy"), "spec": spec.to_json(),
            }  # fmt: skip
            print(json.dumps(row))
        else:
            found = last_accuracy(result)
            shown = "-" if found is None else f"{found[1]:.2%}"
            # Of a run that still goes on, or failed, on its validation part.
            part = " (validation)" if found is not None and found[0] == "validation" else ""
            print(
                f"{run.id}  {status.name:<11}  {shown:>7}  {spec.architecture.name} on {spec.dataset}{part}"
            )
    for problem in store.damaged():
        print(f"nnlab: {problem}", file=sys.stderr)
    return 0
