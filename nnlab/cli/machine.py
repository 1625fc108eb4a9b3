"""``nnlab doctor``, and the server of jobs that nnlab starts for itself."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nnlab.cli.common import add_runs

if TYPE_CHECKING:
    from nnlab.cli.common import Commands


def add_parser(commands: Commands) -> None:
    """Add ``doctor`` and ``serve-jobs`` to the command line."""
    doctor = commands.add_parser("doctor", help="versions, device, folders, and what is missing")
    doctor.set_defaults(command=_doctor)
    add_runs(doctor)

    jobs = commands.add_parser("serve-jobs")  # started by nnlab itself
    jobs.set_defaults(command=_serve_jobs)


def _doctor(arguments: argparse.Namespace) -> int:
    from nnlab.doctor import report

    return report(arguments.runs)


def _serve_jobs(arguments: argparse.Namespace) -> int:
    from nnlab.runs.server import serve_jobs

    return serve_jobs()
