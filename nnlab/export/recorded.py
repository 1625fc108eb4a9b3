"""What a run has come to, as its files say: what a script that repeats it must find as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nnlab.errors import RunError
from nnlab.runs import Run
from nnlab.training.events import MEASURED
from nnlab.training.start import digest


@dataclass(frozen=True)
class Recorded:
    """The end of a run, and what decides its bits besides its specification.

    Attributes:
        run: the run's id.
        steps: optimizer steps that were done; fewer than planned where it was stopped.
        measured: loss and accuracy at the end, by the names of `MEASURED`.
        digest: of the final weights (see `digest`).
        device: "cpu", "cuda", ...
        threads: of torch on the CPU.
        torch: the version.
    """

    run: str
    steps: int
    measured: Mapping[str, float]
    digest: str
    device: str
    threads: int
    torch: str

    @classmethod
    def of(cls, run: Run) -> Recorded:
        """What `run` has come to.

        Raises:
            RunError: it has not ended, or has ended without a result, or its weights are damaged.
        """
        status = run.status
        if not status.has_ended:
            raise RunError(
                "The run {run} has not ended yet; when it has, a script can repeat it.", run=run.id
            )
        started = next((event.values for event in run.events() if event.kind == "started"), None)
        kept = run.snapshots()
        result = status.result or {}
        whole = status.name in ("finished", "stopped") and "test_loss" in result
        if not whole or started is None or not kept:
            raise RunError(
                "The run {run} broke off, so there is no result that a script could repeat.", run=run.id
            )
        return cls(
            run=run.id,
            steps=kept[-1][0],
            measured={name: result[name] for name in MEASURED if name in result},
            digest=digest(run.load_model().state_dict()),
            device=started["device"],
            threads=started["threads"],
            torch=started["torch"],
        )
