"""The command line: train, list and export runs, and see what this machine has.

A module of this package is a group of commands, which its `add_parser(commands)` adds. Imports of torch wait
until a command needs them, so that `doctor` can speak where torch cannot be imported.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from nnlab.cli import confusion, export, loading, machine, runs, speed, train, weights
from nnlab.cli.common import INTERRUPTED
from nnlab.errors import LabError

# In the order in which --help lists their commands.
_GROUPS = (train, runs, confusion, export, weights, loading, speed, machine)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 failed, 2 asked for wrongly, 130 stopped by Ctrl-C."""
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.command(parsed)
    except LabError as error:
        print(f"nnlab: {error}", file=sys.stderr)
        for problem in getattr(error, "problems", ()):
            row = "" if problem.row is None else f":{problem.row}"
            print(f"{problem.file}{row}: {problem.reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone; Python would complain of it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nnlab", description="Datasets, networks and their training.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in _GROUPS:
        group.add_parser(commands)
    return parser
