"""One update of one parameter, by the formula and with its numbers, beside what torch.optim made of it.

The lines follow torch's plain implementation (``torch/optim/<name>.py``, ``_single_tensor_*``) operation by
operation in float32. Where torch multiplies and adds in one instruction, which rounds once, so does the line;
on a processor without that instruction, torch's number may differ in the last bit, and the line says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from nnlab.errors import Sentence, check
from nnlab.lens.numbers import ulps
from nnlab.lessons.descent.recording import Recording
from nnlab.lessons.descent.rounding import fused, lerp, mix_squares, single


@dataclass(frozen=True, eq=False)
class Line:
    """One line of an update.

    Attributes:
        symbol: what it gives, for example ``m``.
        about: what that is.
        formula: how, in symbols; `numbers`: the same with numbers.
        value: () what comes out.
        torch: () the same number as torch keeps it after the step; None where torch does not keep it.
    """

    symbol: str
    about: Sentence
    formula: str
    numbers: str
    value: Tensor
    torch: Tensor | None = None

    @property
    def ulps(self) -> int | None:
        """Units in the last place between the two."""
        return None if self.torch is None else ulps(self.value, self.torch)


@dataclass(frozen=True, eq=False)
class Update:
    """The update of one parameter.

    Attributes:
        step: which one, from 1 on.
        place: which parameter.
        lines: from the gradient to the new value.
        old, new: () the parameter before and after, torch's own.
    """

    step: int
    place: int
    lines: tuple[Line, ...]
    old: Tensor
    new: Tensor


def taken_apart(recording: Recording, step: int, place: int) -> Update:
    """Step `step` (from 1) of parameter `place` of a descent.

    Raises:
        LabError: there is no such step or parameter.
    """
    check(
        1 <= step <= recording.steps,
        "There is no step {step}; this descent has {count}.", step=step, count=recording.steps,
    )  # fmt: skip
    dims = recording.points.shape[1]
    check(0 <= place < dims, "There is no parameter {place}; there are {count}.", place=place, count=dims)
    sheet = _Sheet(recording, step, place)
    _KINDS[recording.racer.kind](sheet)
    return Update(step, place, tuple(sheet.lines), sheet.old, recording.points[step, place])


class _Sheet:
    """The lines so far, and what they are computed from."""

    def __init__(self, recording: Recording, step: int, place: int) -> None:
        self.step, self.place = step, place
        self.lr = recording.racer.lr
        self.options: dict[str, Any] = dict(recording.racer.options)
        self.before, self.after = recording.states[step - 1], recording.states[step]
        self.old = recording.points[step - 1, place]
        self.next = recording.points[step, place]
        self.lines: list[Line] = []
        gradient = recording.gradients[step - 1, place]
        name = "xy"[place]
        self.theta = name
        self.write("g", Sentence("gradient, by autograd"), f"∂f/∂{name}", "", gradient, gradient)
        self.g = gradient

    def kept(self, name: str) -> Tensor:
        """What torch kept of this parameter before the step; zero before the first."""
        state = self.before.get(name)
        return torch.zeros(()) if state is None else state[self.place]

    def write(
        self, symbol: str, about: Sentence, formula: str, numbers: str, value: Tensor,
        torchs: Tensor | str | None = None,
    ) -> Tensor:  # fmt: skip
        """Add a line; `torchs` is torch's number, or the name by which it keeps it."""
        if isinstance(torchs, str):
            torchs = self.after[torchs][self.place]
        self.lines.append(Line(symbol, about, formula, numbers, value, torchs))
        return value

    def decayed(self) -> Tensor:
        """The gradient with weight decay added to it, where there is any."""
        decay = self.options["weight_decay"]
        if not decay:
            return self.g
        return self.write(
            "g′", Sentence("with weight decay"), f"g + λ · {self.theta}",
            f"{text(self.g)} + {decay:g} · {text(self.old)}", fused(decay, self.old, self.g),
        )  # fmt: skip

    def new(self, formula: str, numbers: str, value: Tensor) -> None:
        """The last line."""
        self.write(f"{self.theta} new", Sentence("the new value"), formula, numbers, value, self.next)


def _sgd(sheet: _Sheet) -> None:
    momentum = sheet.options["momentum"]
    name, g = sheet.theta, sheet.decayed()
    symbol = sheet.lines[-1].symbol
    if momentum:
        first = "momentum_buffer" not in sheet.before
        v = sheet.kept("momentum_buffer")
        formula = symbol if first else f"μ · v + {symbol}"
        numbers = text(g) if first else f"{momentum:g} · {text(v)} + {text(g)}"
        v = sheet.write(
            "v", Sentence("speed"), formula, numbers, g if first else momentum * v + g, "momentum_buffer"
        )
        if sheet.options["nesterov"]:
            u = sheet.write(
                "u", Sentence("looking ahead"), f"{symbol} + μ · v", f"{text(g)} + {momentum:g} · {text(v)}",
                fused(momentum, v, g),
            )  # fmt: skip
            symbol, g = "u", u
        else:
            symbol, g = "v", v
    _effective(sheet, f"−η · {symbol}", f"−{sheet.lr:g} · {text(g)}", single(-sheet.lr) * g)
    sheet.new(
        f"{name} − η · {symbol}", f"{text(sheet.old)} − {sheet.lr:g} · {text(g)}",
        fused(-sheet.lr, g, sheet.old),
    )  # fmt: skip


def _adam(sheet: _Sheet, decoupled: bool = False) -> None:
    """`decoupled`: weight decay keeps apart from the gradient."""
    beta1, beta2 = sheet.options["betas"]
    decay = sheet.options["weight_decay"]
    g = sheet.g if decoupled else sheet.decayed()
    symbol, name = sheet.lines[-1].symbol, sheet.theta
    old = sheet.old
    if decoupled and decay:
        old = sheet.write(
            f"{name}′", Sentence("weight decay, apart from the gradient"), f"{name} · (1 − η λ)",
            f"{text(old)} · (1 − {sheet.lr:g} · {decay:g})", old * (1 - sheet.lr * decay),
        )  # fmt: skip
        name = f"{name}′"
    m, v = sheet.kept("exp_avg"), sheet.kept("exp_avg_sq")
    m = sheet.write(
        "m", Sentence("mean of the gradients (first moment)"), f"β₁ · m + (1 − β₁) · {symbol}",
        f"{beta1:g} · {text(m)} + {1 - beta1:g} · {text(g)}", lerp(m, g, 1 - beta1), "exp_avg",
    )  # fmt: skip
    v = sheet.write(
        "v", Sentence("mean of their squares (second moment)"), f"β₂ · v + (1 − β₂) · {symbol}²",
        f"{beta2:g} · {text(v)} + {1 - beta2:g} · {text(g)}²", mix_squares(beta2, v, g), "exp_avg_sq",
    )  # fmt: skip
    c1, c2 = 1 - beta1**sheet.step, 1 - beta2**sheet.step
    for which, beta, c, moment, letter in (("₁", beta1, c1, m, "m"), ("₂", beta2, c2, v, "v")):
        sheet.write(
            f"{letter}̂", Sentence("corrected for its start at zero"), f"{letter} / (1 − β{which}ᵗ)",
            f"{text(moment)} / (1 − {beta:g}^{sheet.step})", moment / c,
        )  # fmt: skip
    eps = 1e-8
    below = sheet.write(
        "d", Sentence("what it is divided by"), "√v̂ + ε", f"√{text(v / c2)} + {eps:g}",
        v.sqrt() / c2**0.5 + eps,
    )  # fmt: skip
    move = single(-sheet.lr / c1) * m / below
    _effective(sheet, "−η · m̂ / d", f"−{sheet.lr:g} · {text(m / c1)} / {text(below)}", move)
    sheet.new(f"{name} + Δ", f"{text(old)} + {text(move)}", old + move)


def _rmsprop(sheet: _Sheet) -> None:
    alpha, momentum = sheet.options["alpha"], sheet.options["momentum"]
    g = sheet.decayed()
    symbol, name = sheet.lines[-1].symbol, sheet.theta
    v = sheet.kept("square_avg")
    v = sheet.write(
        "v", Sentence("mean of the squared gradients"), f"α · v + (1 − α) · {symbol}²",
        f"{alpha:g} · {text(v)} + {1 - alpha:g} · {text(g)}²", mix_squares(alpha, v, g), "square_avg",
    )  # fmt: skip
    below = _below(sheet, v)
    if momentum:
        b = sheet.kept("momentum_buffer")
        b = sheet.write(
            "b", Sentence("speed"), f"μ · b + {symbol} / d",
            f"{momentum:g} · {text(b)} + {text(g)} / {text(below)}", momentum * b + g / below,
            "momentum_buffer",
        )  # fmt: skip
        _effective(sheet, "−η · b", f"−{sheet.lr:g} · {text(b)}", single(-sheet.lr) * b)
        value = fused(-sheet.lr, b, sheet.old)
        sheet.new(f"{name} − η · b", f"{text(sheet.old)} − {sheet.lr:g} · {text(b)}", value)
        return
    _divided(sheet, symbol, g, below)


def _adagrad(sheet: _Sheet) -> None:
    g = sheet.decayed()
    symbol = sheet.lines[-1].symbol
    total = sheet.kept("sum")
    total = sheet.write(
        "s", Sentence("sum of the squared gradients"), f"s + {symbol}²", f"{text(total)} + {text(g)}²",
        fused(g, g, total), "sum",
    )  # fmt: skip
    _divided(sheet, symbol, g, _below(sheet, total, "s", 1e-10))


def _adadelta(sheet: _Sheet) -> None:
    rho, eps = sheet.options["rho"], 1e-6
    g = sheet.decayed()
    symbol, name = sheet.lines[-1].symbol, sheet.theta
    v, u = sheet.kept("square_avg"), sheet.kept("acc_delta")
    v = sheet.write(
        "v", Sentence("mean of the squared gradients"), f"ρ · v + (1 − ρ) · {symbol}²",
        f"{rho:g} · {text(v)} + {1 - rho:g} · {text(g)}²", mix_squares(rho, v, g), "square_avg",
    )  # fmt: skip
    d = (u + eps).sqrt() / (v + eps).sqrt() * g
    sheet.write(
        "δ", Sentence("the gradient, measured by past steps"), f"√(u + ε) / √(v + ε) · {symbol}",
        f"√({text(u)} + {eps:g}) / √({text(v)} + {eps:g}) · {text(g)}", d,
    )  # fmt: skip
    sheet.write(
        "u", Sentence("mean of the squared steps, for the next time"), "ρ · u + (1 − ρ) · δ²",
        f"{rho:g} · {text(u)} + {1 - rho:g} · {text(d)}²", mix_squares(rho, u, d), "acc_delta",
    )  # fmt: skip
    _effective(sheet, "−η · δ", f"−{sheet.lr:g} · {text(d)}", single(-sheet.lr) * d)
    value = fused(-sheet.lr, d, sheet.old)
    sheet.new(f"{name} − η · δ", f"{text(sheet.old)} − {sheet.lr:g} · {text(d)}", value)


def _below(sheet: _Sheet, squares: Tensor, symbol: str = "v", eps: float = 1e-8) -> Tensor:
    return sheet.write(
        "d", Sentence("what it is divided by"), f"√{symbol} + ε", f"√{text(squares)} + {eps:g}",
        squares.sqrt() + eps,
    )  # fmt: skip


def _divided(sheet: _Sheet, symbol: str, g: Tensor, below: Tensor) -> None:
    """The step of a gradient over its size."""
    move = single(-sheet.lr) * g / below
    _effective(sheet, f"−η · {symbol} / d", f"−{sheet.lr:g} · {text(g)} / {text(below)}", move)
    sheet.new(f"{sheet.theta} + Δ", f"{text(sheet.old)} + {text(move)}", sheet.old + move)


def _effective(sheet: _Sheet, formula: str, numbers: str, value: Tensor) -> None:
    sheet.write("Δ", Sentence("the step"), formula, numbers, value)


_KINDS: dict[str, Callable[[_Sheet], None]] = {
    "sgd": _sgd, "adam": _adam, "adamw": partial(_adam, decoupled=True), "rmsprop": _rmsprop,
    "adagrad": _adagrad, "adadelta": _adadelta,
}  # fmt: skip


def text(value: Tensor) -> str:
    """A number short enough to stand in a formula, in brackets where it is negative."""
    written = f"{float(value):.5g}"
    return f"({written})" if written.startswith("-") else written
