"""Runs from start to end: what they record, what they refuse, and how they are found again."""

from __future__ import annotations

import json
import math
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from runs_kit import DATASET, ended, kinds, quick, spec

from nnlab.data import load_dataset
from nnlab.devices import default_threads
from nnlab.errors import LabError, RunError
from nnlab.nets.architecture import sequence
from nnlab.runs import Run, RunStore, client
from nnlab.runs import store as store_module
from nnlab.runs.files import write_json
from nnlab.training.evaluate import evaluate
from nnlab.training.events import Event
from nnlab.training.loop import train
from nnlab.training.recipe import RunSpec

pytest_plugins = ("runs_fixtures",)


def losses(events: list[Event]) -> list[float]:
    return [loss for event in events if event.kind == "tick" for loss in event.values["loss"]]


def test_a_run_in_a_worker_is_the_training_in_this_process(store: RunStore) -> None:
    run_spec = spec("net", batch_size=100, epochs=2.5, lr=0.01)
    run = store.start(run_spec)
    assert run.state in ("queued", "training")
    assert ended(run).state == "finished", run.status.problem

    threads, data = torch.get_num_threads(), load_dataset(DATASET)
    torch.set_num_threads(default_threads())
    try:
        ours = list(train(run_spec, data, device=torch.device("cpu")))
    finally:
        torch.set_num_threads(threads)
    theirs = run.events()
    assert [event.seq for event in theirs] == list(range(1, len(theirs) + 1))
    assert losses(theirs) == losses(ours) and len(losses(ours)) == 75
    for kind in ("started", "evaluated", "finished"):
        told, expected = ([e for e in events if e.kind == kind] for events in (theirs, ours))
        assert [e.step for e in told] == [e.step for e in expected]
        timed = {"seconds", "samples_per_second"}
        for a, b in zip(told, expected, strict=True):
            assert {k: v for k, v in a.values.items() if k not in timed} == {
                k: v for k, v in b.values.items() if k not in timed
            }
    last = [event.snapshot for event in ours if event.snapshot is not None and event.kind == "snapshot"][-1]
    model = run.load_model()
    assert set(model.state_dict()) == set(last.tensors)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, last.tensors[name])


def test_weights_are_kept_from_the_first_to_the_last(here: RunStore) -> None:
    heard: list[Event] = []
    run = here.train_here(quick(epochs=4.5, lr=0.01), listen=heard.append)
    assert run.state == "finished"
    steps = [step for step, _ in run.snapshots()]
    assert steps == sorted(steps)
    assert {0, 12, 24, 36, 48, 54} <= set(steps)  # before the first step, after each epoch and the last
    assert steps == sorted({e.step for e in run.events() if e.kind == "snapshot"})
    assert [e.to_json() for e in heard] == [e.to_json() for e in run.events()]

    data, last = load_dataset(DATASET), run.events()[-1]
    for step, accuracy in ((54, last.values["test_accuracy"]), (12, _accuracy_at(run, 12))):
        model = run.load_model(step)
        assert not model.training and model.info.step == step
        assert (model.info.mean, model.info.std, model.info.classes) == (data.mean, data.std, data.classes)
        assert evaluate(model, data.test, data.mean, data.std).accuracy == accuracy
    assert torch.equal(run.load_model().state_dict()["linear1.weight"], model_weight(run, 54))
    with pytest.raises(RunError, match=r"has no weights of step 7; it has those of: 0, "):
        run.load_model(7)
    assert run.status.result is not None
    assert run.status.result["test_accuracy"] == last.values["test_accuracy"] > 0.5
    live = run.live()
    assert live is not None and live.step == 54
    assert torch.equal(live.tensors["linear1.weight"], model_weight(run, 54))


def _accuracy_at(run: Run, step: int) -> float:
    return next(e.values["test_accuracy"] for e in run.events() if e.kind == "evaluated" and e.step == step)


def model_weight(run: Run, step: int) -> torch.Tensor:
    return run.load_model(step).state_dict()["linear1.weight"]


def test_snapshots_grow_apart_within_an_epoch(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnlab.training.loop.TICK_SECONDS", 0.0)
    monkeypatch.setattr(train, "__kwdefaults__", {**train.__kwdefaults__, "tick_seconds": 0.0})
    run = here.train_here(quick(batch_size=100, epochs=1))
    assert [step for step, _ in run.snapshots()] == [0, 1, 2, 3, 4, 6, 8, 12, 18, 26, 30]


def test_a_diverging_run_keeps_its_last_finite_weights(store: RunStore) -> None:
    run = ended(store.start(spec("convnet", optimizer="sgd", lr=100, schedule="constant", batch_size=100)))
    assert run.state == "failed"
    assert str(run.status.problem).startswith(
        "The loss or the weights became infinite or not a number at step"
    )
    assert str(run.status.problem).endswith("The learning rate 100 is probably too high for sgd: try 0.05.")
    last = run.events()[-1]
    assert last.kind == "failed" and last.values["sentence"] == str(run.status.problem)
    model = run.load_model()
    assert model.info.step == last.values["last_finite_step"]
    assert all(bool(torch.isfinite(tensor).all()) for tensor in model.state_dict().values())


def test_the_newest_first_and_found_again_by_id(here: RunStore) -> None:
    assert here.runs() == [] and here.damaged() == []
    made = [here.train_here(quick(epochs=0.1, seed=seed)) for seed in range(3)]
    other = RunStore(here.path)
    assert [run.id for run in other.runs()] == [run.id for run in reversed(made)]
    for run in made:
        again = other.open(run.id)
        assert again.spec == run.spec and again.state == "finished"
        assert again.in_shape == (1, 28, 28) and again.created == run.created
    assert made[0].created <= made[1].created <= made[2].created
    made[1].delete()
    assert [run.id for run in other.runs()] == [made[2].id, made[0].id]
    assert sorted(path.name for path in here.path.iterdir()) == [made[0].id, made[2].id]
    with pytest.raises(RunError, match="There is no run"):
        other.open(made[1].id)
    made[1].delete()  # asking twice is asking once


def test_a_run_is_parsed_once_and_anew_where_its_files_are_others(here: RunStore) -> None:
    made = [here.train_here(quick(epochs=0.1, seed=seed)) for seed in range(3)]
    looked = here.runs()
    assert all(a is b for a, b in zip(looked, here.runs(), strict=True))
    assert here.open(made[0].id) is looked[2]

    changed = made[0].path / "spec.json"
    value = json.loads(changed.read_text())
    value["recipe"]["seed"] = 77
    write_json(changed, value)
    again = here.runs()
    assert again[2] is not looked[2] and again[2].spec.recipe.seed == 77
    assert again[0] is looked[0] and again[1] is looked[1]

    shutil.rmtree(made[1].path)
    assert [run.id for run in here.runs()] == [made[2].id, made[0].id]
    (made[2].path / "state.json").unlink()
    assert [run.id for run in here.runs()] == [made[0].id] and len(here.damaged()) == 1


def test_many_threads_look_at_the_same_runs(here: RunStore) -> None:
    made = [here.train_here(quick(epochs=0.1, seed=seed)) for seed in range(3)]
    found: list[list[str]] = []

    def look() -> None:
        for _ in range(20):
            found.append([run.id for run in here.runs() if run.spec and run.state == "finished"])

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80 and all(ids == [run.id for run in reversed(made)] for ids in found)


@pytest.mark.parametrize(
    "nonsense",
    ["", ".", "..", "../../etc", "/etc/passwd", "20260101-000000-000000", "20260101-000000-000000/../x",
     "x" * 999, "a\0b", "20260101-000000-00000٣", "%2e%2e", "<script>", " ", "{folder}"],
)  # fmt: skip
def test_nonsense_is_no_run(here: RunStore, nonsense: str) -> None:
    with pytest.raises(RunError) as told:
        here.open(nonsense)
    assert str(told.value).startswith("There is no run ") and str(here.path) in str(told.value)
    assert len(str(told.value)) < len(str(here.path)) + 100


def test_ids_are_unique_and_sort_by_start(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """From several threads at once, none of which gets as far as a worker."""
    waiting, started = [], threading.Barrier(4)
    monkeypatch.setattr(store_module, "submit", lambda path, lock: waiting.append(lock))
    order: list[list[str]] = []

    def start() -> None:
        started.wait()
        order.append([here.start(quick()).id for _ in range(5)])

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run_id for ids in order for run_id in ids}) == 20
    assert all(ids == sorted(ids) for ids in order)
    assert [run.state for run in here.runs()] == ["queued"] * 20
    for lock in waiting:
        lock.release()
    assert {run.state for run in here.runs()} == {"interrupted"}  # nobody will ever train them


def test_an_id_that_is_taken_is_not_given_again(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = here.train_here(quick(epochs=0.1))
    times = [taken.id, taken.id, "20990101-000000-000000"]

    class Clock:
        @staticmethod
        def now(zone: Any) -> Any:
            return Clock

        @staticmethod
        def strftime(template: str) -> str:
            return times.pop(0)

    monkeypatch.setattr(store_module, "datetime", Clock)
    assert here.train_here(quick(epochs=0.1)).id == "20990101-000000-000000"
    assert taken.state == "finished" and kinds(taken)[-1] == "finished"


def test_threads_that_start_at_once_share_one_job_server(monkeypatch: pytest.MonkeyPatch) -> None:
    made, started = [], threading.Barrier(6)

    class Server:
        is_running = True

        def __init__(self) -> None:
            made.append(self)

    monkeypatch.setattr(client, "JobServer", Server)
    monkeypatch.setattr(client, "_server", None)

    def ask() -> None:
        started.wait()
        client.job_server()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    made[0].is_running = False
    assert client.job_server() is not made[0]


def test_a_job_server_that_cannot_be_started_leaves_nothing(
    here: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_server", None)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(RunError, match=r"The process that trains runs cannot be started \(.*No such file"):
        here.start(quick())
    with pytest.raises(RunError, match="cannot be started"):
        here.warm()
    assert list(here.path.iterdir()) == []


HUGE = sequence(
    "huge", "flatten", ("linear", {"out_features": 2**16}), ("linear", {"out_features": 2**20}), "linear"
)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (replace(quick(), dataset="fashion-mnst"), 'no dataset "fashion-mnst"; did you mean "fashion_mnist"'),
        (replace(quick(), dataset=""), "names no dataset"),
        (replace(quick(), dataset="../mnist"), "no dataset"),
        (quick(lr=0), "learning rate is 0;"),
        (quick(lr=-1e-3), "learning rate is -0.001;"),
        (quick(lr=math.nan), "learning rate is nan;"),
        (quick(lr=1e6), "learning rate is 1000000.0;"),
        (quick(batch_size=0), "batch size is 0;"),
        (quick(batch_size=60_001), "fashion_mnist has only 60000 training samples"),
        (quick(epochs=0), "number of epochs is 0;"),
        (quick(epochs=math.inf), "number of epochs is inf;"),
        (quick(optimizer="adamm"), "no optimizer 'adamm'"),
        (replace(quick(), architecture=HUGE), r"needs about 2\d{3}\.\d GB of memory even"),
        (replace(quick(), dataset="kmnist"), r"Kuzushiji-MNIST is not in .* built-in dataset \"strokes\""),
        (replace(quick(), architecture=sequence("deep", *["max_pool2d"] * 9, "flatten", "linear")), "pool"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", ["start", "train_here"])
def test_what_cannot_be_trained_leaves_nothing(
    here: RunStore, wrong: RunSpec, sentence: str, how: str
) -> None:
    with pytest.raises(LabError, match=sentence):
        getattr(here, how)(wrong)
    assert not here.path.exists() or list(here.path.iterdir()) == []


def test_a_batch_larger_than_what_the_files_hold_fails_in_a_sentence(here: RunStore) -> None:
    run = here.train_here(quick(batch_size=3001))
    assert run.state == "failed" and kinds(run) == ["failed"]
    assert str(run.status.problem).startswith("The batch size is 3001, but fashion_mnist has only 3000 ")
    with pytest.raises(RunError, match="has not kept any weights yet"):
        run.load_model()


def test_a_damaged_dataset_fails_in_a_sentence(
    here: RunStore, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(small_data, tmp_path / "data")
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    file = tmp_path / "data/FashionMNIST/raw/train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1])
    run = here.train_here(quick())
    assert run.state == "failed"
    assert "train-images-idx3-ubyte is damaged" in str(run.status.problem)
    assert 'use the built-in dataset "strokes"' in str(run.status.problem)


def test_an_error_of_the_program_is_told_and_its_details_are_kept(
    here: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a {strange} one")

    monkeypatch.setattr("nnlab.runs.execute.train", broken)
    run = here.train_here(quick())
    assert run.state == "failed"
    assert "error of the program: ZeroDivisionError: a {strange} one." in str(run.status.problem)
    assert "Traceback" in (run.path / "worker.log").read_text()
    monkeypatch.setattr("nnlab.runs.execute.train", lambda *_, **__: (_ for _ in ()).throw(MemoryError()))
    assert "take a smaller batch" in str(here.train_here(quick()).status.problem)


def test_a_folder_that_is_a_file(tmp_path: Path, small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNLAB_DATA", str(small_data))
    (tmp_path / "runs").write_text("not a folder")
    store = RunStore(tmp_path / "runs")
    with pytest.raises(RunError, match="cannot be written to"):
        store.start(quick())
    with pytest.raises(RunError, match="cannot be read"):
        store.runs()
    with pytest.raises(RunError, match="There is no run"):
        store.open("20260101-000000-000000")
