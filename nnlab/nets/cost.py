"""What a training needs of memory, estimated before anything is allocated.

A whole training step is followed on the meta device (`nnlab.nets.alive`). To what it takes come the
optimizer's state, the copies of the weights that the loop keeps, what its ticks and evaluations take, the
data, and torch itself. Two figures are measured, not reckoned: `_RUNTIME` and `_HEAP`, by
`benchmarks/training_memory.py`, which lays the estimate against real trainings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from nnlab.nets.alive import Course, Loss, forward_pass, training_step
from nnlab.nets.architecture import Architecture
from nnlab.nets.layers import Shape

EVALUATED = 1000  # samples at a time, where they are small
_EVALUATION = 2**28  # bytes that the evaluation of larger ones may take at a time
_RUNTIME = 455 * 10**6  # torch itself and its kernels: a worker that trains next to nothing
# On the CPU, what comes and goes in a step takes so many times its size: freed blocks of glibc's heap are of
# little use for the aligned ones that torch asks for, and kernels take some for themselves.
_HEAP = 2.25
_COPIES = 2  # of the weights on the CPU: the last good ones, and those that are being written to the disk
_FLOAT, _LABEL = 4, 8  # bytes of a float32 and of an int64


@dataclass(frozen=True)
class TrainingCost:
    """What training a network takes, for any batch size; all in bytes.

    Attributes:
        weights: the parameters and the buffers.
        alone: what is taken for the weights' sake, however small the batches: they, their gradients, the
            optimizer's state and copies.
        kept: what autograd keeps of one sample from the forward for the backward pass.
        course: all but the data and torch itself, at the moments at which it may be most.
    """

    weights: int
    alone: int
    kept: int
    course: Course

    def peak(self, batch: int, data: int = 0) -> int:
        """The most that is taken at any time with batches of so many samples, and `data` bytes of images."""
        return _RUNTIME + data + self.course.peak(batch)

    def largest_batch(self, free: int, data: int = 0) -> int | None:
        """The largest batch whose `peak` is at most `free`; 0 where not even one sample fits, None where any
        number does."""
        return self.course.most_samples(free - _RUNTIME - data)


def training_cost(
    architecture: Architecture,
    in_shape: Shape,
    classes: int,
    state_per_parameter: int,
    loss: Loss = F.cross_entropy,
    on_cpu: bool = True,
) -> TrainingCost:
    """What training `architecture` on images of `in_shape` (C, H, W) takes on the device that trains.

    Raises:
        ShapeError: as `Architecture.trace`.
    """
    with torch.device("meta"):
        model = architecture.build(in_shape, classes)
    heap, copies = (_HEAP, _COPIES) if on_cpu else (1.0, 0)
    convolutional = any(isinstance(module, nn.Conv2d) for module in model.modules())
    step = training_step(model, in_shape, loss, channels_last=convolutional)
    inference = forward_pass(model.eval(), in_shape)
    gradients = sum(p.nbytes for p in model.parameters())
    weights = gradients + sum(b.nbytes for b in model.buffers())
    always = weights + state_per_parameter * gradients + copies * weights
    batch = _FLOAT * math.prod(in_shape) + _LABEL
    # On a tick a new copy is made before the old one goes, and the gradients of each layer are put in a row.
    largest = max(sum(p.nbytes for p in layer.parameters()) for layer in model)
    tick = gradients + largest + (weights if copies else 0)
    evaluation = gradients + int(heap * inference.peak(samples_at_a_time(inference)))
    course = (
        step.course.plus(0, batch).times(heap).plus(always)
        .then(inference.times(heap).plus(always + tick))
        .then(Course((always + evaluation,), (0,)))
    )  # fmt: skip
    return TrainingCost(weights, always + gradients, step.kept.each[0], course)


def samples_at_a_time(inference: Course) -> int:
    """How many samples are evaluated at a time: as many for the same network on every machine, since the last
    bits of a loss depend on it."""
    return max(1, min(EVALUATED, inference.most_samples(_EVALUATION) or 0))
