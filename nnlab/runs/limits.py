"""How much runs may take of this machine: how many at once, threads, priority, disk, memory allocator."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.errors import RunError

if TYPE_CHECKING:
    from nnlab.nets.architecture import Row
    from nnlab.training.recipe import Recipe

MAX_RUNS = 2
_NICE = 10  # below the server that answers the pages
_SPARE_DISK = 32 * 2**20  # bytes left for events and for everyone else

# mallopt's parameters (malloc.h)
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_PR_SET_PDEATHSIG = 1


def max_runs() -> int:
    """Runs that train at the same time; further ones wait. ``NNLAB_MAX_RUNS`` overrides the default."""
    text = os.environ.get("NNLAB_MAX_RUNS", "")
    return int(text) if text.isdigit() and int(text) > 0 else MAX_RUNS


def threads(others: int) -> int:
    """CPU threads for a run that starts while `others` train.

    The first takes all but one core; each that joins takes one. More would be slower for all.
    """
    from nnlab.devices import default_threads

    return default_threads() if others == 0 else 1


def check_disk(folder: Path, rows: Sequence[Row], recipe: Recipe, samples: int) -> None:
    """Raise `RunError` where the snapshots of a run will not fit on the disk of `folder`."""
    # Every epoch, and after 1, 1.5, 2.25, ... steps; the first and the last.
    count = math.ceil(recipe.epochs) + math.ceil(math.log(recipe.steps(samples), 1.5)) + 2
    needed = count * sum(row.params for row in rows) * 4 + _SPARE_DISK
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise RunError(
            "The snapshots of this run need about {needed} MB in {folder}, where {free} MB are free: make "
            "room, or train fewer epochs or a smaller network.",
            needed=math.ceil(needed / 1e6), folder=folder, free=free // 10**6,
        )  # fmt: skip


def settle(others: int) -> None:
    """Make this process a worker beside `others`: low priority, its threads, an allocator that keeps its
    memory."""
    import torch  # the job server reads the other limits, and does without

    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)
    with contextlib.suppress(OSError):
        # Linux may share the processor among sessions first, and niceness counts only within one (man 7
        # sched, autogroup). The job server has a session of its own: without this, workers take as much as
        # the pages.
        Path("/proc/self/autogroup").write_text(str(_NICE))
    torch.set_num_threads(threads(others))
    keep_memory()


def keep_memory() -> None:
    """Let glibc reuse large blocks in place of returning them to the kernel after every step.

    Activations of large batches are otherwise mapped, cleared and unmapped each time. Elsewhere: nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        # Older versions of glibc refuse more than 32 MB for the first.
        libc.mallopt(_M_MMAP_THRESHOLD, 2**30) or libc.mallopt(_M_MMAP_THRESHOLD, 2**25)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**30)
        libc.mallopt(_M_TOP_PAD, 2**26)


def die_with_parent(signal_number: int) -> None:
    """Have the kernel end this process when the one that forked it ends. Linux only."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
