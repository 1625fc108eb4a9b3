"""The registry of optimizers: torch's own, with the options a person may set.

A field's name is the argument's name in `torch.optim`, so forms, checks and code come from one place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from nnlab.errors import LabError

Value = float | bool | tuple[float, float]


@dataclass(frozen=True)
class Option:
    """An argument of an optimizer: a number in [low, high), a switch, or a pair of such numbers."""

    name: str
    default: Value
    low: float = 0.0
    high: float = math.inf

    def check(self, optimizer: str, value: Any) -> None:
        """Raise `LabError` unless `value` is of the default's kind and within the bounds."""
        if isinstance(self.default, bool):
            good = isinstance(value, bool)
        else:
            pair = isinstance(self.default, tuple)
            numbers = tuple(value) if pair and isinstance(value, (tuple, list)) else (value,)
            good = len(numbers) == (2 if pair else 1) and all(self._is_good_number(x) for x in numbers)
        if not good:
            raise LabError(
                "{option} of {optimizer} is {value}; it should be like {default}, between {low} and {high}.",
                option=self.name, optimizer=optimizer, value=repr(value), default=self.default,
                low=self.low, high=self.high,
            )  # fmt: skip

    def _is_good_number(self, value: Any) -> bool:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and self.low <= value < self.high


@dataclass(frozen=True)
class OptimizerKind:
    """An optimizer of torch, the learning rate that suits it here, and its options."""

    name: str
    make: Callable[..., torch.optim.Optimizer]
    lr: float
    options: tuple[Option, ...]
    fused: bool = False  # whether torch has a fused implementation, one kernel for all parameters
    state_per_parameter: int = 0  # numbers it keeps for each weight, for the estimate of memory


_DECAY = Option("weight_decay", 0.0)
_BETAS = Option("betas", (0.9, 0.999), high=1.0)

OPTIMIZERS: dict[str, OptimizerKind] = {
    kind.name: kind
    for kind in (
        OptimizerKind("adam", torch.optim.Adam, 1e-3, (_BETAS, _DECAY), True, 2),
        OptimizerKind("adamw", torch.optim.AdamW, 1e-3, (_BETAS, Option("weight_decay", 0.01)), True, 2),
        OptimizerKind(
            "sgd",
            torch.optim.SGD,
            0.05,
            (Option("momentum", 0.9, high=1.0), Option("nesterov", False), _DECAY),
            True,
            1,
        ),
        OptimizerKind(
            "rmsprop",
            torch.optim.RMSprop,
            1e-3,
            (Option("alpha", 0.99, high=1.0), Option("momentum", 0.0, high=1.0), _DECAY),
            state_per_parameter=2,
        ),
        OptimizerKind("adagrad", torch.optim.Adagrad, 0.01, (_DECAY,), True, 1),
        OptimizerKind(
            "adadelta",
            torch.optim.Adadelta,
            1.0,
            (Option("rho", 0.9, high=1.0), _DECAY),
            state_per_parameter=2,
        ),
    )
}


def optimizer_kind(name: str) -> OptimizerKind:
    """The entry of that name; raises `LabError` naming the known ones."""
    if name not in OPTIMIZERS:
        raise LabError(
            "There is no optimizer {name}; there are: {known}.", name=repr(name), known=", ".join(OPTIMIZERS)
        )
    return OPTIMIZERS[name]


def optimizer_options(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` completed by the entry's defaults; raises `LabError` for unknown names and bad values."""
    kind = optimizer_kind(name)
    known = {option.name: option for option in kind.options}
    for asked in given:
        if asked not in known:
            raise LabError(
                "{optimizer} has no option {name}; it has: {known}.",
                optimizer=name, name=asked, known=", ".join(known),
            )  # fmt: skip
    values = {option.name: option.default for option in kind.options} | dict(given)
    for option_name, option in known.items():
        option.check(name, values[option_name])
        if isinstance(option.default, tuple):
            values[option_name] = tuple(values[option_name])
    if values.get("nesterov") and not values["momentum"]:
        raise LabError("Nesterov needs momentum; the momentum of {optimizer} is 0.", optimizer=name)
    return values


def make_optimizer(
    name: str, parameters: Iterable[nn.Parameter], lr: float, options: Mapping[str, Any]
) -> torch.optim.Optimizer:
    """The torch optimizer, fused where torch can.

    The fused step of Adagrad exists on the CPU only. On the CPU the fused and the plain step may
    differ in the last bit, so code that should reproduce a run names ``fused=True`` as well.
    """
    kind = optimizer_kind(name)
    values = optimizer_options(name, options)
    parameters = list(parameters)
    on_cpu = all(p.device.type == "cpu" for p in parameters)
    if kind.fused and (on_cpu or name != "adagrad"):
        values["fused"] = True
    return kind.make(parameters, lr=lr, **values)
