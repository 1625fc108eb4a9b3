"""Normalisation taken apart: which values share a mean and a variance, and what becomes of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.errors import check

Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm


@dataclass(frozen=True, eq=False)
class NormTerms:
    """``output = (before - mean) / sqrt(var + eps) * weight + bias``.

    Attributes:
        before: (N, ...), what goes in.
        mean, var: of each group of values that is normalised together: (1, C, 1, 1) or (1, C) of a batch
            norm, (N, 1, ...) of a layer norm. The variance divides by the number of values.
        running: whether they are not those of `before`, but the running ones of a batch norm in evaluation.
        normalised: (before - mean) / sqrt(var + eps).
        weight, bias: shaped so that they meet `normalised`; 1 and 0 for a norm without.
        output: PyTorch's, ``norm(x)``.
        apart: the largest magnitude of the difference between the formula and `output`.
    """

    before: Tensor
    mean: Tensor
    var: Tensor
    eps: float
    running: bool
    normalised: Tensor
    weight: Tensor
    bias: Tensor
    output: Tensor
    apart: float


def norm_terms(norm: Norm, x: Tensor) -> NormTerms:
    """Take ``norm(x)`` apart, for x of shape (N, C, H, W) or (N, F); a batch norm in the mode it is in.

    The running statistics of the norm are left as they were.

    Raises:
        LabError: x does not fit the norm, or has one value a channel while the norm is training.
    """
    x = x.detach()
    if isinstance(norm, nn.LayerNorm):
        shape = tuple(norm.normalized_shape)
        check(
            tuple(x.shape[1:]) == shape,
            "The layer norm takes samples of {expected}; {shape} was given.",
            expected=" x ".join(map(str, shape)), shape=" x ".join(map(str, x.shape[1:])),
        )  # fmt: skip
        axes, meets, running = tuple(range(1, x.ndim)), (1, *shape), False
    else:
        check(
            x.ndim == (4 if isinstance(norm, nn.BatchNorm2d) else 2) and x.shape[1] == norm.num_features,
            "The batch norm takes batches of {count} channels; {shape} was given.",
            count=norm.num_features, shape=" x ".join(map(str, x.shape)),
        )  # fmt: skip
        axes, meets = (0, *range(2, x.ndim)), (1, norm.num_features, *(1 for _ in x.shape[2:]))
        running = not norm.training and norm.running_mean is not None
        check(
            running or x.numel() > x.shape[1],
            "With one value a channel there is no variance here: take a larger batch, or evaluation.",
        )
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    if running and not isinstance(norm, nn.LayerNorm):
        assert norm.running_mean is not None and norm.running_var is not None
        mean, var = norm.running_mean.detach().view(meets), norm.running_var.detach().view(meets)
    twin: nn.Module = copy.deepcopy(norm)  # whose running statistics may move
    output = twin(x).detach()
    normalised = (x - mean) / torch.sqrt(var + norm.eps)
    weight = torch.ones(()) if norm.weight is None else norm.weight.detach().view(meets)
    bias = torch.zeros(()) if norm.bias is None else norm.bias.detach().view(meets)
    apart = float((normalised * weight + bias - output).abs().max())
    return NormTerms(x, mean, var, norm.eps, running, normalised, weight, bias, output, apart)
