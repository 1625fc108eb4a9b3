"""A loss as a function of the logits it begins with: its value, its gradient, and its course along one logit.

The temperature divides the logits before anything else; mean squared error has none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.errors import LabError, check
from nnlab.lens.losses import LOSS_KINDS, LossTerms, loss_terms


@dataclass(frozen=True)
class LogitPath:
    """How logits (N, K) come into a loss.

    Attributes:
        module: the class of `torch.nn` of the loss.
        values: what the loss is given, from logits and temperature.
        code: the same as an expression of ``logits`` and ``temperature``, with `torch` and `F` imported.
        closed: the derivative of the loss of one sample by each logit, from logits, target and temperature.
        formula: the same as an expression, of ``target`` too.
        tempered: whether the temperature plays a part.
    """

    module: str
    values: Callable[[Tensor, float], Tensor]
    code: str
    closed: Callable[[Tensor, Tensor, float], Tensor]
    formula: str
    tempered: bool = True


def _softmax_less_target(logits: Tensor, target: Tensor, temperature: float) -> Tensor:
    one_hot = F.one_hot(target, logits.shape[1])
    return (F.softmax(logits / temperature, dim=1) - one_hot) / temperature


def _sigmoid_less_target(logits: Tensor, target: Tensor, temperature: float) -> Tensor:
    return (torch.sigmoid(logits / temperature) - target) / (logits.numel() * temperature)


_SOFTMAX = "(F.softmax(logits / temperature, dim=1) - F.one_hot(target, {count})) / temperature"
_SIGMOID = "(torch.sigmoid(logits / temperature) - target) / ({count} * temperature)"

LOGIT_PATHS: dict[str, LogitPath] = {
    "cross_entropy": LogitPath(
        "CrossEntropyLoss", lambda logits, t: logits / t, "logits / temperature",
        _softmax_less_target, _SOFTMAX,
    ),
    "nll": LogitPath(
        "NLLLoss", lambda logits, t: F.log_softmax(logits / t, dim=1),
        "F.log_softmax(logits / temperature, dim=1)", _softmax_less_target, _SOFTMAX,
    ),
    "mse": LogitPath(
        "MSELoss", lambda logits, t: logits, "logits",
        lambda logits, target, t: 2 * (logits - target) / logits.numel(), "2 * (logits - target) / {count}",
        tempered=False,
    ),
    "bce": LogitPath(
        "BCELoss", lambda logits, t: torch.sigmoid(logits / t), "torch.sigmoid(logits / temperature)",
        _sigmoid_less_target, _SIGMOID,
    ),
    "bce_with_logits": LogitPath(
        "BCEWithLogitsLoss", lambda logits, t: logits / t, "logits / temperature",
        _sigmoid_less_target, _SIGMOID,
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class LogitTerms:
    """A loss of one sample's logits.

    Attributes:
        values: (1, K), what the loss is given.
        terms: the loss taken apart.
        gradient: (K,), the derivative of the loss by each logit, autograd's.
        closed: (K,), the same by the formula.
    """

    values: Tensor
    terms: LossTerms
    gradient: Tensor
    closed: Tensor


def logit_terms(kind: str, logits: Tensor, target: Tensor, temperature: float = 1.0) -> LogitTerms:
    """The loss of `logits` (1, K) against `target`, which is as `loss_terms` takes it.

    Raises:
        LabError: as `loss_terms`, or the temperature is not above 0.
    """
    path = _path(kind, temperature)
    with torch.enable_grad():
        leaf = logits.detach().clone().requires_grad_()
        values = path.values(leaf, temperature)
        terms = loss_terms(kind, values.detach(), target)
        value = getattr(F, LOSS_KINDS[kind].function)(values, target)
        (gradient,) = torch.autograd.grad(value, leaf)
    closed = path.closed(logits.detach(), target, temperature)
    return LogitTerms(values.detach(), terms, gradient[0], closed[0])


def loss_curve(
    kind: str, logits: Tensor, target: Tensor, which: int, places: Tensor, temperature: float = 1.0
) -> Tensor:
    """(points,): the loss of `logits` (1, K) with logit `which` at each of `places` (points,).

    Raises:
        LabError: the temperature is not above 0.
    """
    path = _path(kind, temperature)
    rows = logits.detach().repeat(len(places), 1)
    rows[:, which] = places
    found = getattr(F, LOSS_KINDS[kind].function)(
        path.values(rows, temperature), target.expand(len(places), *target.shape[1:]), reduction="none"
    )
    return found if found.ndim == 1 else found.mean(1)


def _path(kind: str, temperature: float) -> LogitPath:
    if kind not in LOGIT_PATHS:
        raise LabError(
            "There is no loss {name}; there are: {known}.", name=repr(kind), known=", ".join(LOGIT_PATHS)
        )
    check(temperature > 0, "The temperature is {value}; it should be above 0.", value=temperature)
    return LOGIT_PATHS[kind]
