"""Time per batch, by the command that a process of its own is started with; never by the clock."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from nnlab.cli import main
from nnlab.errors import LabError, ShapeError
from nnlab.nets.presets import preset
from nnlab.training import batch_speed, preflight
from nnlab.training.batch_speed import Peak, Timing, measure_batch
from nnlab.training.recipe import Recipe, RunSpec

CPU = torch.device("cpu")


def spec(name: str = "net", batch_size: int = 8) -> RunSpec:
    return RunSpec("random", preset(name), Recipe(batch_size=batch_size))


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_both_parts_and_the_memory_are_told(batch_size: int) -> None:
    forward, step, peak = measure_batch(spec(batch_size=batch_size), (1, 28, 28), 10, CPU, seconds=0.01)
    for part, found in (("forward", forward), ("step", step)):
        assert isinstance(found, Timing) and found.part == part and found.batch_size == batch_size
        assert 0 < found.fastest <= found.seconds <= found.slowest and found.repeats >= 3
    assert isinstance(peak, Peak) and peak.bytes > 10**8 and 0 <= peak.network < peak.bytes


def test_a_step_is_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is timed trains: the weights change in a step, and not in a forward pass."""
    seen: list[list[bool]] = []

    def once_each(once: Any, device: torch.device, seconds: float) -> list[float]:
        model = once.__closure__[[name for name in once.__code__.co_freevars].index("model")].cell_contents
        before = [p.clone() for p in model.parameters()]
        once()
        seen.append([torch.equal(p, q) for p, q in zip(before, model.parameters(), strict=True)])
        return [1.0]

    monkeypatch.setattr(batch_speed, "_times", once_each)
    list(measure_batch(spec(), (1, 28, 28), 10, CPU))
    assert all(seen[0]) and not any(seen[1])


def test_what_is_slow_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def slow(once: Any, device: torch.device) -> float:
        calls.append(once)
        return 30.0

    monkeypatch.setattr(batch_speed, "_timed", slow)
    forward, step, _ = measure_batch(spec(), (1, 28, 28), 10, CPU, seconds=1)
    assert isinstance(forward, Timing) and isinstance(step, Timing)
    assert forward.repeats == step.repeats == 1 and step.seconds == 30.0 and len(calls) == 2


def test_what_cannot_be_trained_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ShapeError, match="pool5"):
        next(measure_batch(spec("vgg16"), (1, 28, 28), 10, CPU))
    monkeypatch.setattr(preflight, "free_memory", lambda device: 10**9)
    with pytest.raises(LabError, match="largest batch that fits"):
        next(measure_batch(spec("convnet", 10**6), (1, 28, 28), 10, CPU))


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "nnlab", "speed", *arguments],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, env=environment, timeout=120,
    )  # fmt: skip


def test_the_command_measures_a_file_of_layers(tmp_path: Path) -> None:
    mine = dataclasses.replace(preset("net"), name="mine")
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(mine.to_json()))
    found = command(
        "--model", str(path), "--image", "3x20x24", "--batch-size", "4", "--seconds", "0.01", "--json"
    )
    assert found.returncode == 0, found.stderr
    forward, step, memory = map(json.loads, found.stdout.splitlines())
    assert Timing(**forward).part == "forward" and Timing(**step).part == "step"
    assert Peak(**memory).part == "memory"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "nothing"], "There is no preset 'nothing'"),
        (["--model", "absent.json"], "absent.json cannot be read"),
        (["--dataset", "nowhere"], 'There is no dataset "nowhere"'),
        (["--batch-size", "0"], "The batch size is 0"),
        (["--optimizer", "best"], "There is no optimizer 'best'"),
        (["--seconds", "-1"], "-1.0 seconds cannot be measured for"),
        (["--threads", "0"], "The number of threads is 0"),
        (["--model", "alexnet"], "pool2 does not fit"),
        (["--image", "28x28"], "'28x28' is not the size of an image"),
        (["--image", "1x0x28"], "'1x0x28' is not the size of an image"),
        (["--image", "3xx8"], "'3xx8' is not the size of an image"),
        (["--image", "1x28x28", "--classes", "0"], "The number of classes is 0"),
    ],
)
def test_nonsense_is_told(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_the_command_tells_people(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    try:
        assert main(["speed", "--model", "logistic", "--seconds", "0.01"]) == 0
    finally:
        torch.set_num_threads(threads)
    forward, step, memory = capsys.readouterr().out.splitlines()
    assert "ms a batch" in forward and "samples/s" in step and "MB at most" in memory
