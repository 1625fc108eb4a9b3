"""Where the elements of a tensor lie in its storage, and which tensors share one."""

from __future__ import annotations

import torch
from torch import Tensor


def places(tensor: Tensor) -> Tensor:
    """For each element its place in the storage, counted in elements: int64 of the same shape.

    Element ``[i, j, ...]`` lies at ``storage_offset + i * stride(0) + j * stride(1) + ...``
    (https://docs.pytorch.org/docs/stable/tensor_view.html).
    """
    found = torch.full(tensor.shape, tensor.storage_offset(), dtype=torch.int64)
    for dim, (size, stride) in enumerate(zip(tensor.shape, tensor.stride(), strict=True)):
        steps = torch.arange(size) * stride
        found += steps.view(-1, *(1,) * (tensor.ndim - 1 - dim))
    return found


def share(one: Tensor, other: Tensor) -> bool:
    """Whether both lie in the same storage; writing into one may then change the other."""
    return one.untyped_storage()._cdata == other.untyped_storage()._cdata


def storage_items(tensor: Tensor) -> int:
    """How many elements of its dtype the storage holds."""
    return tensor.untyped_storage().nbytes() // tensor.element_size()


def storage_tensor(tensor: Tensor) -> Tensor:
    """The storage from its first to its last element, as a tensor of one dim (a view)."""
    return tensor.detach().as_strided((storage_items(tensor),), (1,), 0)


def numbers(tensor: Tensor) -> list[str]:
    """Each element in row-major order as short as it is itself and no other, as Python or NumPy write it."""
    flat = tensor.detach().cpu().reshape(-1)
    if flat.dtype == torch.float32:
        return [str(value) for value in flat.numpy()]
    if flat.dtype in (torch.float16, torch.bfloat16):
        return [_short(value, flat.dtype) for value in flat.tolist()]
    return [str(value) for value in flat.tolist()]


def _short(value: float, dtype: torch.dtype) -> str:
    """The shortest decimal that becomes this very number of a dtype of 16 bits."""
    for digits in range(1, 6):
        text = f"{value:.{digits}g}"
        if float(torch.tensor(float(text), dtype=dtype)) == value:
            return str(float(text))
    return str(value)


def index_text(tensor: Tensor, place: int) -> str:
    """The index of an element, counted in row-major order, in brackets; "" for a single number."""
    index = []
    for size in reversed(tensor.shape):
        place, at = divmod(place, size)
        index.append(at)
    return f"[{', '.join(map(str, reversed(index)))}]" if index else ""
