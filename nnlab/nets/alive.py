"""What tensors take of memory while a network is computed: followed operation by operation on the meta
device, where torch does all but the computing. What autograd keeps for the backward pass, and when it lets go
of it, is thus torch's own doing, whatever the layers are.

Not seen is what a kernel allocates for itself while it runs.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nnlab.nets.layers import Shape

Loss = Callable[[Tensor, Tensor], Tensor]

_FEW, _MORE = 2, 3  # samples; batch normalisation wants more than one while training


@dataclass(frozen=True)
class Course:
    """Bytes alive after each operation: with n samples, ``fixed[i] + n * each[i]`` after the i-th."""

    fixed: tuple[int, ...]
    each: tuple[int, ...]

    def at(self, samples: int) -> list[int]:
        """The bytes after each operation."""
        return [fixed + samples * each for fixed, each in zip(self.fixed, self.each, strict=True)]

    def peak(self, samples: int) -> int:
        """The most bytes at any time."""
        return max(self.at(samples), default=0)

    def plus(self, fixed: int, each: int = 0) -> Course:
        """The same with so much more at any time."""
        return Course(tuple(a + fixed for a in self.fixed), tuple(b + each for b in self.each))

    def times(self, factor: float) -> Course:
        """The same with so many times as much at any time, in whole bytes."""
        return Course(tuple(int(a * factor) for a in self.fixed), tuple(int(b * factor) for b in self.each))

    def then(self, other: Course) -> Course:
        """First this one, then the `other`."""
        return Course(self.fixed + other.fixed, self.each + other.each)

    def most_samples(self, room: int) -> int | None:
        """The most samples whose peak is at most `room`; 0 where not even one fits, None for any number."""
        found = [
            (room - fixed) // each if each > 0 else 0
            for fixed, each in zip(self.fixed, self.each, strict=True)
            if each > 0 or fixed > room
        ]
        return max(0, min(found)) if found else None


@dataclass(frozen=True)
class Step:
    """A training step: its whole course, and what is alive between the forward and the backward pass."""

    course: Course
    kept: Course


def training_step(
    model: nn.Module, in_shape: Shape, loss: Loss = F.cross_entropy, channels_last: bool = False
) -> Step:
    """Forward pass, loss and backward pass of `model`, which is on the meta device, on samples of `in_shape`
    (C, H, W).

    Counted besides the weights, the buffers and the batch; with the gradients, which are made on the way.
    """
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    model = model.to(memory_format=memory_format)
    found = []
    for samples in (_FEW, _MORE):
        images = torch.empty(samples, *in_shape, device="meta").contiguous(memory_format=memory_format)
        labels = torch.empty(samples, dtype=torch.int64, device="meta")
        model.zero_grad(set_to_none=True)
        with Alive([*model.parameters(), *model.buffers(), images, labels]) as alive:
            value = loss(model(images), labels)
            kept = alive.bytes
            value.backward()
        found.append((alive.course, [kept]))
    (few, few_kept), (more, more_kept) = found
    return Step(_line(few, more), _line(few_kept, more_kept))


def forward_pass(model: nn.Module, in_shape: Shape) -> Course:
    """A forward pass of `model` without gradients, in its mode; besides weights and buffers, with the images.

    The model may be on any device: only the shapes of its weights are used.
    """
    shapes = {name: torch.empty_like(tensor, device="meta") for name, tensor in _tensors(model)}
    found = []
    for samples in (_FEW, _MORE):
        with torch.no_grad(), Alive(shapes.values()) as alive:
            functional_call(model, shapes, (torch.empty(samples, *in_shape, device="meta"),))
        found.append(alive.course)
    return _line(*found)


def _tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()


def _line(few: list[int], more: list[int]) -> Course:
    """The line through two courses: every size is some number plus so many for each sample."""
    each = tuple((b - a) // (_MORE - _FEW) for a, b in zip(few, more, strict=True))
    return Course(tuple(a - _FEW * slope for a, slope in zip(few, each, strict=True)), each)


class Alive(TorchDispatchMode):
    """While it is on, counts the bytes of all storages that operations of this thread make, until each is let
    go of; besides those of `given`, and with each storage once, however many views it has."""

    def __init__(self, given: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.bytes = 0
        self.course: list[int] = []  # bytes after each operation
        self._given = {_storage(tensor) for tensor in given}
        self._seen: dict[int, weakref.ref[Any]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._see(tensor)
        self.course.append(self.bytes)
        return out

    def _see(self, tensor: Tensor) -> None:
        storage, key = tensor.untyped_storage(), _storage(tensor)
        if key in self._given or key in self._seen:
            return
        size = storage.nbytes()

        def gone(_: Any) -> None:
            self.bytes -= size
            del self._seen[key]

        self.bytes += size
        self._seen[key] = weakref.ref(storage, gone)


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
