"""Descents by torch.optim, several at a time: one call of the surface and of autograd serves all of them.

Each racer has a parameter and an optimizer of its own; only the losses and gradients of all are computed
together, which gives each the very numbers that it would get alone (the tests compare them).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import LabError, check
from nnlab.lessons.descent.racers import Racer
from nnlab.lessons.descent.schedules import make_scheduler
from nnlab.lessons.descent.surfaces import Surface

MOST_STEPS = 2000
FAR = 100.0  # widths of the map; whoever is farther away from it has diverged


@dataclass(frozen=True, eq=False)
class Trail:
    """What one descent did in n steps; n is less than was asked for where it diverged.

    Attributes:
        points: (n + 1, dims), from the start on.
        losses: (n + 1,) at the points.
        gradients: (n + 1, dims) at the points.
        rates: (n,), the learning rate of each step.
        diverged: the step after which it was not a number, infinite or farther than `FAR` away; else None.
    """

    racer: Racer
    points: Tensor
    losses: Tensor
    gradients: Tensor
    rates: Tensor
    diverged: int | None = None

    @property
    def steps(self) -> int:
        """How many steps it made."""
        return len(self.points) - 1


def check_start(surface: Surface, start: Sequence[float]) -> None:
    """Raise `LabError` unless `start` is a point on the picture of `surface`."""
    check(
        len(start) == surface.dims,
        "A start on this surface is {count} numbers, not {given}.",
        count=surface.dims, given=len(start),
    )  # fmt: skip
    for value, (low, high) in zip(start, surface.bounds, strict=True):
        if not low <= value <= high:
            raise LabError(
                "A start at {value} is off the map, which goes from {low:g} to {high:g}.",
                value=value, low=low, high=high,
            )  # fmt: skip


def race(
    surface: Surface, racers: Sequence[Racer], start: Sequence[float], steps: int,
    schedules: Sequence[str] = (), tell: Callable[[int], None] = lambda step: None,
) -> list[Trail]:  # fmt: skip
    """`steps` steps of each of `racers` from `start`.

    Args:
        schedules: of `nnlab.lessons.descent.schedules.SCHEDULES`, one a racer; none: constant rates.
        tell: called with each step before it is made.

    Raises:
        LabError: a start off the map, or too many steps.
    """
    check_start(surface, start)
    check(
        1 <= steps <= MOST_STEPS,
        "{value} steps are not possible; it should be from 1 to {most}.", value=steps, most=MOST_STEPS,
    )  # fmt: skip
    runners = [
        _Runner(one, start, steps, schedules[at] if schedules else "constant")
        for at, one in enumerate(racers)
    ]
    widest = max(high - low for low, high in surface.bounds)
    for step in range(steps + 1):
        running = [runner for runner in runners if runner.diverged is None]
        if not running:
            break
        points = torch.stack([runner.parameter for runner in running])
        tell(step)
        losses, gradients = surface.slopes(points)
        off = ~(points.abs() <= FAR * widest).all(1) | ~losses.isfinite()
        for at, (runner, loss, gradient, gone) in enumerate(
            zip(running, losses.unbind(), gradients.unbind(), off.tolist(), strict=True)
        ):
            runner.note(points[at], loss, gradient)
            if gone:
                runner.diverged = step
            elif step < steps:
                runner.step(gradient)
    return [runner.trail() for runner in runners]


def trail(
    surface: Surface, racer: Racer, start: Sequence[float], steps: int, schedule: str = "constant"
) -> Trail:
    """The descent of one racer; see `race`."""
    return race(surface, [racer], start, steps, [schedule])[0]


class _Runner:
    """A racer on its way."""

    def __init__(self, racer: Racer, start: Sequence[float], steps: int, schedule: str) -> None:
        self.racer = racer
        self.parameter = torch.tensor(start, dtype=torch.float32)
        self.optimizer = racer.make([self.parameter])
        self.scheduler = make_scheduler(schedule, self.optimizer, steps)
        self.diverged: int | None = None
        self.points: list[Tensor] = []
        self.losses: list[Tensor] = []
        self.gradients: list[Tensor] = []
        self.rates: list[float] = []

    def note(self, point: Tensor, loss: Tensor, gradient: Tensor) -> None:
        self.points.append(point)
        self.losses.append(loss)
        self.gradients.append(gradient)

    def step(self, gradient: Tensor) -> None:
        self.rates.append(float(self.optimizer.param_groups[0]["lr"]))
        self.parameter.grad = gradient.clone()
        self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()

    def trail(self) -> Trail:
        return Trail(
            self.racer, torch.stack(self.points), torch.stack(self.losses), torch.stack(self.gradients),
            torch.tensor(self.rates, dtype=torch.float64), self.diverged,
        )  # fmt: skip
