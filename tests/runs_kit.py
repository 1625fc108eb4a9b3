"""What the tests of runs need besides fixtures (`runs_fixtures`): quick and slow trainings, processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from nnlab.nets.presets import preset
from nnlab.runs import Run
from nnlab.training.recipe import Recipe, RunSpec

ROOT = Path(__file__).parents[1]
# Fashion-MNIST's files are checked by their headers, not by a checksum, so they can be small ones.
DATASET, TRAIN, TEST = "fashion_mnist", 3000, 500


def quick(**recipe: Any) -> RunSpec:
    """24 steps of logistic regression."""
    return spec("logistic", **{"batch_size": 250, **recipe})


def slow(**recipe: Any) -> RunSpec:
    """Minutes of small steps: it will not end before the test wants it to."""
    return spec("convnet", **{"batch_size": 16, "epochs": 200, **recipe})


def spec(model: str, **recipe: Any) -> RunSpec:
    return RunSpec(DATASET, preset(model), Recipe(**recipe))


def until(condition: Callable[[], Any], what: str = "", seconds: float = 150) -> Any:
    """The first true answer of `condition`; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what or condition}"
        time.sleep(0.01)  # between two looks
    return found


def ended(run: Run) -> Run:
    until(lambda: run.status.has_ended, f"the end of {run.id}, which is {run.state}")
    return run


def kinds(run: Run) -> list[str]:
    return [event.kind for event in run.events()]


def ticking(run: Run) -> Run:
    """The run, once its first steps are told."""
    until(lambda: "tick" in kinds(run), f"a tick of {run.id}, which is {run.state}: {run.status.problem}")
    return run


def job_servers(of: psutil.Process) -> list[psutil.Process]:
    return [child for child in of.children() if "serve-jobs" in _command(child)]


def workers(of: psutil.Process) -> list[psutil.Process]:
    """The processes that train runs for the process `of`: its servers' forkservers' children."""
    helpers = [helper for server in job_servers(of) for helper in server.children()]
    return [worker for helper in helpers for worker in helper.children()]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def end_job_server() -> None:
    """Have this process start anew with the next run, in the environment of then."""
    for server in job_servers(psutil.Process()):
        family = [server, *server.children(recursive=True)]
        server.kill()
        until(lambda family=family: gone(family), "the end of the job server")


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


class Owner:
    """Another process with a store of its own, which does what it is told."""

    _CODE = """if True:
        import json, sys
        from nnlab.runs import RunStore
        from nnlab.training.recipe import RunSpec
        store, runs = RunStore(sys.argv[1]), {}
        for line in sys.stdin:
            order, argument = json.loads(line)
            if order == "start":
                run = store.start(RunSpec.from_json(argument))
                runs[run.id], answer = run, run.id
            else:
                answer = runs[argument].state
            print(json.dumps(answer), flush=True)
    """

    def __init__(self, runs: Path, data: Path) -> None:
        environment = {**os.environ, "NNLAB_DATA": str(data), "PYTHONPATH": str(ROOT), "NNLAB_MAX_RUNS": "2"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._CODE, str(runs)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True,
        )  # fmt: skip
        self.process, self.runs = psutil.Process(self._process.pid), runs

    def start(self, run_spec: RunSpec) -> str:
        """The id of the new run."""
        return str(self._ask("start", run_spec.to_json()))

    def state(self, run_id: str) -> str:
        return str(self._ask("state", run_id))

    def _ask(self, order: str, argument: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps([order, argument]), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def family(self) -> list[psutil.Process]:
        """All processes it has started, and those they have."""
        return self.process.children(recursive=True) if self._process.poll() is None else []

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
