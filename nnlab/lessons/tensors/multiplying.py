"""Products of two tensors, element by element and of matrices, each element of the result taken apart."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import LabError
from nnlab.lessons.tensors.refusal import asking_torch

PRODUCTS: dict[str, tuple[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "times": ("a * b", operator.mul),
    "at": ("a @ b", operator.matmul),
    "matmul": ("torch.matmul(a, b)", torch.matmul),
    "mm": ("torch.mm(a, b)", torch.mm),
    "mv": ("torch.mv(a, b)", torch.mv),
    "dot": ("torch.dot(a, b)", torch.dot),
    "bmm": ("torch.bmm(a, b)", torch.bmm),
}
_MOST_TERMS = 20_000  # products of all elements together


@dataclass(frozen=True, eq=False)
class Product:
    """A product of a and b, taken apart. Of its R elements each is a sum of K products.

    Attributes:
        left, right: places of the factors in a and in b (counted in row-major order), int64 (R, K).
        products: a[left] * b[right], (R, K).
        totals: their sums, added one after the other in the dtype of the result, (R,).
    """

    result: Tensor
    code: str
    left: Tensor
    right: Tensor
    products: Tensor
    totals: Tensor


def multiply(name: str, a: Tensor, b: Tensor) -> Product:
    """The product of that name in `PRODUCTS`.

    Raises:
        Refused: shapes or dtypes do not fit; what is said is PyTorch's.
        LabError: it fits, but is too large to be taken apart.
    """
    code, call = PRODUCTS[name]
    with asking_torch():
        result = call(a, b)
    depth = 1 if name == "times" else a.shape[-1]
    if result.numel() * max(1, depth) > _MOST_TERMS:
        raise LabError(
            "The result has {count:,} elements of {depth} products each, too many to show; at most {most:,} "
            "products.",
            count=result.numel(), depth=depth, most=_MOST_TERMS,
        )  # fmt: skip
    left, right = _factors(name, a, b)
    products = a.reshape(-1)[left] * b.reshape(-1)[right]
    totals = torch.zeros(len(products), dtype=result.dtype)
    for k in range(products.shape[1]):
        totals = totals + products[:, k]
    return Product(result, code, left, right, products, totals)


def _factors(name: str, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Places of the factors (R, K), found by moving the places about as PyTorch moves the elements."""
    at_a, at_b = (torch.arange(each.numel()).reshape(each.shape) for each in (a, b))
    if name == "times":
        left, right = torch.broadcast_tensors(at_a, at_b)
        return left.reshape(-1, 1), right.reshape(-1, 1)
    at_a = at_a[None] if a.ndim == 1 else at_a  # a vector on the left is a row, on the right a column
    at_b = at_b[:, None] if b.ndim == 1 else at_b
    depth = at_a.shape[-1]
    rows, columns = at_a[..., :, None, :], at_b.transpose(-1, -2)[..., None, :, :]
    left, right = torch.broadcast_tensors(rows, columns)
    count = left.numel() // depth if depth else 0
    if not depth:  # sums of nothing
        count = int(torch.tensor(torch.broadcast_shapes(rows.shape, columns.shape)[:-1]).prod())
    return left.reshape(count, depth), right.reshape(count, depth)
