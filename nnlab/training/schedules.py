"""The registry of learning-rate schedules: torch's own schedulers, stepped after every batch."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch.optim import lr_scheduler

from nnlab.errors import LabError

# (optimizer, steps of the whole run, steps of an epoch) -> scheduler, or None for a constant rate
MakeSchedule = Callable[[torch.optim.Optimizer, int, int], lr_scheduler.LRScheduler | None]


def cycles_momentum(optimizer: Callable[..., torch.optim.Optimizer]) -> bool:
    """Whether an optimizer of this class has a momentum that one_cycle can move against the rate."""
    return not inspect.signature(optimizer).parameters.keys().isdisjoint(("momentum", "betas"))


SCHEDULES: dict[str, MakeSchedule] = {
    "one_cycle": lambda optimizer, steps, epoch: lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=max(2, steps),
        cycle_momentum=cycles_momentum(type(optimizer)),
    ),
    "constant": lambda optimizer, steps, epoch: None,
    "step": lambda optimizer, steps, epoch: lr_scheduler.StepLR(optimizer, step_size=epoch, gamma=0.5),
    "cosine": lambda optimizer, steps, epoch: lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps),
}


def make_schedule(
    name: str, optimizer: torch.optim.Optimizer, steps: int, epoch_steps: int
) -> lr_scheduler.LRScheduler | None:
    """The scheduler of that name, to be stepped after each of `steps` batches; None if constant.

    one_cycle: up to the recipe's rate and down again, momentum, where there is one, the other way (Smith,
    2018).
    step: halved after every epoch. cosine: from the recipe's rate to 0 (Loshchilov & Hutter, 2017).
    """
    if name not in SCHEDULES:
        raise LabError(
            "There is no schedule {name}; there are: {known}.", name=repr(name), known=", ".join(SCHEDULES)
        )
    return SCHEDULES[name](optimizer, steps, epoch_steps)
