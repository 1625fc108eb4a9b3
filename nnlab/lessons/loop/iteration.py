"""A training that can be stopped at every stage of every iteration, with all tensors at hand.

A place in it is a number of stages from the beginning; what stands there follows from the place alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.data import load_dataset

STAGES = ("batch", "forward", "loss", "backward", "step", "zero")
BATCH, SAMPLES, EPOCHS = 8, 512, 10
LEARNING_RATE = 0.1
ITERATIONS = SAMPLES // BATCH  # of an epoch
LAST = EPOCHS * ITERATIONS * len(STAGES)  # the last place

CODE = """\
import torch
from torch import nn
from torch.nn import functional as F

import nnlab

torch.manual_seed(0)
data = nnlab.load_dataset("strokes")
x, y = data.train.images[:512] / 255, data.train.labels[:512]
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
losses = []
for epoch in range(10):
    for i in range(0, len(x), 8):
        xb, yb = x[i : i + 8], y[i : i + 8]  # batch
        logits = model(xb)  # forward
        loss = F.cross_entropy(logits, yb)  # loss
        loss.backward()  # backward
        optimizer.step()  # step
        optimizer.zero_grad()  # zero
        losses.append(loss.item())
    print(f"epoch {epoch + 1}: {sum(losses[-64:]) / 64:.4f}")
"""


@dataclass(frozen=True, eq=False)
class Moment:
    """The tensors of one iteration at a place in it; what is not there yet is None.

    place: stages from the beginning. stage: the last one that was done, None before the first.
    images (B, 1, 28, 28), labels (B,): the batch. hidden (B, 16): what leaves the ReLU. logits (B, 10).
    losses (B,) of the images, and loss, their mean. gradients, weights: of each parameter, by its name;
    before: the weights that the iteration began with.
    """

    place: int
    stage: str | None
    images: Tensor | None
    labels: Tensor | None
    hidden: Tensor | None
    logits: Tensor | None
    losses: Tensor | None
    loss: float | None
    gradients: dict[str, Tensor | None]
    weights: dict[str, Tensor]
    before: dict[str, Tensor]

    @property
    def iteration(self) -> int:
        """Which one it is in, from 0; between two, the one that has ended."""
        return max(0, self.place - 1) // len(STAGES)


def place_after(place: int, what: str) -> int:
    """After the next "stage", or at the end of this "batch" or this "epoch"; at most `LAST`."""
    span = {"stage": 1, "batch": len(STAGES), "epoch": len(STAGES) * ITERATIONS}[what]
    return min(LAST, (place // span + 1) * span)


def at(place: int) -> Moment:
    """The moment at `place`, from 0 to `LAST`; raises ValueError for another."""
    if not 0 <= place <= LAST:
        raise ValueError(f"{place} is not a place from 0 to {LAST}")
    done = (place - 1) % len(STAGES) + 1 if place else 0  # stages of this iteration
    iteration = max(0, place - 1) // len(STAGES)
    model = _model(iteration)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    x, y = _samples()
    begin = iteration % ITERATIONS * BATCH
    images = labels = hidden = logits = losses = None
    loss = None
    if done >= 1:
        images, labels = x[begin : begin + BATCH], y[begin : begin + BATCH]
    if done >= 2:
        assert images is not None
        hidden = model[:-1](images)
        logits = model[-1](hidden)
    if done >= 3:
        assert logits is not None and labels is not None
        losses = F.cross_entropy(logits, labels, reduction="none").detach()
        loss = F.cross_entropy(logits, labels)
    if done >= 4:
        assert loss is not None
        loss.backward()
    if done >= 5:
        _update(model)
    if done >= 6:
        model.zero_grad()
    return Moment(
        place, STAGES[done - 1] if done else None, images, labels,
        None if hidden is None else hidden.detach(), None if logits is None else logits.detach(),
        losses, None if loss is None else loss.item(),
        {name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()},
        {name: p.detach().clone() for name, p in model.named_parameters()}, before,
    )  # fmt: skip


def losses_until(iteration: int) -> tuple[float, ...]:
    """The loss of every iteration before `iteration`."""
    return _course().losses[:iteration]


def loss_now(moment: Moment) -> float:
    """The loss of the moment's batch with the weights that it has by now."""
    assert moment.images is not None and moment.labels is not None
    model = _build()
    model.load_state_dict(moment.weights)
    with torch.no_grad():
        return float(F.cross_entropy(model(moment.images), moment.labels))


@dataclass(frozen=True, eq=False)
class _Course:
    """The whole training: the losses, and the weights at the beginning of every eighth iteration."""

    losses: tuple[float, ...]
    weights: dict[int, dict[str, Tensor]]


_KEPT_EVERY = 8


@cache
def _course() -> _Course:
    model, (x, y) = _build(), _samples()
    losses, kept = [], {}
    for iteration in range(EPOCHS * ITERATIONS):
        if iteration % _KEPT_EVERY == 0:
            kept[iteration] = {name: t.clone() for name, t in model.state_dict().items()}
        losses.append(_iterate(model, x, y, iteration))
    return _Course(tuple(losses), kept)


def _model(iteration: int) -> nn.Sequential:
    """The network at the beginning of that iteration."""
    model, (x, y) = _build(), _samples()
    begin = iteration - iteration % _KEPT_EVERY
    model.load_state_dict(_course().weights[begin])
    for earlier in range(begin, iteration):
        _iterate(model, x, y, earlier)
    return model


def _iterate(model: nn.Sequential, x: Tensor, y: Tensor, iteration: int) -> float:
    begin = iteration % ITERATIONS * BATCH
    loss = F.cross_entropy(model(x[begin : begin + BATCH]), y[begin : begin + BATCH])
    loss.backward()
    _update(model)
    model.zero_grad()
    return loss.item()


def _update(model: nn.Sequential) -> None:
    """As torch.optim.SGD does it; the first optimizer of a process takes a second to import."""
    with torch.no_grad():
        for parameter in model.parameters():
            assert parameter.grad is not None
            parameter.add_(parameter.grad, alpha=-LEARNING_RATE)


def _build() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
    return nn.Sequential(OrderedDict(zip(("flatten", "linear1", "relu", "linear2"), layers, strict=True)))


@cache
def _samples() -> tuple[Tensor, Tensor]:
    train = load_dataset("strokes").train
    return train.images[:SAMPLES] / 255, train.labels[:SAMPLES]
