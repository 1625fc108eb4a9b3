"""Gradient descent: gradients against finite differences, races against torch.optim one by one, updates and
schedules against torch, learning rates against what they do."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.errors import LabError
from nnlab.lessons.descent import (
    CURVES,
    RACERS,
    SCHEDULES,
    SURFACES,
    Racer,
    Surface,
    bound,
    curvatures,
    curve,
    levels,
    race,
    racer,
    rates,
    recorded,
    settings_of,
    surface,
    taken_apart,
    trail,
    with_numbers,
)

ALL = [*CURVES.values(), *SURFACES.values()]
BOUNDED = [name for name in RACERS if RACERS[name].kind == "sgd"]


def names(value: object) -> str | None:
    return value.name if isinstance(value, Surface) else None


@pytest.mark.parametrize("surface", ALL, ids=names)
@given(share=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@settings(max_examples=15)
def test_gradients_are_the_finite_differences(surface: Surface, share: tuple[float, float]) -> None:
    place = [low + s * (high - low) for s, (low, high) in zip(share, surface.bounds, strict=False)]
    point = torch.tensor(place, dtype=torch.float64)
    if surface.name == "kink" and abs(place[0]) < 1e-4:
        return
    _, gradient = surface.slopes(point)
    for at in range(surface.dims):
        nudge = torch.zeros_like(point)
        nudge[at] = 1e-6
        numeric = (surface(point + nudge) - surface(point - nudge)) / 2e-6
        assert float(gradient[at]) == pytest.approx(float(numeric), rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("surface", ALL, ids=names)
def test_minima_are_minima(surface: Surface) -> None:
    if surface.name == "kink":  # which has no slope there
        return
    for at, minimum in enumerate(surface.minima):
        value, gradient = surface.slopes(torch.tensor(minimum, dtype=torch.float64))
        assert float(gradient.abs().max()) < 0.02
        assert curvatures(surface, minimum)[0] > 0
        if at == 0:
            assert float(value) == pytest.approx(surface.lowest, abs=1e-5)
        assert float(value) >= surface.lowest - 1e-6
    assert float(surface.grid(101).min()) >= surface.lowest - 1e-6


@pytest.mark.parametrize("surface", SURFACES.values(), ids=names)
def test_a_grid_has_the_surfaces_values(surface: Surface) -> None:
    grid = surface.grid(7)
    (x0, x1), (y0, y1) = surface.bounds
    corners = torch.tensor([[x0, y0], [x1, y0], [x0, y1], [x1, y1]])
    assert torch.equal(torch.stack([grid[0, 0], grid[0, -1], grid[-1, 0], grid[-1, -1]]), surface(corners))
    found = levels(grid, surface.steepness)
    assert bool((found.diff() > 0).all()) and float(found[0]) > float(grid.min())


def by_hand(surface: Surface, one: Racer, start: tuple[float, ...], steps: int) -> torch.Tensor:
    """The points of a descent as a program of a few lines has them."""
    point = torch.tensor(start, requires_grad=True)
    kind = {"sgd": "SGD", "momentum": "SGD", "nesterov": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad",
            "adadelta": "Adadelta", "adam": "Adam", "adamw": "AdamW"}[one.name]  # fmt: skip
    optimizer = getattr(torch.optim, kind)([point], lr=one.lr, **dict(one.options))
    points = [point.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        surface.function(*point).backward()
        optimizer.step()
        points.append(point.detach().clone())
    return torch.stack(points)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=names)
def test_each_racer_goes_where_it_would_go_alone(surface: Surface) -> None:
    racers = [racer(name, surface) for name in RACERS]
    for found in race(surface, racers, surface.start, 40):
        assert torch.equal(found.points, by_hand(surface, found.racer, surface.start, 40)), found.racer.name
        assert torch.equal(found.losses, surface(found.points))
        assert found.steps == 40 and found.diverged is None and len(found.rates) == 40


def test_a_program_of_the_racers_call_makes_the_same_optimizer() -> None:
    for name in RACERS:
        one = with_numbers(racer(name, SURFACES["ravine"]), {"lr": 0.03, "weight_decay": 0.1})
        point = torch.zeros(2)
        made = eval(one.call("point"), {"torch": torch, "point": point})  # our own text
        mine = one.make([point])
        assert type(made) is type(mine)
        same = {key: value for key, value in made.defaults.items() if key != "foreach"}
        assert same == {key: value for key, value in mine.defaults.items() if key != "foreach"}


@st.composite
def set_racers(draw: Any) -> Racer:
    """A racer with any settings."""
    one = RACERS[draw(st.sampled_from(list(RACERS)))]
    lr = draw(st.floats(1e-4, 0.5))
    numbers = {"lr": lr}
    for setting in settings_of(one)[1:]:
        high = min(setting.high, 1.0)
        numbers[setting.name] = draw(
            st.floats(0.01 if one.name == "nesterov" else 0.0, high, exclude_max=True)
        )
    return with_numbers(one, numbers)


@given(one=set_racers(), name=st.sampled_from(sorted(SURFACES)), step=st.integers(1, 12),
       share=st.tuples(st.floats(0, 1), st.floats(0, 1)))  # fmt: skip
@settings(max_examples=150)
def test_an_update_by_the_formula_is_torchs(
    one: Racer, name: str, step: int, share: tuple[float, float]
) -> None:
    surface = SURFACES[name]
    start = [low + s * (high - low) for s, (low, high) in zip(share, surface.bounds, strict=True)]
    recording = recorded(surface, one, start, step)
    if recording.steps < step:
        return  # it diverged before
    for place in (0, 1):
        update = taken_apart(recording, step, place)
        assert torch.equal(update.new, recording.points[step, place])
        last = update.lines[-1]
        assert last.torch is not None and torch.equal(last.torch, update.new)
        for line in update.lines:
            if line.torch is not None and line.torch.isfinite():
                size = max(float(line.torch.abs()), float(update.old.abs()) if line is last else 0.0)
                apart = abs(float(line.value) - float(line.torch))
                assert apart <= 4e-7 * size + 1e-37, (one, line)


def test_what_an_update_keeps_is_what_torch_keeps() -> None:
    ravine = SURFACES["ravine"]
    kept = {"momentum": {"v"}, "nesterov": {"v"}, "rmsprop": {"v"}, "adagrad": {"s"}, "adadelta": {"v", "u"},
            "adam": {"m", "v"}, "adamw": {"m", "v"}, "sgd": set()}  # fmt: skip
    for name, symbols in kept.items():
        recording = recorded(ravine, racer(name, ravine), ravine.start, 7)
        lines = taken_apart(recording, 7, 1).lines
        assert {line.symbol for line in lines[1:-1] if line.torch is not None} == symbols
        assert lines[0].symbol == "g" and lines[-1].symbol == "y new"
    with pytest.raises(LabError, match="There is no step 8; this descent has 7"):
        taken_apart(recording, 8, 0)
    with pytest.raises(LabError, match="There is no parameter 2"):
        taken_apart(recording, 1, 2)


@pytest.mark.parametrize("name", BOUNDED)
@pytest.mark.parametrize("where", ["parabola", "bowl", "ravine"])
def test_the_bound_on_the_rate_parts_descent_from_divergence(name: str, where: str) -> None:
    found = CURVES[where] if where in CURVES else SURFACES[where]
    assert found.quadratic
    largest = curvatures(found, found.start)[-1]
    assert largest == pytest.approx({"parabola": 2, "bowl": 2, "ravine": 25}[where])
    one = RACERS[name]
    limit = bound(one, largest)
    below = trail(found, one.with_settings(0.98 * limit), found.start, 600)
    above = trail(found, one.with_settings(1.02 * limit), found.start, 600)
    assert below.diverged is None and float(below.losses[-1]) < 0.1 * float(below.losses[0])
    assert above.diverged is not None or float(above.losses[-1]) > 10 * float(above.losses[0])


def test_a_bound_needs_sgd_and_curvature() -> None:
    with pytest.raises(LabError, match="not for Adam"):
        bound(RACERS["adam"], 2.0)
    with pytest.raises(LabError, match="sets no bound"):
        bound(RACERS["sgd"], 0.0)


def test_a_descent_that_diverges_ends_there() -> None:
    ravine = SURFACES["ravine"]
    fast = RACERS["sgd"].with_settings(1.0)
    slow = RACERS["sgd"].with_settings(0.01)
    gone, stays = race(ravine, [fast, slow], ravine.start, 50)
    assert gone.diverged == gone.steps < 50 and stays.steps == 50
    assert float(gone.points[-1].abs().max()) > 100 * 10 >= float(gone.points[-2].abs().max())
    cubic = SURFACES["rosenbrock"]  # where it is not a number within a few steps
    found = trail(cubic, RACERS["sgd"].with_settings(100.0), cubic.start, 50)
    assert found.diverged == 1


LR, STEPS = 0.4, 40


def expected_rate(name: str, step: int) -> float:
    """The formulas of torch's documentation."""
    quarter, warm = STEPS // 4, STEPS // 10
    match name:
        case "constant":
            return LR
        case "step":
            return LR * 0.5 ** (step // quarter)
        case "exponential":
            return LR * 0.01 ** (step / STEPS)
        case "cosine":
            return LR * (1 + math.cos(math.pi * step / STEPS)) / 2
        case "restarts":
            return LR * (1 + math.cos(math.pi * (step % quarter) / quarter)) / 2
        case "one_cycle":
            top = 0.3 * (STEPS + 1) - 1
            if step <= top:
                return _between(LR / 25, LR, step / top)
            return _between(LR, LR / 25 / 1e4, (step - top) / (STEPS - top))
        case "warmup":
            if step < warm:
                return LR * (0.01 + 0.99 * step / warm)
            return LR * (1 + math.cos(math.pi * (step - warm) / (STEPS - warm))) / 2
    raise AssertionError(f"no formula for the schedule {name}: add one here")


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_torchs(name: str) -> None:
    found = rates(name, LR, STEPS)
    assert found == pytest.approx([expected_rate(name, step) for step in range(STEPS)], rel=1e-6)
    ravine = SURFACES["ravine"]
    ran = trail(ravine, RACERS["sgd"].with_settings(0.01), ravine.start, STEPS, name)
    assert ran.rates.tolist() == rates(name, 0.01, STEPS)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_code_of_a_schedule_makes_it(name: str) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=LR)
    kind = SCHEDULES[name]
    if kind.make is None:
        assert kind.code == ""
        return
    space = {"lr_scheduler": torch.optim.lr_scheduler, "optimizer": optimizer, "steps": STEPS, "lr": LR}
    scheduler = eval(kind.code.replace("{cycles}", "False"), space)  # our own text
    found = []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert found == rates(name, LR, STEPS)


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_run_may_be_short(name: str, steps: int) -> None:
    found = rates(name, LR, steps)
    assert len(found) == steps and all(0 <= rate <= LR * 1.0001 for rate in found)


def test_what_cannot_be_is_told() -> None:
    ravine = SURFACES["ravine"]
    sgd = RACERS["sgd"]
    for call, sentence in (
        (lambda: surface("hill"), "There is no surface 'hill'; there are: ravine"),
        (lambda: curve("ravine"), "There is no surface 'ravine'; there are: parabola"),
        (lambda: racer("lion", ravine), "There is no optimizer 'lion'"),
        (lambda: rates("linear", 0.1, 5), "There is no schedule 'linear'"),
        (lambda: sgd.with_settings(0.0), "0.0 is not a learning rate"),
        (lambda: sgd.with_settings(math.nan), "nan is not a learning rate"),
        (lambda: with_numbers(sgd, {"beta1": 0.5}), "SGD has no option beta1; it has: lr, weight_decay"),
        (lambda: with_numbers(RACERS["adam"], {"beta1": 1.0}), "betas of adam"),
        (lambda: trail(ravine, sgd, (9.0, 0.0), 5), "A start at 9.0 is off the map"),
        (lambda: trail(ravine, sgd, (math.nan, 0.0), 5), "A start at nan is off the map"),
        (lambda: trail(ravine, sgd, (1.0,), 5), "is 2 numbers, not 1"),
        (lambda: trail(ravine, sgd, (1.0, 0.0), 10**9), "1000000000 steps are not possible"),
    ):
        with pytest.raises(LabError, match=sentence):
            call()
