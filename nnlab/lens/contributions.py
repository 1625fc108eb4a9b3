"""What the last layer of a network adds up for a class: one product of weight and activation for each unit
that reaches it, and the bias."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import LabError, Sentence
from nnlab.lens.forward import Forward
from nnlab.lens.numbers import ulps
from nnlab.lens.terms import check_place


@dataclass(frozen=True, eq=False)
class Contributions:
    """``logit = products[0] + products[1] + ... + bias``, up to the order in which PyTorch adds.

    Attributes:
        layer: the name of the last layer.
        inputs, weights, products: (F,) float32.
        bias: a number; 0 for a layer without.
        logit: PyTorch's number.
        total: the float32 nearest to the sum of the products and the bias.
        ulps: units in the last place between total and logit.
        shape: (C, H, W) of the maps that were flattened into `inputs`; None where there were none.
    """

    layer: str
    inputs: Tensor
    weights: Tensor
    products: Tensor
    bias: Tensor
    logit: Tensor
    total: Tensor
    ulps: int
    shape: tuple[int, int, int] | None

    def maps(self) -> Tensor | None:
        """The products at the places of the maps that they come from, (C, H, W); added over the channels
        they show where in the maps the class is made."""
        return None if self.shape is None else self.products.view(self.shape)

    def minus(self, other: Contributions) -> Contributions:
        """What makes the difference between two classes: products, bias and logit of the one less those of
        the other."""
        products, bias, logit = (
            self.products - other.products, self.bias - other.bias, self.logit - other.logit,
        )  # fmt: skip
        total = _sum(products, bias)
        return Contributions(
            self.layer, self.inputs, self.weights - other.weights, products, bias, logit, total,
            ulps(total, logit), self.shape,
        )  # fmt: skip


@dataclass(frozen=True)
class Largest:
    """The largest products of some contributions: pairs of unit and value, `above` zero from the largest on,
    `below` zero from the smallest on, and the sum and the number of all others."""

    above: tuple[tuple[int, float], ...]
    below: tuple[tuple[int, float], ...]
    rest: float
    others: int


def contributions(seen: Forward, unit: int) -> Contributions:
    """What the logit of class `unit` is made of.

    Raises:
        LabError: the logits are not those of a linear layer, or there is no such class.
    """
    if seen.last is None:
        raise LabError("The last layer of this network is not linear, so there are no products to add up.")
    check_place(Sentence("class"), unit, len(seen.logits))
    name, linear, given = seen.last
    inputs, weights = given.detach()[0], linear.weight.detach()[unit]
    products = inputs * weights
    bias = products.new_zeros(()) if linear.bias is None else linear.bias.detach()[unit]
    logit = seen.logits.detach()[unit]
    total = _sum(products, bias)
    return Contributions(
        name, inputs, weights, products, bias, logit, total, ulps(total, logit), _flattened(seen, inputs)
    )


def largest(found: Contributions, most: int = 10) -> Largest:
    """At most `most` contributions on each side of zero; those that are 0 are among the others."""
    order = found.products.argsort(descending=True, stable=True)
    values: list[float] = found.products[order].tolist()
    ranked = list(zip(order.tolist(), values, strict=True))
    above = tuple((unit, value) for unit, value in ranked[:most] if value > 0)
    below = tuple((unit, value) for unit, value in ranked[::-1][:most] if value < 0)
    left = found.products.double()
    left[[unit for unit, _ in (*above, *below)]] = 0
    return Largest(above, below, float(left.sum()), len(ranked) - len(above) - len(below))


def _sum(products: Tensor, bias: Tensor) -> Tensor:
    """Added in float64, where the order no longer matters, and rounded once."""
    return (products.double().sum() + bias.double()).to(products.dtype)


def _flattened(seen: Forward, inputs: Tensor) -> tuple[int, int, int] | None:
    """The shape of the maps, or of the image, that `inputs` were flattened from."""
    for maps in (*reversed(seen.outputs.values()), seen.image):
        if maps.ndim != 4 or maps[0].numel() != inputs.numel() or maps[0, 0].numel() == 1:
            continue
        if torch.equal(maps.detach().flatten(), inputs):
            channels, height, width = maps.shape[1:]
            return channels, height, width
    return None
