"""Pause, resume, stop and test a run: in every state, twice, and without changing what is trained."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from runs_kit import ended, kinds, quick, slow, ticking, until

from nnlab.runs import Run, RunStore

pytest_plugins = ("runs_fixtures",)


def paused(run: Run) -> Run:
    until(lambda: run.state == "paused", f"the pause of {run.id}, which is {run.state}")
    return run


def count_tests(run: Run) -> int:
    return kinds(run).count("evaluated")


@pytest.fixture
def queued(store: RunStore) -> Callable[[], Run]:
    """A run that waits behind one that is paused."""
    paused(_paused_at_once(store))

    def start() -> Run:
        run = store.start(slow())
        assert run.state == "queued" and run.events() == [] and run.live() is None
        return run

    return start


def _paused_at_once(store: RunStore) -> Run:
    run = store.start(slow())
    run.pause()
    return run


def test_a_pause_changes_nothing_of_what_is_learnt(store: RunStore) -> None:
    whole = store.start(slow(batch_size=2, epochs=1))
    held = store.start(slow(batch_size=2, epochs=1))
    held.pause()
    held.pause()
    ended(whole)
    paused(held)  # before its first step: it was asked while it waited
    before = [event.to_json() for event in held.events()]
    held.resume()
    held.resume()
    ticking(held)
    held.pause()
    paused(held)
    steps = held.events()[-1].step
    assert 0 < steps < 1500
    for _ in range(2):
        done = count_tests(held)
        held.evaluate()
        until(lambda done=done: count_tests(held) > done, "a test of a paused run")
    assert held.state == "paused" and held.events()[-1].step == steps
    assert [event.to_json() for event in held.events()][: len(before)] == before
    held.resume()
    assert ended(held).state == whole.state == "finished"
    ours, theirs = held.load_model().state_dict(), whole.load_model().state_dict()
    assert set(ours) == set(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    # The clock stood still meanwhile: it tells the time of the training.
    assert held.status.result is not None and held.status.result["epochs"] == 1


def test_a_test_is_done_when_asked_for(store: RunStore) -> None:
    run = ticking(store.start(slow(batch_size=1, epochs=1)))
    run.evaluate()
    until(lambda: "evaluated" in kinds(run), "the test")
    told = next(event for event in run.events() if event.kind == "evaluated")
    assert told.step < 3000  # not the one at the end of the epoch
    result = until(lambda: run.status.result, "the result in the state")
    assert result["test_accuracy"] == told.values["test_accuracy"]


def test_stop_while_training(store: RunStore) -> None:
    run = ticking(store.start(slow()))
    run.stop()
    run.stop()
    run.resume()  # who has asked to stop cannot be overruled
    assert ended(run).state == "stopped"
    last = run.events()[-1]
    assert last.kind == "stopped" and run.status.result == last.values
    assert run.load_model().info.step == last.step == run.snapshots()[-1][0]


def test_stop_while_paused(store: RunStore) -> None:
    run = paused(_paused_at_once(store))
    run.stop()
    run.pause()
    assert ended(run).state == "stopped"
    assert kinds(run)[-1] == "stopped"


def test_stop_while_queued(store: RunStore, queued: Callable[[], Run]) -> None:
    first, second = queued(), queued()
    first.evaluate()
    first.resume()
    first.stop()
    first.stop()
    assert ended(first).state == "stopped"
    assert first.events() == [] and first.snapshots() == []
    assert second.state == "queued"  # and keeps its place


def test_runs_train_in_the_order_they_were_started(store: RunStore) -> None:
    blocking = paused(_paused_at_once(store))
    runs = [store.start(quick(seed=seed, epochs=0.2)) for seed in range(4)]
    runs[1].stop()
    ended(runs[1])
    assert [run.state for run in runs] == ["queued", "stopped", "queued", "queued"]
    blocking.stop()
    for run in runs:
        ended(run)
    assert [run.state for run in runs] == ["finished", "stopped", "finished", "finished"]
    began = [(run.path / "events.jsonl").stat().st_mtime_ns for run in (runs[0], runs[2], runs[3])]
    assert began == sorted(began)
    assert ended(blocking).state == "stopped"


def test_what_has_ended_stays_as_it_is(store: RunStore) -> None:
    finished = ended(store.start(quick()))
    stopped = store.start(slow())
    stopped.stop()
    ended(stopped)
    for run in (finished, stopped):
        other = RunStore(store.path).open(run.id)
        before = {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file()}
        for which in (run, other):
            for steer in (which.pause, which.resume, which.evaluate, which.stop):
                steer()
                steer()
        assert other.status == run.status
        assert {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file()} == before


def test_one_that_is_going_on_cannot_be_removed(store: RunStore) -> None:
    run = paused(_paused_at_once(store))
    with pytest.raises(ValueError, match="is still going on; stop it first"):
        run.delete()
    assert run.state == "paused"
