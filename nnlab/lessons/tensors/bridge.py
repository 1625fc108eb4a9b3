"""From NumPy to PyTorch and back: which ways share memory, which copy, and which are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnlab.lessons.tensors.refusal import asking_torch

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Way:
    """A way across: the lines that make the array ``a`` and the tensor ``t``, and the same done."""

    lines: tuple[str, str]
    make: Callable[[], Any]
    cross: Callable[[Any], Any]
    back: bool = False  # from PyTorch to NumPy

    @property
    def title(self) -> str:
        """The call that goes across, and what is special about its source."""
        special = self.lines[0].partition("], ")[2].rstrip(")") if self.back else ""
        return f"{self.lines[1]}  ({special})" if special else self.lines[1]


def _array() -> Array:
    return np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def _tensor(**options: Any) -> Tensor:
    return torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], **options)


_MAKE = "a = np.array([1., 2., 3., 4., 5., 6.])"
_T = "t = torch.tensor([1., 2., 3., 4., 5., 6.]"
WAYS: dict[str, Way] = {
    "from_numpy": Way((_MAKE, "t = torch.from_numpy(a)"), _array, torch.from_numpy),
    "as_tensor": Way((_MAKE, "t = torch.as_tensor(a)"), _array, torch.as_tensor),
    "tensor": Way((_MAKE, "t = torch.tensor(a)"), _array, torch.tensor),
    "float": Way((_MAKE, "t = torch.from_numpy(a).float()"), _array, lambda a: torch.from_numpy(a).float()),
    "step": Way((_MAKE, "t = torch.from_numpy(a[::2])"), _array, lambda a: torch.from_numpy(a[::2])),
    "backwards": Way((_MAKE, "t = torch.from_numpy(a[::-1])"), _array, lambda a: torch.from_numpy(a[::-1])),
    "numpy": Way((f"{_T})", "a = t.numpy()"), _tensor, lambda t: t.numpy(), back=True),
    "numpy_copy": Way((f"{_T})", "a = t.numpy().copy()"), _tensor, lambda t: t.numpy().copy(), back=True),
    "grad": Way(
        (f"{_T}, requires_grad=True)", "a = t.numpy()"), lambda: _tensor(requires_grad=True),
        lambda t: t.numpy(), back=True,
    ),
    "detach": Way(
        (f"{_T}, requires_grad=True)", "a = t.detach().numpy()"), lambda: _tensor(requires_grad=True),
        lambda t: t.detach().numpy(), back=True,
    ),
    "bfloat16": Way(
        (f"{_T}, dtype=torch.bfloat16)", "a = t.numpy()"), lambda: _tensor(dtype=torch.bfloat16),
        lambda t: t.numpy(), back=True,
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Crossed:
    """An array and a tensor, one of which was made from the other."""

    array: Array
    tensor: Tensor

    @property
    def shared(self) -> bool:
        """Whether they lie in the same memory."""
        start = self.tensor.data_ptr()
        low, high = np.lib.array_utils.byte_bounds(self.array)
        return low <= start < high


def cross(name: str) -> Crossed:
    """Go across by that way of `WAYS`.

    Raises:
        Refused: there is no such way, as PyTorch says.
    """
    way = WAYS[name]
    source = way.make()
    with asking_torch():
        found = way.cross(source)
    return Crossed(found, source) if way.back else Crossed(source, found)
