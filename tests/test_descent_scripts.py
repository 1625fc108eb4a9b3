"""The programs of the page Gradient descent end where the page does; settings in a link; planes through a
network's weights."""

from __future__ import annotations

import contextlib
import io
import json
import math
import subprocess
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from nnlab.data import load_dataset
from nnlab.drawing.shipped import WEIGHTS, shipped_model
from nnlab.errors import LabError
from nnlab.lessons.descent import (
    CURVES,
    RACERS,
    SCHEDULES,
    SURFACES,
    Racer,
    race,
    racer,
    settings_of,
    trail,
    with_numbers,
)
from nnlab.lessons.descent.__main__ import racer_from_json, racer_to_json, trail_from_json
from nnlab.lessons.descent.scripts import by_hand_script, descent_script, network_script, race_script
from nnlab.lessons.descent.slices import SAMPLES, Slice, data_of, slice_of
from nnlab.lessons.descent.written import read_settings, set_racers, write_settings
from nnlab.lessons.typed import TypedError
from nnlab.program import own_command, own_environment


def run(source: str) -> dict[str, Any]:
    """The variables of one of our own programs."""
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, names)
    return names


@pytest.mark.parametrize("name", SURFACES)
def test_the_program_of_a_race_ends_where_the_race_does(name: str) -> None:
    surface = SURFACES[name]
    racers = [racer(each, surface) for each in RACERS]
    ends = run(race_script(surface, racers, surface.start, 25))["ends"]
    for found in race(surface, racers, surface.start, 25):
        assert torch.equal(ends[found.racer.title], found.points[-1])


def test_a_race_in_which_some_diverge() -> None:
    ravine = SURFACES["ravine"]
    racers = [RACERS["sgd"].with_settings(1.0), RACERS["adam"].with_settings(0.1)]
    found = race(ravine, racers, ravine.start, 30)
    steps = [one.steps for one in found]
    assert steps[0] < steps[1] == 30
    ends = run(race_script(ravine, racers, ravine.start, steps))["ends"]
    assert all(torch.equal(ends[one.racer.title], one.points[-1]) for one in found)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "adagrad"])
def test_the_program_of_a_schedule_ends_where_the_descent_does(name: str, schedule: str) -> None:
    bowl = SURFACES["bowl"]
    one = racer(name, bowl)
    found = trail(bowl, one, bowl.start, 20, schedule)
    assert torch.equal(
        run(descent_script(bowl, one, bowl.start, 20, schedule))["point"].detach(), found.points[-1]
    )


@pytest.mark.parametrize("name", CURVES)
def test_the_program_of_one_dimension_ends_where_the_ball_does(name: str) -> None:
    curve = CURVES[name]
    one = racer("sgd", curve)
    found = trail(curve, one, curve.start, 20)
    assert torch.equal(run(descent_script(curve, one, curve.start, 20))["point"].detach(), found.points[-1])


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("name", RACERS)
def test_an_optimizer_by_hand_is_torchs(name: str, decay: float) -> None:
    ravine = SURFACES["ravine"]
    one = with_numbers(racer(name, ravine), {"weight_decay": decay})
    names = run(by_hand_script(ravine, one, ravine.start, 15))
    found = trail(ravine, one, ravine.start, 15)
    assert torch.equal(names["point"].detach(), found.points[-1])
    torch.testing.assert_close(names["theta"], found.points[-1], rtol=1e-4, atol=1e-5)
    assert not torch.equal(names["theta"], found.points[0])


# Settings in a link

_RACER = st.sampled_from(list(RACERS))


@given(st.data())
@settings(max_examples=60)
def test_settings_survive_the_link(data: st.DataObject) -> None:
    numbers: dict[str, dict[str, float]] = {}
    for name in data.draw(st.lists(_RACER, unique=True, max_size=3)):
        for setting in settings_of(RACERS[name]):
            if data.draw(st.booleans()):
                value = data.draw(st.floats(1e-4, 0.99))
                numbers.setdefault(name, {})[setting.name] = float(f"{value:.6g}")
    assert read_settings(write_settings(numbers)) == numbers
    for one in set_racers(numbers, list(RACERS), SURFACES["bowl"]):
        found = {setting.name: setting.value for setting in settings_of(one)}
        assert {name: found[name] for name in numbers.get(one.name, {})} == numbers.get(one.name, {})


@pytest.mark.parametrize(
    ("text", "fault", "sentence"),
    [
        ("adam", "adam", "“adam” is not a setting; it should be like adam.lr:0.05."),
        ("adam.lr:1,sgd", "sgd", "“sgd” is not a setting"),
        ("lion.lr:1", "lion", "There is no optimizer 'lion'"),
        ("adam.lr:1,sgd.beta1:0.5", "beta1", "SGD has no option beta1; it has: lr, weight_decay."),
        ("adam.__class__:1", "__class__", "Adam has no option __class__"),
        ("adam.lr:__import__('os')", "__import__('os')", "is not a number"),
        ("adam.lr:nan", "nan", "“nan” is not a number."),
        ("adam.lr:1e999", "1e999", "“1e999” is not a number."),
        ("a" * 401, "", "This is 401 characters long"),
    ],
)
def test_a_link_that_cannot_be_read_says_where(text: str, fault: str, sentence: str) -> None:
    with pytest.raises(TypedError, match=None) as caught:
        read_settings(text)
    assert sentence in str(caught.value)
    if fault:
        assert text[caught.value.start : caught.value.stop] == fault


def test_numbers_out_of_bounds_are_refused() -> None:
    for text in ("adam.lr:0", "adam.lr:1e9", "adam.beta1:1", "sgd.weight_decay:-1", "nesterov.momentum:0"):
        with pytest.raises(LabError):
            set_racers(read_settings(text), list(RACERS), SURFACES["bowl"])


# Planes through a network's weights


@pytest.fixture(scope="module")
def plane() -> Slice:
    return slice_of(shipped_model(), seed=3, samples=4)


def test_the_directions_are_as_large_as_the_filters(plane: Slice) -> None:
    parts = [row.split([shape.numel() for shape in plane.shapes]) for row in plane.basis]
    for trained, *directions, shape in zip(*parts, plane.shapes, strict=True):
        for direction in directions:
            if len(shape) == 1:
                assert not direction.any()
                continue
            norms = [one.view(shape).flatten(1).norm(dim=1) for one in (trained, direction)]
            torch.testing.assert_close(norms[1], norms[0], rtol=1e-4, atol=1e-6)
    one, other = plane.basis[1], plane.basis[2]
    assert abs(float(F.cosine_similarity(one, other, dim=0))) < 0.05
    again = slice_of(shipped_model(), seed=3, samples=4)
    assert torch.equal(again.basis, plane.basis)
    assert not torch.equal(slice_of(shipped_model(), seed=4, samples=4).basis, plane.basis)


def test_the_loss_on_a_plane_is_the_networks(plane: Slice) -> None:
    surface = plane.surface()
    model = shipped_model()
    with torch.no_grad():
        at_zero = F.cross_entropy(model(plane.inputs), plane.labels)
    torch.testing.assert_close(surface(torch.zeros(2)).detach(), at_zero)
    data = load_dataset(data_of(model)).test
    assert torch.equal(plane.labels, data.labels[:4])
    copy = nn.Sequential(*model)
    names = dict(model.named_parameters())
    x, y = torch.tensor(0.4), torch.tensor(-0.3)
    weights = plane.weights(x, y)
    before = {name: parameter.detach().clone() for name, parameter in names.items()}
    try:
        with torch.no_grad():
            for name, parameter in names.items():
                parameter.copy_(weights[name])
        with torch.no_grad():
            expected = F.cross_entropy(copy(plane.inputs), plane.labels)
    finally:
        with torch.no_grad():
            for name, parameter in names.items():
                parameter.copy_(before[name])
    losses, gradient = surface.slopes(torch.stack([x, y]))
    torch.testing.assert_close(losses, expected)
    for at in range(2):
        nudge = torch.zeros(2)
        nudge[at] = 1e-2
        with torch.no_grad():
            numeric = (surface(torch.stack([x, y]) + nudge) - surface(torch.stack([x, y]) - nudge)) / 2e-2
        assert float(gradient[at]) == pytest.approx(float(numeric), rel=0.05, abs=0.05)


def test_a_network_may_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnlab.lessons.descent.slices.MOST_WEIGHTS", 1000)
    with pytest.raises(LabError, match="weights; a plane through at most 1,000"):
        slice_of(shipped_model())


def test_racers_travel_to_another_process() -> None:
    for name in RACERS:
        one = with_numbers(racer(name, SURFACES["bowl"]), {"lr": 0.123})
        assert racer_from_json(json.loads(json.dumps(racer_to_json(one)))) == one


def test_the_program_of_a_plane_and_its_script_agree() -> None:
    racers: list[Racer] = [replace(RACERS["sgd"], lr=0.01), replace(RACERS["adam"], lr=0.05)]
    start, steps = (0.6, -0.5), 3
    asked = {"racers": [racer_to_json(one) for one in racers], "start": start, "steps": steps}
    command = own_command(
        "--weights", str(WEIGHTS), "--seed", "1", "--map", "3", "--race", json.dumps(asked),
        module="nnlab.lessons.descent",
    )  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=own_environment(), check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    rows = torch.tensor([line["row"] for line in lines if "row" in line])
    surface = slice_of(shipped_model(), seed=1).surface()
    with torch.no_grad():
        torch.testing.assert_close(rows, surface.grid(3), rtol=1e-4, atol=1e-5)
    assert [line["step"] for line in lines if "step" in line] == list(range(steps + 1))
    found = [trail_from_json(value, one) for value, one in zip(lines[-1]["trails"], racers, strict=True)]
    model = shipped_model()
    source = network_script(
        "shipped_model()", "from nnlab.drawing import shipped_model", data_of(model), 1, SAMPLES, racers,
        start, steps,
    )  # fmt: skip
    ends = run(source)["ends"]
    for one in found:
        assert one.steps == steps and math.isfinite(float(one.losses[-1]))
        torch.testing.assert_close(ends[one.racer.title], one.points[-1], rtol=1e-3, atol=1e-4)
