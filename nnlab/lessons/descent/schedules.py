"""The registry of the schedules on the page: torch's own schedulers over a run of so many steps.

`nnlab.training.schedules` has those that a recipe may name. They count epochs, which a descent does not have,
so its step schedule falls every quarter of the run instead; and here each brings the line that makes it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LRScheduler

from nnlab.errors import LabError, Sentence
from nnlab.training.schedules import cycles_momentum

QUARTER = 4  # steps of a run are divided into so many stretches, where a schedule has stretches


@dataclass(frozen=True)
class ScheduleKind:
    """A schedule.

    Attributes:
        code: the Python expression that makes it, from `optimizer`, `steps` and, where needed, `lr`; what the
            pages show is what runs.
        make: the same as a function of optimizer and steps; None: the rate stays as it is.
    """

    name: str
    title: str
    about: Sentence
    code: str
    make: Callable[[torch.optim.Optimizer, int], LRScheduler] | None


def _one_cycle(optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler:
    return lr_scheduler.OneCycleLR(
        optimizer, max_lr=optimizer.param_groups[0]["lr"], total_steps=steps + 1,
        cycle_momentum=cycles_momentum(type(optimizer)) and _has_momentum(optimizer),
    )  # fmt: skip


def _has_momentum(optimizer: torch.optim.Optimizer) -> bool:
    group = optimizer.param_groups[0]
    return bool(group.get("momentum")) or "betas" in group


def _warmup(optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler:
    warm = max(1, steps // 10)
    return lr_scheduler.SequentialLR(
        optimizer,
        [
            lr_scheduler.LinearLR(optimizer, 0.01, total_iters=warm),
            lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps - warm)),
        ],
        [warm],
    )


SCHEDULES: dict[str, ScheduleKind] = {
    one.name: one
    for one in (
        ScheduleKind("constant", "Constant", Sentence("The same rate throughout."), "", None),
        ScheduleKind(
            "step", "StepLR", Sentence("Half as much after every quarter of the run."),
            "lr_scheduler.StepLR(optimizer, step_size=max(1, steps // 4), gamma=0.5)",
            lambda optimizer, steps: lr_scheduler.StepLR(optimizer, max(1, steps // QUARTER), 0.5),
        ),
        ScheduleKind(
            "exponential", "ExponentialLR", Sentence("Less by the same factor each step, to a hundredth."),
            "lr_scheduler.ExponentialLR(optimizer, gamma=0.01 ** (1 / steps))",
            lambda optimizer, steps: lr_scheduler.ExponentialLR(optimizer, 0.01 ** (1 / steps)),
        ),
        ScheduleKind(
            "cosine", "CosineAnnealingLR", Sentence("Half a cosine, down to zero."),
            "lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)",
            lambda optimizer, steps: lr_scheduler.CosineAnnealingLR(optimizer, steps),
        ),
        ScheduleKind(
            "restarts", "CosineAnnealingWarmRestarts", Sentence("A cosine down, and again from the top."),
            "lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=max(1, steps // 4))",
            lambda optimizer, steps: lr_scheduler.CosineAnnealingWarmRestarts(
                optimizer, max(1, steps // QUARTER)
            ),
        ),
        ScheduleKind(
            "one_cycle", "OneCycleLR", Sentence("Up to the rate in a third of the run, then to nothing."),
            "lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=steps + 1, cycle_momentum={cycles})",
            _one_cycle,
        ),
        ScheduleKind(
            "warmup", "LinearLR + CosineAnnealingLR", Sentence("A tenth of the run to warm up, then cosine."),
            "lr_scheduler.SequentialLR(\n"
            "    optimizer,\n"
            "    [\n"
            "        lr_scheduler.LinearLR(optimizer, 0.01, total_iters=max(1, steps // 10)),\n"
            "        lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps - max(1, steps // 10))),\n"
            "    ],\n"
            "    [max(1, steps // 10)],\n"
            ")",
            _warmup,
        ),
    )
}  # fmt: skip


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler | None:
    """The scheduler of that name over `steps` steps, to be stepped after each; None for a constant rate.

    Raises:
        LabError: there is no such schedule.
    """
    if name not in SCHEDULES:
        raise LabError(
            "There is no schedule {name}; there are: {known}.", name=repr(name), known=", ".join(SCHEDULES)
        )
    make = SCHEDULES[name].make
    if make is None:
        return None
    with warnings.catch_warnings():  # SequentialLR calls the epochs of its parts by a deprecated argument
        warnings.simplefilter("ignore")
        return make(optimizer, steps)


def rates(name: str, lr: float, steps: int) -> list[float]:
    """The learning rate of each of `steps` steps, as torch's scheduler sets it."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
    scheduler = make_scheduler(name, optimizer, steps)
    found = []
    for _ in range(steps):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return found
