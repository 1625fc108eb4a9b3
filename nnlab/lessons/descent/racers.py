"""The eight optimizers that race: entries of `nnlab.training.optim`, each with its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from nnlab.errors import LabError, Sentence, check
from nnlab.lessons.descent.surfaces import Surface
from nnlab.training.optim import OPTIMIZERS, optimizer_options

HIGHEST_RATE = 100.0
Option = float | bool | tuple[float, float]


@dataclass(frozen=True)
class Racer:
    """An optimizer with its settings.

    Attributes:
        name: of `RACERS`.
        kind: of `nnlab.training.optim.OPTIMIZERS`.
        lr: its learning rate.
        options: the arguments of the torch class besides.
    """

    name: str
    title: str
    kind: str
    about: Sentence
    lr: float
    options: tuple[tuple[str, Option], ...] = ()

    def make(self, parameters: list[Tensor]) -> torch.optim.Optimizer:
        """The torch optimizer, in its plain implementation: one tensor after the other, not fused."""
        return OPTIMIZERS[self.kind].make(parameters, lr=self.lr, foreach=False, **dict(self.options))

    def with_settings(self, lr: float | None = None, **options: Any) -> Racer:
        """Itself with other settings; raises `LabError` for what the optimizer does not take."""
        lr = self.lr if lr is None else lr
        check(
            0 < lr <= HIGHEST_RATE,
            "{value} is not a learning rate; it should be more than 0 and at most {most}.",
            value=lr, most=HIGHEST_RATE,
        )  # fmt: skip
        merged = optimizer_options(self.kind, dict(self.options) | options)
        return replace(self, lr=lr, options=tuple(merged.items()))

    def call(self, parameters: str) -> str:
        """The Python expression that makes it."""
        given = "".join(f", {name}={value!r}" for name, value in self.options if self._says(name, value))
        return f"torch.optim.{OPTIMIZERS[self.kind].make.__name__}([{parameters}], lr={self.lr!r}{given})"

    def _says(self, name: str, value: Option) -> bool:
        """Whether the call has to name the option: torch's own default is another."""
        (default,) = (option.default for option in OPTIMIZERS[self.kind].options if option.name == name)
        return value != (0.0 if name == "momentum" else default)


def _racer(name: str, title: str, kind: str, about: Sentence, **options: Option) -> Racer:
    merged = optimizer_options(kind, options)
    return Racer(name, title, kind, about, OPTIMIZERS[kind].lr, tuple(merged.items()))


RACERS: dict[str, Racer] = {
    one.name: one
    for one in (
        _racer("sgd", "SGD", "sgd", Sentence("Straight down the slope."), momentum=0.0),
        _racer("momentum", "Momentum", "sgd", Sentence("Keeps some of its speed."), momentum=0.9),
        _racer(
            "nesterov", "Nesterov", "sgd", Sentence("Momentum that looks ahead."), momentum=0.9, nesterov=True
        ),
        _racer("rmsprop", "RMSprop", "rmsprop", Sentence("Divides by the slopes' recent size.")),
        _racer("adagrad", "Adagrad", "adagrad", Sentence("Divides by all slopes so far.")),
        _racer("adadelta", "Adadelta", "adadelta", Sentence("Measures its steps by its own past steps.")),
        _racer("adam", "Adam", "adam", Sentence("Momentum, divided by the slopes' recent size.")),
        _racer("adamw", "AdamW", "adamw", Sentence("Adam with weight decay apart from the slope.")),
    )
}

# The share of the map's width that the first step of an optimizer which divides by the slope's size covers.
_SHARES = {"rmsprop": 0.002, "adagrad": 0.05, "adam": 0.01, "adamw": 0.01}


def racer(name: str, surface: Surface) -> Racer:
    """The racer of that name with a learning rate that suits `surface`; raises `LabError` for another name.

    SGD has the surface's own rate; with momentum, which adds up to ten steps, a third of it. The others'
    steps do not depend on how steep the surface is, but on how large it is.
    """
    if name not in RACERS:
        raise LabError(
            "There is no optimizer {name}; there are: {known}.", name=repr(name), known=", ".join(RACERS)
        )
    found = RACERS[name]
    low, high = surface.bounds[0]
    if name in _SHARES:
        return replace(found, lr=_rounded(_SHARES[name] * (high - low)))
    if found.kind == "sgd":
        return replace(found, lr=_rounded(surface.lr / 3) if name != "sgd" else surface.lr)
    return found


def _rounded(value: float) -> float:
    """Two digits, as one would choose a learning rate."""
    return float(f"{value:.2g}")


@dataclass(frozen=True)
class Setting:
    """A number that can be set; `option` and `place` say what of: an option, or one of a pair."""

    name: str
    value: float
    low: float
    high: float
    option: str
    place: int | None = None


def settings_of(racer: Racer) -> list[Setting]:
    """The numbers of a racer, its rate first; switches, which make another racer of it, are left out."""
    found = [Setting("lr", racer.lr, 0.0, HIGHEST_RATE, "lr")]
    values = dict(racer.options)
    for option in OPTIMIZERS[racer.kind].options:
        value = values[option.name]
        if isinstance(value, bool) or (option.name == "momentum" and racer.name not in _WITH_MOMENTUM):
            continue
        if isinstance(value, tuple):
            for place, number in enumerate(value):
                name = f"beta{place + 1}"
                found.append(Setting(name, number, option.low, option.high, option.name, place))
        else:
            found.append(Setting(option.name, value, option.low, option.high, option.name))
    return found


_WITH_MOMENTUM = ("momentum", "nesterov")


def with_numbers(racer: Racer, numbers: Mapping[str, float]) -> Racer:
    """The racer with some of the numbers of `settings_of` changed; raises `LabError` as `with_settings`."""
    options: dict[str, Any] = {}
    lr = None
    for setting in settings_of(racer):
        if setting.name not in numbers:
            continue
        value = numbers[setting.name]
        if setting.name == "lr":
            lr = value
        elif setting.place is None:
            options[setting.option] = value
        else:
            pair = list(options.get(setting.option, dict(racer.options)[setting.option]))
            pair[setting.place] = value
            options[setting.option] = tuple(pair)
    unknown = set(numbers) - {setting.name for setting in settings_of(racer)}
    check(
        not unknown, "{optimizer} has no option {name}; it has: {known}.",
        optimizer=racer.title, name=", ".join(sorted(unknown)),
        known=", ".join(setting.name for setting in settings_of(racer)),
    )  # fmt: skip
    return racer.with_settings(lr, **options)
