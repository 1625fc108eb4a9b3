"""Descents by torch.optim, several at a time: one call of the surface and of autograd serves all of them.

Each racer has a parameter and an optimizer of its own; only the losses and gradients of all are computed
together, which gives each the very numbers that it would get alone (the tests compare them).
"""

from __future__ import annotations

import math
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
    far = FAR * max(high - low for low, high in surface.bounds)
    running, stretches = runners, [_Stretch(runners)]
    for step in range(steps + 1):
        points = torch.stack([runner.parameter for runner in running])
        tell(step)
        losses, gradients = surface.slopes(points)
        stretches[-1].note(points, losses, gradients)
        for runner, place, loss in zip(running, points.tolist(), losses.tolist(), strict=True):
            if not (math.isfinite(loss) and all(abs(value) <= far for value in place)):
                runner.diverged = step
        if step < steps:
            for runner, gradient in zip(running, gradients.unbind(), strict=True):
                if runner.diverged is None:
                    runner.step(gradient)
        if any(runner.diverged is not None for runner in running):
            running = [runner for runner in running if runner.diverged is None]
            if not running:
                break
            stretches.append(_Stretch(running))
    return [runner.trail(stretches) for runner in runners]


def trail(
    surface: Surface, racer: Racer, start: Sequence[float], steps: int, schedule: str = "constant"
) -> Trail:
    """The descent of one racer; see `race`."""
    return race(surface, [racer], start, steps, [schedule])[0]


class _Stretch:
    """Steps in which the same racers ran: what was computed for all of them together."""

    def __init__(self, runners: Sequence[_Runner]) -> None:
        self.runners = list(runners)
        self.parts: tuple[list[Tensor], list[Tensor], list[Tensor]] = ([], [], [])

    def note(self, points: Tensor, losses: Tensor, gradients: Tensor) -> None:
        for part, value in zip(self.parts, (points, losses, gradients), strict=True):
            part.append(value)

    def of(self, runner: _Runner) -> list[Tensor]:
        """Points, losses and gradients of one of them; empty where it had diverged before."""
        if runner not in self.runners or not self.parts[0]:
            return []
        at = self.runners.index(runner)
        return [torch.stack(part)[:, at] for part in self.parts]


class _Runner:
    """A racer on its way."""

    def __init__(self, racer: Racer, start: Sequence[float], steps: int, schedule: str) -> None:
        self.racer = racer
        self.parameter = torch.tensor(start, dtype=torch.float32)
        self.optimizer = racer.make([self.parameter])
        self.scheduler = make_scheduler(schedule, self.optimizer, steps)
        self.diverged: int | None = None
        self.rates: list[float] = []

    def step(self, gradient: Tensor) -> None:
        self.rates.append(float(self.optimizer.param_groups[0]["lr"]))
        self.parameter.grad = gradient
        self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()

    def trail(self, stretches: Sequence[_Stretch]) -> Trail:
        mine = [found for found in (stretch.of(self) for stretch in stretches) if found]
        points, losses, gradients = (torch.cat(parts) for parts in zip(*mine, strict=True))
        rates = torch.tensor(self.rates, dtype=torch.float64)
        return Trail(self.racer, points, losses, gradients, rates, self.diverged)
