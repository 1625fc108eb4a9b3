"""Which device the lab computes on, and what it can do."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from nnlab.containers import limited_groups


@dataclass(frozen=True)
class DeviceInfo:
    """What a person is told of a device. `threads` is the number of CPU threads a run would use."""

    type: str
    name: str
    memory_bytes: int
    threads: int


def detect_device() -> torch.device:
    """The accelerator that torch reports as available (CUDA, MPS, XPU, ...), else the CPU."""
    if torch.accelerator.is_available():
        accelerator = torch.accelerator.current_accelerator()
        if accelerator is not None:
            return accelerator
    return torch.device("cpu")


def describe_device(device: torch.device | None = None) -> DeviceInfo:
    """Name, memory in bytes and threads of `device` (default: the detected one).

    The memory of an accelerator is its own; that of the CPU (and of MPS, which shares it) is the
    machine's, or the container's where that is less.
    """
    device = device or detect_device()
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return DeviceInfo("cuda", properties.name, properties.total_memory, default_threads())
    if device.type == "xpu":
        found = torch.xpu.get_device_properties(device)
        return DeviceInfo("xpu", found.name, found.total_memory, default_threads())
    return DeviceInfo(device.type, _processor_name(), _machine_memory(), default_threads())


def default_threads() -> int:
    """CPU threads for one run: ``NNLAB_THREADS`` if set, else all cores this process may use but one.

    One core is left for the server: two busy threads on two cores lose several-fold as soon as
    anything else runs, one thread loses a few per cent.
    """
    text = os.environ.get("NNLAB_THREADS", "")
    return int(text) if text.isdigit() and int(text) > 0 else max(1, usable_cores() - 1)


def usable_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory(device: torch.device | None = None) -> int:
    """Bytes that could be allocated on `device` now; of a container, what its limit leaves."""
    device = device or detect_device()
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    available = psutil.virtual_memory().available
    return max(0, min([available, *(group.limit - group.used for group in limited_groups())]))


def bfloat16_is_fast(device: torch.device | None = None) -> bool:
    """Whether `device` has instructions for bfloat16; without them it works, but slower than float32."""
    device = device or detect_device()
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())
    return device.type == "xpu"


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _machine_memory() -> int:
    return min([psutil.virtual_memory().total, *(group.limit for group in limited_groups())])
