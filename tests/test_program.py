"""Programs in processes of their own: their lines, their turn, their end, and what went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnlab.program import Program, Programs

# Stand-ins for a command of the package: modules in a folder that the process finds.
SOURCES = {
    "counting": "import sys\nfor i in range(int(sys.argv[1])): print(i, flush=True)",
    "failing": "import sys\nprint(1)\nsys.stderr.write('x' * 100_000 + '\\nNo such thing.\\n')\nsys.exit(2)",
    "nonsense": "print('not json')",
    "endless": "import time, os\nprint(os.getpid(), flush=True)\nwhile True: time.sleep(60)",
    "gated": "import sys, pathlib\nprint(1, flush=True)\nopen(sys.argv[1]).read()\nprint(2)",
}


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, source in SOURCES.items():
        (tmp_path / f"stand_in_{name}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_its_lines_arrive(modules: Path) -> None:
    program = Program(["3"], "stand_in_counting")
    program.wait()
    assert program.lines == (0, 1, 2) and program.problem is None and not program.running
    assert program.succeeded


def test_what_went_wrong_is_its_last_line(modules: Path) -> None:
    program = Program([], "stand_in_failing")
    program.wait()
    assert str(program.problem) == "The computation ended early (No such thing.)." and not program.succeeded
    other = Program([], "stand_in_nonsense")
    other.wait()
    assert other.problem is not None and other.lines == ()


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_it_can_be_stopped_and_has_a_limit(modules: Path) -> None:
    stopped = Program([], "stand_in_endless")
    while not stopped.lines and stopped.running:
        stopped._thread.join(0.01)
    stopped.stop()
    assert not stopped.succeeded
    stopped.wait()
    assert stopped.problem is None and not stopped.succeeded
    with pytest.raises(ProcessLookupError):
        os.kill(stopped.lines[0], 0)
    late = Program([], "stand_in_endless", limit=0.5)
    late.wait()
    assert "longer than 0.5 seconds" in str(late.problem) and not late.stopped


def test_one_works_at_a_time_and_who_asks_for_the_same_gets_the_same(modules: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    programs = Programs(at_once=1)
    first = programs.start("first", [str(gate)], "stand_in_gated")
    while not first.lines and first.running:
        first._thread.join(0.01)
    second = programs.start("second", ["2"], "stand_in_counting")
    assert programs.start("second", ["2"], "stand_in_counting") is second
    assert second.waiting and not first.waiting and programs.known("third") is None
    with gate.open("w") as pipe:
        pipe.write("go")
    second.wait()
    assert first.lines == (1, 2) and second.lines == (0, 1)


def test_what_failed_is_begun_again_and_what_nobody_asks_for_goes(modules: Path) -> None:
    programs = Programs(kept=2)
    failed = programs.start("a", [], "stand_in_failing")
    failed.wait()
    again = programs.start("a", [], "stand_in_failing")
    again.wait()
    assert again is not failed
    for key in "bc":
        programs.start(key, ["1"], "stand_in_counting").wait()
    assert programs.known("a") is None and programs.known("c") is not None


@pytest.fixture
def endless(modules: Path) -> Iterator[tuple[Programs, Program]]:
    """One that works without end, and takes the turn of all others."""
    programs = Programs(at_once=1, kept=2)
    first = programs.start("first", [], "stand_in_endless")
    while not first.lines and first.running:
        first._thread.join(0.01)
    yield programs, first
    for key in ("first", "second", "third"):
        known = programs.known(key)
        if known is not None:
            known.stop()
            known.wait()


def test_one_that_is_stopped_before_its_turn_ends_at_once(endless: tuple[Programs, Program]) -> None:
    programs, first = endless
    second = programs.start("second", ["1"], "stand_in_counting")
    third = programs.start("third", ["1"], "stand_in_counting")
    while third.before < 2:
        third._thread.join(0.01)
    second.stop()
    second.wait()
    assert first.running and second.lines == () and third.before == 1


def test_one_goes_on_while_somebody_looks_at_it(endless: tuple[Programs, Program]) -> None:
    _, first = endless
    for who in ("a", "b"):
        first.look(who)
    first.leave("a")
    assert first.running and not first.stopped
    first.leave("b")
    first.wait()
    assert first.stopped and first.problem is None


def test_what_everybody_has_left_gives_way(endless: tuple[Programs, Program]) -> None:
    programs, first = endless
    first.look("a")
    second = programs.start("second", ["1"], "stand_in_counting")
    while not second.before:
        second._thread.join(0.01)
    second.look("b")
    assert first.running and not first.stopped and not first.forgotten
    first._seen["a"] -= 60  # as if that look were a minute old
    second.look("b")
    first.wait()
    second.wait()
    assert first.stopped and second.lines == (0,)
    assert programs.start("first", ["1"], "stand_in_counting") is not first


def test_what_has_not_ended_is_never_dropped(endless: tuple[Programs, Program]) -> None:
    programs, first = endless
    others = [programs.start(key, ["1"], "stand_in_counting") for key in ("second", "third")]
    assert first.running and all(one.running for one in others)
    assert programs.known("first") is first
