"""Losses and the softmax taken apart, with the gradient that training would follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.errors import LabError, Sentence, check
from nnlab.lens.numbers import in_order, ulps


@dataclass(frozen=True, eq=False)
class Stage:
    """One step of the way to the loss: what it is, how it is reckoned, and its numbers."""

    name: Sentence
    formula: str
    values: Tensor


@dataclass(frozen=True, eq=False)
class LossTerms:
    """A loss, which is the mean of `terms`.

    Attributes:
        stages: what is computed on the way, in order; the last is `terms`.
        terms: (N, K), what each value adds, or (N,), what each sample adds.
        total: their mean, added row by row.
        value: PyTorch's number.
        ulps: units in the last place between total and value.
        gradient: (N, K), the derivative of the loss by each value, autograd's.
        code: the call that gives `value`, with `F` imported, on ``values`` and ``target``.
    """

    stages: tuple[Stage, ...]
    terms: Tensor
    total: Tensor
    value: Tensor
    ulps: int
    gradient: Tensor
    code: str


@dataclass(frozen=True)
class LossKind:
    """A loss to be taken apart.

    Attributes:
        function: of `torch.nn.functional`.
        stages: what is computed on the way, from values and target.
        takes_labels: whether the target is (N,) whole numbers; else it is (N, K), as the values.
        probabilities: whether values and target must lie in [0, 1].
    """

    name: str
    function: str
    about: Sentence
    stages: Callable[[Tensor, Tensor], tuple[Stage, ...]]
    takes_labels: bool
    probabilities: bool = False


def _mse(values: Tensor, target: Tensor) -> tuple[Stage, ...]:
    apart = values - target
    return (
        Stage(Sentence("Differences"), "values - target", apart),
        Stage(Sentence("Squared"), "(values - target)²", apart * apart),
    )


def _nll(values: Tensor, target: Tensor) -> tuple[Stage, ...]:
    picked = values.gather(1, target[:, None])[:, 0]
    return (
        Stage(Sentence("Log-probability of the right class"), "values[i, target[i]]", picked),
        Stage(Sentence("Negated"), "-values[i, target[i]]", -picked),
    )


def _cross_entropy(values: Tensor, target: Tensor) -> tuple[Stage, ...]:
    logs = F.log_softmax(values, dim=1)
    return (
        Stage(Sentence("Probabilities"), "softmax(values)", F.softmax(values, dim=1)),
        Stage(Sentence("Log-probabilities"), "log_softmax(values)", logs),
        *_nll(logs, target),
    )


def _bce(values: Tensor, target: Tensor) -> tuple[Stage, ...]:
    # PyTorch takes no logarithm for less than -100, so that a sure mistake does not cost infinitely much.
    yes, no = values.log().clamp(min=-100), (-values).log1p().clamp(min=-100)
    return (
        Stage(Sentence("Log-probability of 1"), "log(values)", yes),
        Stage(Sentence("Log-probability of 0"), "log(1 - values)", no),
        Stage(
            Sentence("Weighed by the target, negated"),
            "-(target*log(values) + (1 - target)*log(1 - values))",
            (target - 1) * no - target * yes,
        ),
    )


def _bce_with_logits(values: Tensor, target: Tensor) -> tuple[Stage, ...]:
    no = F.logsigmoid(-values)
    return (
        Stage(Sentence("Probabilities of 1"), "sigmoid(values)", torch.sigmoid(values)),
        Stage(Sentence("Log-probability of 1"), "logsigmoid(values)", F.logsigmoid(values)),
        Stage(Sentence("Log-probability of 0"), "logsigmoid(-values)", no),
        Stage(
            Sentence("Weighed by the target, negated"),
            "(1 - target)*values - logsigmoid(values)",
            (1 - target) * values - F.logsigmoid(values),
        ),
    )


LOSS_KINDS: dict[str, LossKind] = {
    kind.name: kind
    for kind in (
        LossKind("mse", "mse_loss", Sentence("The mean of the squared differences."), _mse, False),
        LossKind(
            "nll", "nll_loss",
            Sentence("How unlikely the right class was held to be; takes log-probabilities."), _nll, True,
        ),
        LossKind(
            "cross_entropy", "cross_entropy",
            Sentence("Log-softmax and negative log-likelihood in one; takes logits."), _cross_entropy, True,
        ),
        LossKind(
            "bce", "binary_cross_entropy",
            Sentence("For answers of yes or no, each by itself; takes probabilities."), _bce, False, True,
        ),
        LossKind(
            "bce_with_logits", "binary_cross_entropy_with_logits",
            Sentence("Sigmoid and binary cross-entropy in one; takes logits."), _bce_with_logits, False,
        ),
    )
}  # fmt: skip


def loss_terms(kind: str, values: Tensor, target: Tensor) -> LossTerms:
    """Take the loss of `values` (N, K) against `target` apart.

    Args:
        kind: of `LOSS_KINDS`.
        values: floats; logits, log-probabilities, probabilities or plain numbers, as the loss takes them.
        target: (N,) int64 labels for "nll" and "cross_entropy", else (N, K) floats.

    Raises:
        LabError: an unknown loss, or numbers that it does not take.
    """
    if kind not in LOSS_KINDS:
        raise LabError(
            "There is no loss {name}; there are: {known}.", name=repr(kind), known=", ".join(LOSS_KINDS)
        )
    loss = LOSS_KINDS[kind]
    _check(loss, values, target)
    stages = loss.stages(values.detach(), target)
    terms = stages[-1].values
    with torch.enable_grad():
        leaf = values.detach().clone().requires_grad_()
        value = getattr(F, loss.function)(leaf, target)
        (gradient,) = torch.autograd.grad(value, leaf)
    total = in_order(terms.flatten()) / terms.numel()
    value = value.detach()
    return LossTerms(
        stages, terms, total, value, ulps(total, value), gradient, f"F.{loss.function}(values, target)"
    )


def _check(loss: LossKind, values: Tensor, target: Tensor) -> None:
    check(
        values.ndim == 2 and values.numel() > 0,
        "The values should be a table of samples and numbers, (N, K); their shape is {shape}.",
        shape=tuple(values.shape),
    )
    if loss.takes_labels:
        count = values.shape[1]
        check(
            tuple(target.shape) == (len(values),) and target.dtype == torch.int64,
            "The target should be {count} labels, one a sample.",
            count=len(values),
        )
        check(
            bool(((target >= 0) & (target < count)).all()),
            "There are {count} classes, so labels run from 0 to {last}; {value} is not one.",
            count=count, last=count - 1, value=int(target[(target < 0) | (target >= count)][:1].sum()),
        )  # fmt: skip
    else:
        check(
            target.shape == values.shape,
            "The target should have the shape of the values, {shape}; it has {other}.",
            shape=tuple(values.shape), other=tuple(target.shape),
        )  # fmt: skip
    for numbers in (values, target) if loss.probabilities else ():
        outside = numbers[~((numbers >= 0) & (numbers <= 1))]
        check(
            not outside.numel(),
            "{value} is no probability: these lie in 0 to 1.",
            value=f"{float(outside[:1].sum()):g}",
        )


@dataclass(frozen=True, eq=False)
class SoftmaxTerms:
    """``probabilities = exps / sum``, where ``exps = exp(shifted)`` and ``shifted = scaled - max(scaled)``.

    The shift changes nothing but keeps exp from overflowing. All are (K,) but `sum`, a number.

    Attributes:
        scaled: the logits over the temperature.
        quotients: exps over their sum, added in order.
        probabilities: PyTorch's, ``softmax(logits / temperature)``.
        ulps: the most units in the last place between quotients and probabilities.
    """

    scaled: Tensor
    shifted: Tensor
    exps: Tensor
    sum: Tensor
    quotients: Tensor
    probabilities: Tensor
    ulps: int


def softmax_terms(logits: Tensor, temperature: float = 1.0) -> SoftmaxTerms:
    """Take the softmax of `logits` (K,) apart; a temperature above 1 evens out, below 1 sharpens.

    Raises:
        LabError: the temperature is not above 0, or there is not a row of logits.
    """
    check(temperature > 0, "The temperature is {value}; it should be above 0.", value=temperature)
    check(
        logits.ndim == 1 and len(logits) > 0,
        "The logits should be a row of numbers; their shape is {shape}.",
        shape=tuple(logits.shape),
    )
    scaled = logits.detach() / temperature
    shifted = scaled - scaled.max()
    exps = shifted.exp()
    total = in_order(exps)
    quotients, probabilities = exps / total, F.softmax(scaled, dim=0)
    return SoftmaxTerms(
        scaled, shifted, exps, total, quotients, probabilities, ulps(quotients, probabilities)
    )
