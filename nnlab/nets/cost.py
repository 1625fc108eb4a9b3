"""What a training needs of memory, estimated before anything is allocated.

A whole training step is followed on the meta device (`nnlab.nets.alive`); to what it takes come the optimizer's
state, the copies of the weights that the loop keeps, the statistics of its ticks, the evaluation, the data and
torch itself. Not seen is the scratch space of kernels. `benchmarks/training_memory.py` lays the estimate
against real trainings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from nnlab.nets.alive import Course, Loss, forward_pass, training_step
from nnlab.nets.architecture import Architecture
from nnlab.nets.layers import Shape

EVALUATED = 1000  # samples at a time, where they are small
_EVALUATION = 2**28  # bytes that the evaluation of larger ones may take at a time
_RUNTIME = 455 * 10**6  # a worker that trains next to nothing: torch itself and its kernels
_FLOAT, _LABEL = 4, 8  # bytes of a float32 and of an int64


@dataclass(frozen=True)
class TrainingCost:
    """What training a network takes, for any batch size; all in bytes.

    Attributes:
        weights: the parameters and the buffers.
        gradients: of all parameters.
        state: the optimizer's.
        kept: what autograd keeps of one sample from the forward for the backward pass.
        course: all but the data and torch itself, at the moments at which it may be most.
    """

    weights: int
    gradients: int
    state: int
    kept: int
    course: Course

    def peak(self, batch: int, data: int = 0) -> int:
        """The most that is taken at any time with batches of so many samples, and `data` bytes of images."""
        return _RUNTIME + data + self.course.peak(batch)

    def largest_batch(self, free: int, data: int = 0) -> int | None:
        """The largest batch whose `peak` is at most `free`; 0 where not even one sample fits, None where any
        number does."""
        return self.course.most_samples(free - _RUNTIME - data)

    @property
    def alone(self) -> int:
        """What is taken for the weights' sake, however small the batches."""
        return self.weights + self.gradients + self.state + _COPIES * self.weights


_COPIES = 2  # of the weights: the last that were good, and those that are being written to the disk


def training_cost(
    architecture: Architecture,
    in_shape: Shape,
    classes: int,
    state_per_parameter: int,
    loss: Loss = F.cross_entropy,
) -> TrainingCost:
    """What training `architecture` on images of `in_shape` (C, H, W) takes.

    Raises:
        ShapeError: as `Architecture.trace`.
    """
    with torch.device("meta"):
        model = architecture.build(in_shape, classes)
    step = training_step(model, in_shape, loss, channels_last=True)
    inference = forward_pass(model.eval(), in_shape)
    gradients = sum(p.nbytes for p in model.parameters())
    weights = gradients + sum(b.nbytes for b in model.buffers())
    state = state_per_parameter * gradients
    largest = max((sum(p.nbytes for p in layer.parameters()) for layer in model), default=0)
    always = weights + state + _COPIES * weights
    batch = _FLOAT * math.prod(in_shape) + _LABEL
    course = (
        step.course.plus(always, batch)
        .then(inference.plus(always + gradients + max(weights, largest)))  # of a tick
        .then(Course((always + gradients + inference.peak(samples_at_a_time(inference)),), (0,)))
    )
    return TrainingCost(weights, gradients, state, step.kept.each[0], course)


def samples_at_a_time(inference: Course) -> int:
    """How many samples are evaluated at a time: as many for the same network on every machine, since the last
    bits of a loss depend on it."""
    return max(1, min(EVALUATED, inference.most_samples(_EVALUATION) or 0))
