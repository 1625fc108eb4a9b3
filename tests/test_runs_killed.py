"""Processes that are killed at any moment: the run is readable, marked, and nobody is left behind."""

from __future__ import annotations

import subprocess
import sys

import psutil
import torch
from filelock import FileLock
from runs_kit import (
    ROOT,
    Owner,
    ended,
    gone,
    job_servers,
    kinds,
    quick,
    slow,
    spec,
    ticking,
    until,
    workers,
)

from nnlab.runs import Run, RunStore

pytest_plugins = ("runs_fixtures",)

_MARKED = 10  # seconds within which a run without a process is known as interrupted


def the_worker() -> psutil.Process:
    found = until(lambda: workers(psutil.Process()), "a worker")
    assert len(found) == 1
    return found[0]


def interrupted(run: Run) -> None:
    """The run is marked, and all that it had told and kept can be read."""
    until(lambda: run.state == "interrupted", "the mark", _MARKED)
    again = RunStore(run.path.parent).open(run.id)
    assert again.state == "interrupted" and again.status.problem is not None
    events = again.events()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for step, _ in again.snapshots():
        model = again.load_model(step)
        assert all(bool(torch.isfinite(tensor).all()) for tensor in model.state_dict().values())
    kept = {event.step for event in events if event.kind == "snapshot"}
    # The last snapshots told may not have reached the disk.
    assert {step for step, _ in again.snapshots()} <= kept


def test_killed_before_its_first_event(store: RunStore) -> None:
    blocking, run = store.start(slow()), None
    ticking(blocking)
    run = store.start(quick())
    lock = FileLock(run.path / "lock")
    with lock:  # its worker waits here
        blocking.stop()
        ended(blocking)
        until(lambda: len(workers(psutil.Process())) == 1 and gone_from(blocking), "its worker")
        the_worker().kill()
        until(lambda: workers(psutil.Process()) == [], "the end of its worker")
    interrupted(run)
    assert run.events() == [] and run.snapshots() == []
    assert ended(store.start(quick())).state == "finished"


def gone_from(run: Run) -> bool:
    """Whether the worker of `run` has ended, so that a worker that is there is another's."""
    lock = FileLock(run.path / "owner.lock", timeout=0)
    try:
        with lock:
            return True
    except TimeoutError:
        return False


def test_killed_while_training(store: RunStore) -> None:
    run = ticking(store.start(slow()))
    the_worker().kill()
    interrupted(run)
    assert "tick" in kinds(run) and run.load_model().info.step == run.snapshots()[-1][0]
    assert str(run.status.problem).startswith("The process that trained this run has ended.")


def test_killed_while_paused(store: RunStore) -> None:
    run = store.start(slow())
    run.pause()
    until(lambda: run.state == "paused")
    the_worker().kill()
    interrupted(run)
    run.resume()
    assert run.state == "interrupted"


def test_killed_while_weights_are_written(store: RunStore) -> None:
    run = store.start(spec("mlp", epochs=500, batch_size=500))

    def being_written() -> bool:
        return any(path.name.startswith(".") for path in (run.path / "snapshots").glob(".*"))

    until(lambda: len(run.snapshots()) >= 2)
    worker = the_worker()
    until(being_written, "a snapshot on its way")
    worker.kill()
    interrupted(run)
    assert len(run.snapshots()) >= 2


def test_the_forkserver_killed(store: RunStore) -> None:
    run = ticking(store.start(slow()))
    worker = the_worker()
    worker.parent().kill()
    interrupted(run)
    until(lambda: gone([worker]), "the end of the worker")
    assert ended(store.start(quick())).state == "finished"


def test_the_job_server_killed(store: RunStore) -> None:
    run = ticking(store.start(slow()))
    queued = store.start(quick())
    me = psutil.Process()
    family = [*job_servers(me), *job_servers(me)[0].children(recursive=True)]
    job_servers(me)[0].kill()
    interrupted(run)
    interrupted(queued)
    assert str(queued.status.problem) == "The program that this run was waiting in has ended."
    until(lambda: gone(family), "the end of all that it had started")
    assert ended(store.start(quick())).state == "finished"


def test_killed_in_another_process(owner: Owner) -> None:
    """Seen by the process that started the run and by this one, which did not."""
    store = RunStore(owner.runs)
    first, second = (ticking(store.open(owner.start(slow()))) for _ in range(2))  # at the same time
    assert owner.state(first.id) == first.state == "training"
    before = workers(owner.process)
    assert len(before) == 2
    before[0].kill()
    until(lambda: "interrupted" in (first.state, second.state), "the mark", _MARKED)
    killed, other = (first, second) if first.state == "interrupted" else (second, first)
    interrupted(killed)
    assert owner.state(killed.id) == "interrupted"
    other.stop()
    assert ended(other).state == owner.state(other.id) == "stopped"


def test_the_owner_killed(owner: Owner) -> None:
    store = RunStore(owner.runs)
    runs = [ticking(store.open(owner.start(slow()))) for _ in range(2)]
    queued = store.open(owner.start(quick()))
    assert queued.state == "queued"
    family = owner.family()
    assert len(family) >= 4  # a job server, its forkserver, two workers
    owner.kill()
    for run in (*runs, queued):
        interrupted(run)
    until(lambda: gone(family), "the end of all that it had started")
    assert queued.events() == []


def test_the_job_server_does_without_torch() -> None:
    """It would cost each lab two hundred megabytes, and the first run a second import of torch."""
    code = "import sys, nnlab.runs.server; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
