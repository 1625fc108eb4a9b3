"""What a training needs of memory, estimated from a trace before anything is allocated."""

from __future__ import annotations

import math

from nnlab.nets.architecture import Row
from nnlab.nets.layers import Shape

_FLOAT = 4  # bytes of a float32
_RUNTIME = 300 * 2**20  # torch itself, its kernels and their scratch space: measured about 250 MB


def training_memory(rows: list[Row], in_shape: Shape, batch_size: int, state_per_parameter: int) -> int:
    """Bytes for training with batches of `batch_size`.

    Weights, gradients, the optimizer's state and two copies (the last good weights and a snapshot on
    its way to disk), and for each activation its value and its gradient. An estimate: it leaves out the
    scratch space of convolutions, and counts activations that torch shares or frees early.
    """
    weights = sum(row.params for row in rows)
    values = math.prod(in_shape) + sum(math.prod(row.out_shape) for row in rows)
    return _RUNTIME + _FLOAT * (weights * (4 + state_per_parameter) + 2 * values * batch_size)
