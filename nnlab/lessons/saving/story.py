"""A network that is trained, saved, built anew and loaded, action by action.

Every moment follows from the actions before it, so a link that names them tells the same story.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.lessons.saving.network import BATCH, Net, build, images

ACTIONS = ("train", "save", "new", "load")
MOST = 24  # actions of one story
_STEPS, _LEARNING_RATE = 10, 0.1  # of one "train"
_SEED = 7

State = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Moment:
    """How things stand after some actions.

    state: the network's tensors. steps: how many training steps they have seen.
    saved: the bytes of the file, as `torch.save` wrote them; None before there is one. saved_steps: how many
    steps what it holds has seen.
    loss: of the first batch, in evaluation mode.
    reply: what `load_state_dict` returned, where that was the last action.
    networks: how many were built so far; each has weights of its own seed.
    """

    state: State
    steps: int
    saved: bytes | None
    saved_steps: int
    loss: float
    reply: str | None
    networks: int

    @property
    def in_file(self) -> State | None:
        """The tensors that the file holds."""
        if self.saved is None:
            return None
        held: State = torch.load(io.BytesIO(self.saved), weights_only=True)
        return held


def possible(actions: Sequence[str]) -> list[str]:
    """What can be done next: load what was saved, and anything while the story is not too long."""
    if len(actions) >= MOST:
        return []
    return [name for name in ACTIONS if name != "load" or "save" in actions]


def after(actions: Sequence[str]) -> Moment:
    """The moment after `actions`; raises ValueError for one that is unknown or not possible."""
    for place, name in enumerate(actions):
        if name not in possible(actions[:place]):
            raise ValueError(f"{name!r} cannot be action {place}")
    return _after(tuple(actions))


def fingerprint(tensor: Tensor) -> str:
    """Eight digits of the SHA-256 of a tensor's bytes: the same for tensors that are equal bit for bit."""
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()[:8]


@lru_cache(maxsize=256)
def _after(actions: tuple[str, ...]) -> Moment:
    if not actions:
        return _moment(build(_SEED), 0, None)
    before, action = _after(actions[:-1]), actions[-1]
    net = build(_SEED)
    net.load_state_dict(before.state)
    steps, saved, saved_steps = before.steps, before.saved, before.saved_steps
    reply, networks = None, before.networks
    if action == "train":
        _train(net, steps)
        steps += _STEPS
    elif action == "save":
        file = io.BytesIO()
        torch.save(net.state_dict(), file)
        saved, saved_steps = file.getvalue(), steps
    elif action == "new":
        net, steps, networks = build(_SEED + networks), 0, networks + 1
    else:
        held = before.in_file
        assert held is not None
        reply = str(net.load_state_dict(held))
        steps = before.saved_steps
    return _moment(net, steps, saved, saved_steps, reply, networks)


def _moment(
    net: Net,
    steps: int,
    saved: bytes | None,
    saved_steps: int = 0,
    reply: str | None = None,
    networks: int = 1,
) -> Moment:
    x, y = images()
    net.eval()
    with torch.inference_mode():
        loss = float(F.cross_entropy(net(x[:BATCH]), y[:BATCH]))
    state = {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}
    return Moment(state, steps, saved, saved_steps, loss, reply, networks)


def _train(net: Net, done: int) -> None:
    """Ten steps of SGD from batch number `done` on."""
    x, y = images()
    net.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(done)  # what dropout draws
        for step in range(done, done + _STEPS):
            begin = step * BATCH % len(x)
            loss = F.cross_entropy(net(x[begin : begin + BATCH]), y[begin : begin + BATCH])
            net.zero_grad()
            loss.backward()
            with torch.no_grad():  # as SGD does it; the first optimizer of a process takes a second to import
                for parameter in net.parameters():
                    parameter.add_(parameter.grad, alpha=-_LEARNING_RATE)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Misfit:
    """What `load_state_dict` says to a network that is not the one that was saved: the error of strict=True,
    and with strict=False the keys that are missing and those that are too many, or the error of that too."""

    error: str
    loose: str


def load_into(saved: bytes, hidden: int, last: str) -> Misfit:
    """Load the file into a network with `hidden` units whose last layer is called `last`."""
    held = torch.load(io.BytesIO(saved), weights_only=True)
    told = []
    for strict in (True, False):
        try:
            told.append(str(build(0, hidden, last).load_state_dict(held, strict=strict)))
        except RuntimeError as error:
            told.append("RuntimeError: " + str(error).replace("\n\t", "\n"))
    return Misfit(*told)
