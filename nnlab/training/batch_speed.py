"""How long a network takes for a batch on this device: forwards alone, and a whole training step.

With the kernels that `nnlab.training.loop` takes for such batches, on noise, since what is in an image
changes nothing; weights and batch lie on the device already. Both time and memory are those of this process,
so one is started for it (``python -m nnlab speed``).
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import Tensor, nn

from nnlab.devices import detect_device
from nnlab.nets.layers import Shape
from nnlab.training.kernels import kernels, onednn
from nnlab.training.losses import loss_function
from nnlab.training.optim import make_optimizer
from nnlab.training.preflight import check_memory
from nnlab.training.recipe import RunSpec

SECONDS = 2.0  # that each part is measured for, after it is warm
_WARM, _LEAST, _MOST = 2, 3, 200  # times that each is done first, and is then measured at least and at most
_SLOW = 5  # times `seconds`: what takes longer is measured once and not again


@dataclass(frozen=True)
class Timing:
    """Seconds for one batch: the median, the fastest and the slowest of `repeats`.

    `part` is "forward" (in evaluation mode, without gradients) or "step" (forward, loss, backward and
    optimizer).
    """

    part: str
    batch_size: int
    seconds: float
    fastest: float
    slowest: float
    repeats: int


@dataclass(frozen=True)
class Peak:
    """Memory in bytes: the most that this process has had (on an accelerator, its tensors), and how much of
    it has come since before there was a network."""

    bytes: int
    network: int
    part: str = "memory"


def measure_batch(
    spec: RunSpec,
    in_shape: Shape,
    classes: int,
    device: torch.device | None = None,
    seconds: float = SECONDS,
) -> Iterator[Timing | Peak]:
    """Time the forward pass and the training step of `spec` on batches of images of `in_shape` (C, H, W),
    each for about `seconds`; at last the peak of memory, where the system tells it.

    Raises:
        ShapeError: the network does not take the images.
        LabError: a bad recipe, no weights, or not enough free memory.
    """
    device = device or detect_device()
    spec.validate()
    check_memory(spec, in_shape, classes, samples=0, device=device)
    recipe = spec.recipe
    before = _memory_now(device)
    model = spec.architecture.build(in_shape, classes, recipe.seed).to(device)
    suited = kernels(model, recipe.batch_size)
    memory_format = torch.channels_last if suited.channels_last else torch.contiguous_format
    model = model.to(memory_format=memory_format)
    batch = torch.randn(recipe.batch_size, *in_shape).to(device).contiguous(memory_format=memory_format)
    labels = (torch.arange(recipe.batch_size) % classes).to(device)
    usual = bool(torch.backends.mkldnn.enabled)
    for part, once in (
        ("forward", _forward(model, batch)),
        ("step", _step(spec, model, batch, labels)),
    ):
        with onednn(usual and suited.onednn):
            times = _times(once, device, seconds)
        median = statistics.median(times)
        yield Timing(part, recipe.batch_size, median, min(times), max(times), len(times))
    peak = peak_memory(device)
    if peak is not None:
        yield Peak(peak, max(0, peak - before))


def _forward(model: nn.Module, batch: Tensor) -> Callable[[], None]:
    def once() -> None:
        model.eval()
        with torch.inference_mode():
            model(batch)

    return once


def _step(spec: RunSpec, model: nn.Module, batch: Tensor, labels: Tensor) -> Callable[[], None]:
    recipe = spec.recipe
    loss = loss_function(recipe.loss)
    optimizer = make_optimizer(recipe.optimizer, model.parameters(), recipe.lr, recipe.options)

    def once() -> None:
        model.train()
        optimizer.zero_grad()
        loss(model(batch), labels).backward()
        optimizer.step()

    return once


def _times(once: Callable[[], None], device: torch.device, seconds: float) -> list[float]:
    """The seconds of each time, after the first few; of something slow, fewer."""
    for _ in range(_WARM):
        first = _timed(once, device)
        if first > _SLOW * seconds:
            return [first]
    times: list[float] = []
    while len(times) < _MOST and (sum(times) < seconds or len(times) < _LEAST):
        times.append(_timed(once, device))
    return times


def _timed(once: Callable[[], None], device: torch.device) -> float:
    start = time.perf_counter()
    once()
    if device.type != "cpu":  # an accelerator works on after the call returns
        torch.accelerator.synchronize(device)
    return time.perf_counter() - start


def peak_memory(device: torch.device) -> int | None:
    """Bytes that this process has had at most: on CUDA those of its tensors, on the CPU all that was
    resident. None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type != "cpu" or sys.platform == "win32":
        return None
    if sys.platform == "linux":
        # Not of getrusage, which also counts what the process that started this one had at that time.
        with contextlib.suppress(OSError):
            lines = Path("/proc/self/status").read_text().splitlines()
            for line in lines:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    import resource  # not on Windows

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024  # Linux counts in units of 1024 bytes


def _memory_now(device: torch.device) -> int:
    """Bytes that this process has, as `peak_memory` counts them."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    return int(psutil.Process().memory_info().rss)
