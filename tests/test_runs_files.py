"""The files of a run: what a torn, damaged, missing or refused one means to who reads them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import random_dataset
from runs_kit import ended, kinds, quick, spec, ticking, until

from nnlab import files
from nnlab.errors import LabError, RunError
from nnlab.nets.presets import preset
from nnlab.runs import Run, RunStore, control
from nnlab.runs import run as run_module
from nnlab.runs.control import Control, ControlWatch, read_control, write_control
from nnlab.runs.files import dumps
from nnlab.runs.journal import JournalReader, JournalWriter
from nnlab.runs.recorder import Recorder
from nnlab.runs.state import State, store_state, stored_state
from nnlab.training import weights
from nnlab.training.events import Event, Snapshot

pytest_plugins = ("runs_fixtures",)

GARBAGE = [
    b"", b"{", b"null", b"[]", b"7", b'"text"', b"\xff\xfe\x00", b"{}", b'{"name": "flying", "since": 0}',
    b'{"name": "finished", "since": "noon", "problem": null, "result": null}',
    b'{"name": "finished", "since": 0, "problem": "none", "result": null}',
    b'{"name": "finished", "since": 0, "problem": {"template": "{", "values": {}}, "result": null}',
    b'{"name": "finished", "since": 0, "problem": {"template": 1, "values": {}}, "result": null}',
    b'{"name": "failed", "since": 0, "problem": {"template": "{a}", "values": {}}, "result": null}',
    b'{"name": "finished", "since": 0, "problem": null, "result": 5}',
    b'{"dataset": "strokes", "architecture": {"name": "x", "layers": [{"kind": "warp"}]}, "recipe": {}}',
    b'{"dataset": "strokes", "architecture": "net", "recipe": "none"}',
    b'{"dataset": 5, "architecture": {"name": "x", "layers": 3}, "recipe": {"lr": "fast"}}',
    b'{"want": ["pause"], "evaluate": 1e999}', b'{"want": "dance", "evaluate": 0}', bytes(2000),
]  # fmt: skip


def event(seq: int, **values: Any) -> Event:
    return Event(seq, "tick", seq, values)


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


@pytest.fixture
def journal(tmp_path: Path) -> tuple[JournalWriter, JournalReader, Path]:
    path = tmp_path / "events.jsonl"
    return JournalWriter(path), JournalReader(path), path


def test_a_journal_is_read_on_from_where_it_was(journal: tuple[JournalWriter, JournalReader, Path]) -> None:
    writer, reader, path = journal
    assert reader.read() == []
    for seq in range(1, 4):
        writer.append(event(seq, text="ü\n\u2028", loss=[0.1, float("nan")]))
    assert seqs(reader.read()) == [1, 2, 3]
    assert reader.read()[0].values == {"text": "ü\n\u2028", "loss": [0.1, None]}  # JSON has no NaN
    assert seqs(reader.read(after=2)) == [3] and reader.read(after=3) == [] and reader.read(after=99) == []
    assert seqs(reader.read(after=-5)) == [1, 2, 3]
    writer.append(event(4))
    assert seqs(reader.read(after=3)) == [4]
    assert seqs(JournalReader(path).read(after=1)) == [2, 3, 4]
    writer.close()


def test_a_torn_last_line_is_left_for_later(journal: tuple[JournalWriter, JournalReader, Path]) -> None:
    writer, reader, path = journal
    writer.append(event(1))
    line = (json.dumps(event(2).to_json()) + "\n").encode()
    whole = path.read_bytes()
    for cut in range(len(line)):
        path.write_bytes(whole + line[:cut])
        assert seqs(reader.read()) == seqs(JournalReader(path).read()) == [1]
    path.write_bytes(whole + line)
    assert seqs(reader.read()) == [1, 2] and seqs(reader.read(after=1)) == [2]


@pytest.mark.parametrize(
    "garbage", [*GARBAGE[1:], b'{"seq": 1e999, "kind": "tick", "step": 1}', b"[" * 100_000]
)
def test_a_garbage_line_is_skipped(
    journal: tuple[JournalWriter, JournalReader, Path], garbage: bytes
) -> None:
    writer, reader, path = journal
    writer.append(event(1))
    with path.open("ab") as file:
        file.write(garbage + b"\n")
    writer.append(event(2))
    assert seqs(reader.read()) == [1, 2] and seqs(reader.read(after=1)) == [2]


def test_a_journal_that_goes_away(journal: tuple[JournalWriter, JournalReader, Path]) -> None:
    writer, reader, path = journal
    writer.append(event(1))
    assert seqs(reader.read()) == [1]
    path.write_bytes(b"")
    assert reader.read() == []
    path.unlink()
    assert reader.read() == []
    assert JournalReader(path.parent).read() == []  # a folder in its place


@pytest.mark.parametrize("taken", [0, 1, 30])
def test_a_full_disk_leaves_whole_lines(
    journal: tuple[JournalWriter, JournalReader, Path], monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    writer, reader, path = journal
    writer.append(event(1))
    before = path.read_bytes()

    class Full:
        """The file, on a disk with room for some bytes more."""

        def __init__(self, file: Any) -> None:
            self.file, self.room = file, taken

        def write(self, data: memoryview) -> int:
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            written = self.file.write(data[: self.room])
            self.room -= written
            return written

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    with monkeypatch.context() as patch:
        patch.setattr(writer, "_file", Full(writer._file))
        with pytest.raises(OSError, match="No space left"):
            writer.append(event(2, text="x" * 100))
    assert path.read_bytes() == before
    writer.append(event(2))
    assert seqs(reader.read()) == [1, 2]


def test_replacing_a_file_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.replace(path, lambda temporary: temporary.write_text("old") and None)

    def broken(temporary: Path) -> None:
        temporary.write_text("ne")
        assert path.read_text() == "old"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.replace(path, broken)
    assert [p.name for p in tmp_path.iterdir()] == ["file"] and path.read_text() == "old"
    files.replace(path, lambda temporary: temporary.write_text("new") and None, durable=False)
    assert path.read_text() == "new"


def test_json_of_anything_is_one_line() -> None:
    text = dumps({"a": float("inf"), "b": (1, float("nan")), "c": Path("x"), "d": "ü\n"})
    assert json.loads(text) == {"a": None, "b": [1, None], "c": "x", "d": "ü\n"} and "\n" not in text


def test_states_survive_their_file(tmp_path: Path) -> None:
    problem = RunError("There is no room in {folder}.", folder=tmp_path)
    for state in (State("queued"), State("failed", 12.5, problem, {"test_loss": 1.5})):
        store_state(tmp_path, state)
        found = stored_state(tmp_path)
        assert (found.name, found.since, found.result) == (state.name, state.since, state.result)
        assert str(found.problem) == str(state.problem)
    assert found.problem is not None and found.problem.template == problem.template


def test_what_is_asked_for(tmp_path: Path) -> None:
    watch = ControlWatch(tmp_path)
    assert watch.look() == read_control(tmp_path) == Control()
    control.ask(tmp_path, "pause")
    control.ask_evaluation(tmp_path)
    control.ask_evaluation(tmp_path)
    assert watch.look() == Control("pause", 2)
    control.ask(tmp_path, "stop")
    control.ask(tmp_path, "run")
    assert watch.look() == Control("stop", 2)
    for garbage in GARBAGE:
        (tmp_path / "control.json").write_bytes(garbage)
        assert read_control(tmp_path) == Control()
    write_control(tmp_path, Control("pause"))
    assert watch.look() == Control("pause")
    (tmp_path / "control.json").unlink()
    assert watch.look() == Control("pause")


def use(store: RunStore) -> set[str]:
    """Do with a store all that a page does; what cannot be done is told in a sentence of ours."""
    told = set()

    def attempt(action: Callable[[], Any]) -> None:
        try:
            action()
        except LabError as error:
            told.add(str(error))

    told |= {str(problem) for problem in store.damaged()}
    for run in store.runs():
        run.events()
        run.live()
        for action in (lambda: run.status, run.load_model, run.pause, run.resume, run.evaluate, run.stop):  # noqa: B023
            attempt(action)
        for step, _ in run.snapshots():
            attempt(lambda: run.load_model(step))  # noqa: B023
    for path in store.path.iterdir():
        attempt(lambda: store.open(path.name))  # noqa: B023
    return told


@pytest.fixture
def kept(here: RunStore) -> Run:
    run = here.train_here(quick())
    assert use(here) == set()
    return run


def files_of(run: Run) -> Iterator[Path]:
    yield from sorted(path for path in run.path.rglob("*") if path.is_file())


def test_a_run_directory_that_is_half_deleted(here: RunStore, kept: Run) -> None:
    copy = here.path.parent / "copy"
    shutil.copytree(kept.path, copy)
    names = [path.relative_to(kept.path) for path in files_of(kept)]
    assert {"spec.json", "state.json", "events.jsonl", "control.json"} < {str(name) for name in names}
    for name in [*names, Path("snapshots")]:
        victim = kept.path / name
        shutil.rmtree(victim) if victim.is_dir() else victim.unlink()
        told = use(here)
        if str(name) in ("spec.json", "state.json"):
            assert here.runs() == []
            sentence = f"The run {kept.id} in {here.path} is damaged: {name} is missing."
            assert told == {sentence} == {str(problem) for problem in here.damaged()}
        else:
            assert [run.id for run in here.runs()] == [kept.id]
        shutil.rmtree(kept.path)
        shutil.copytree(copy, kept.path)
    # And in the order in which a removal might have come to an end.
    for path in files_of(kept):
        path.unlink()
        use(here)
    shutil.rmtree(kept.path / "snapshots")
    use(here)
    assert len(here.damaged()) == 1 and here.runs() == []


def test_damaged_files(here: RunStore, kept: Run) -> None:
    names = [path.relative_to(kept.path) for path in files_of(kept)]
    for name in names:
        path = kept.path / name
        whole = path.read_bytes()
        garbages = (
            GARBAGE if name.suffix == ".json" else GARBAGE[:3]
        )  # of other files, more is tested elsewhere
        for garbage in (*garbages, whole[: len(whole) // 2], whole[:-1]):
            path.write_bytes(garbage)
            told = use(here)
            if name.suffix == ".safetensors" and name.parent.name == "snapshots":
                assert told and all(f"The weights in {path} cannot be read" in text for text in told)
            assert len(here.runs()) + len(here.damaged()) == 1
        path.write_bytes(whole)
    assert use(here) == set()


def test_other_things_in_the_folder_of_runs(here: RunStore, kept: Run) -> None:
    (here.path / "notes.txt").write_text("mine")
    (here.path / "20260101-000000-000000").write_text("a file with the name of a run")
    (here.path / "20260101-000000-000001").mkdir()
    assert [run.id for run in here.runs()] == [kept.id]
    assert len(here.damaged()) == 2
    with pytest.raises(RunError, match="There is no run"):
        here.open("20260101-000000-000000")
    with pytest.raises(RunError, match=r"is damaged: spec\.json is missing"):
        here.open("20260101-000000-000001")


def test_a_run_removed_while_it_is_looked_at(here: RunStore, kept: Run) -> None:
    seen, fresh = here.runs()[0], Run(kept.path)
    shutil.rmtree(kept.path)
    assert seen.state == "finished" and seen.created and seen.events() == [] and seen.snapshots() == []
    for action in (
        lambda: fresh.status,
        lambda: fresh.created,
        lambda: fresh.spec,
        fresh.stop,
        fresh.load_model,
    ):
        with pytest.raises(RunError):
            action()
    assert fresh.live() is None


@pytest.mark.parametrize("room", [0, 1, 2])
def test_a_full_disk_refuses_a_new_run(here: RunStore, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    written: list[Path] = []
    replace = files.replace

    def full(path: Path, *rest: Any) -> None:
        if len(written) == room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        replace(path, *rest)

    monkeypatch.setattr("nnlab.runs.files.replace", full)
    with pytest.raises(RunError, match=r"There is no room left on the disk of .*/runs\. What was written"):
        here.start(quick())
    assert len(written) == room and list(here.path.iterdir()) == []


def test_too_little_room_is_told_before(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=40 * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(
        RunError, match=r"snapshots of this run need about \d+ MB in .*, where 40 MB are free"
    ):
        here.start(spec("mlp", epochs=20))
    assert list(here.path.iterdir()) == []
    assert here.train_here(quick()).state == "finished"


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_a_disk_that_refuses_a_snapshot(here: RunStore, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    replace, room = files.replace, 3

    def full(path: Path, *rest: Any) -> None:
        nonlocal room
        if path.parent.name == "snapshots":
            room -= 1
            if room < 0:
                raise OSError(error, os.strerror(error))
        replace(path, *rest)

    monkeypatch.setattr(weights, "replace", full)
    run = here.train_here(quick(epochs=50))
    assert run.state == "failed" and kinds(run)[-1] == "failed"
    sentence = str(run.status.problem)
    assert str(run.path) in sentence and "What was written before is kept" in sentence
    assert ("Input/output error" if error == errno.EIO else "no room left on the disk") in sentence
    assert run.events()[-1].values["sentence"] == sentence
    assert len(run.snapshots()) == 3
    for step, _ in run.snapshots():
        assert run.load_model(step).info.step == step
    assert not [path for path in run.path.rglob(".*")]


def test_large_snapshots_do_not_pile_up_before_a_slow_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is written, nothing else waits: the training does."""
    writing, waiting, may_go = threading.Event(), threading.Event(), threading.Event()
    written: list[int] = []

    def slow(path: Path, tensors: Any, info: Any, durable: bool) -> None:
        writing.set()
        assert may_go.wait(60)
        written.append(info.step)

    monkeypatch.setattr("nnlab.runs.recorder.save_weights", slow)
    monkeypatch.setattr("nnlab.runs.recorder._LARGE", 100)
    recorder = Recorder(tmp_path)
    data = random_dataset()
    recorder.weights_of(preset("logistic"), data)
    writer = recorder._weights
    assert writer is not None
    events = [
        Event(seq, "snapshot", seq, {"reason": "progress"}, Snapshot(seq, {"w": torch.zeros(100)}))
        for seq in (1, 2)
    ]
    recorder.record(events[0])
    assert writing.wait(60)
    empty = writer._queue.join

    def join() -> None:
        waiting.set()
        empty()

    monkeypatch.setattr(writer._queue, "join", join)
    training = threading.Thread(target=recorder.record, args=(events[1],))
    training.start()
    assert waiting.wait(60)  # the second one is not handed over
    assert training.is_alive() and writer._queue.empty()
    may_go.set()
    training.join(60)
    writer.finish()
    assert written == [1, 2]


def test_a_disk_that_refuses_the_events(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    append, told = JournalWriter.append, []

    def full(self: JournalWriter, event: Event) -> None:
        told.append(event)
        if len(told) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, event)

    monkeypatch.setattr(JournalWriter, "append", full)
    run = here.train_here(quick(epochs=50))
    assert run.state == "failed" and "no room left" in str(run.status.problem)
    assert seqs(run.events()) == [1, 2, 3, 4] and kinds(run)[-1] == "failed"


def test_what_cannot_even_be_asked_is_told(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnlab.runs.store.submit", lambda path, lock: locks.append(lock))
    locks: list[Any] = []
    run = here.start(quick())

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_module, "ask", full)
    monkeypatch.setattr(run_module, "ask_evaluation", full)
    for steer in (run.pause, run.resume, run.stop, run.evaluate):
        with pytest.raises(RunError, match="no room left"):
            steer()
    locks.pop().release()


def test_a_record_that_cannot_be_begun(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("nnlab.runs.recorder.JournalWriter", refused)
    run = here.train_here(quick())
    assert run.state == "failed" and "cannot be written to (Permission denied)" in str(run.status.problem)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with 200 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"only root can mount a small file system here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills_up(store: RunStore, small_disk: Path) -> None:
    run = ticking(RunStore(small_disk).start(spec("mlp", epochs=30, batch_size=50)))
    run.pause()
    until(lambda: run.state == "paused", "the pause")
    before = run.snapshots()
    assert before
    free = shutil.disk_usage(small_disk).free - 2**20
    (small_disk / "filler").write_bytes(bytes(free))  # room for small files, not for 2.7 MB of weights
    run.resume()
    assert ended(run).state == "failed"
    assert str(run.status.problem).startswith(f"There is no room left on the disk of {run.path}.")
    assert kinds(run)[-1] == "failed"
    assert run.snapshots()[: len(before)] == before
    for step, _ in run.snapshots():
        assert run.load_model(step).info.step == step
    assert not [path for path in run.path.rglob(".*") if path.is_file()]
