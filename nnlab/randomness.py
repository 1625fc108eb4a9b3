"""torch's generator on the CPU, which all threads share: used by one at a time, and left as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_generator = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, the generator goes on from ``torch.manual_seed(seed)``; afterwards it is as it was before."""
    with seeded_from(torch.Generator().manual_seed(seed).get_state()):
        yield


@contextmanager
def seeded_from(state: Tensor) -> Iterator[Callable[[], Tensor]]:
    """As `seeded`, from a state of the generator; what it yields tells the state that has been reached."""
    with _generator:
        before = torch.get_rng_state()
        torch.set_rng_state(state)
        try:
            yield torch.get_rng_state
        finally:
            torch.set_rng_state(before)
