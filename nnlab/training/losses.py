"""The registry of losses. Each takes logits (N, K) and labels (N,) and returns the mean over the batch."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from nnlab.errors import LabError

Loss = Callable[[Tensor, Tensor], Tensor]


def nll(logits: Tensor, labels: Tensor) -> Tensor:
    """Negative log-likelihood of the log-softmax: the same number as `cross_entropy`, in two steps."""
    return F.nll_loss(F.log_softmax(logits, dim=1), labels)


def mse(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean squared error against the one-hot labels, over all N x K values."""
    return F.mse_loss(logits, F.one_hot(labels, logits.shape[1]).to(logits.dtype))


LOSSES: dict[str, Loss] = {"cross_entropy": F.cross_entropy, "nll": nll, "mse": mse}


def loss_function(name: str) -> Loss:
    """The loss of that name; raises `LabError` naming the known ones."""
    if name not in LOSSES:
        raise LabError(
            "There is no loss {name}; there are: {known}.", name=repr(name), known=", ".join(LOSSES)
        )
    return LOSSES[name]
