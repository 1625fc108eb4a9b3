"""The ways to make a tensor: PyTorch's own functions, each with what it is given and the code of the call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnlab.devices import detect_device
from nnlab.errors import Sentence
from nnlab.lessons.tensors.literals import read_list, read_numbers, read_shape, read_value
from nnlab.lessons.tensors.refusal import asking_torch
from nnlab.lessons.tensors.tokens import MOST_ELEMENTS
from nnlab.lessons.tensors.typed_values import tensor_of
from nnlab.lessons.typed import TypedError
from nnlab.randomness import seeded

DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
                 "float64", "complex64")
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What was typed for a new tensor; which of the texts are read, the maker says (`Maker.fields`).

    Attributes:
        values: a nested list; for ``*_like`` that of the tensor whose shape is taken.
        shape: such as ``2, 3``.
        value: a number or a bool.
        bounds: numbers with commas between them.
        dtype: of `DTYPES`; "" leaves the choice to PyTorch.
        device: such as ``cpu`` or ``cuda``.
    """

    values: str = "[[1, 2, 3], [4, 5, 6.5]]"
    shape: str = "2, 3"
    value: str = "7"
    bounds: str = "0, 6"
    dtype: str = ""
    device: str = "cpu"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Made:
    """A new tensor, and the lines that make it and call it ``t``."""

    tensor: Tensor
    lines: tuple[str, ...]

    @property
    def code(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Maker:
    """A function of torch.

    Attributes:
        arguments: what it is given before dtype and device, from what was typed.
        fields: which texts of `Asked` it reads.
    """

    arguments: Callable[[Asked], tuple[Any, ...]]
    fields: tuple[str, ...]
    random: bool = False


class _Like:
    """Stands for the tensor ``x`` among the arguments of ``*_like``."""

    def __repr__(self) -> str:
        return "x"


X = _Like()


def _shape(asked: Asked) -> tuple[Any, ...]:
    return (read_shape(asked.shape),)


def _sides(asked: Asked) -> tuple[Any, ...]:
    shape = read_shape(asked.shape)
    if not 1 <= len(shape) <= 2:
        told = Sentence("eye takes one size, or rows and columns.")
        raise TypedError(told.template, text=asked.shape, start=0, stop=len(asked.shape))
    if len(shape) == 1 and shape[0] ** 2 > MOST_ELEMENTS:
        read_shape(f"{shape[0]}, {shape[0]}")  # which says so
    return shape


def _range(asked: Asked) -> tuple[Any, ...]:
    numbers = read_numbers(asked.bounds, 1, 3)
    start, stop, step = (*((0, numbers[0]) if len(numbers) == 1 else numbers), 1, 1)[:3]
    if step:
        _check_count((stop - start) / step, asked)
    return tuple(numbers)


def _steps(asked: Asked) -> tuple[Any, ...]:
    numbers = read_numbers(asked.bounds, 3, 3)
    if not isinstance(numbers[2], int) or numbers[2] < 0:
        told = Sentence("The third number says how many there are: a whole one.")
        raise TypedError(told.template, text=asked.bounds, start=0, stop=len(asked.bounds))
    _check_count(numbers[2], asked)
    return tuple(numbers)


def _check_count(count: float, asked: Asked) -> None:
    if count > MOST_ELEMENTS:
        raise TypedError(
            "That would be {count:.4g} elements, too many to show; at most {most:,}.",
            text=asked.bounds, start=0, stop=len(asked.bounds), count=count, most=MOST_ELEMENTS,
        )  # fmt: skip


def _whole(asked: Asked) -> tuple[Any, ...]:
    low, high = read_numbers(asked.bounds, 2, 2)
    if isinstance(low, float) or isinstance(high, float):
        told = Sentence("randint is given whole numbers.")
        raise TypedError(told.template, text=asked.bounds, start=0, stop=len(asked.bounds))
    return (low, high, read_shape(asked.shape))


MAKERS: dict[str, Maker] = {
    "tensor": Maker(lambda asked: (read_list(asked.values),), ("values",)),
    "from_numpy": Maker(lambda asked: (read_list(asked.values),), ("values",)),
    "zeros": Maker(_shape, ("shape",)),
    "ones": Maker(_shape, ("shape",)),
    "full": Maker(lambda asked: (read_shape(asked.shape), read_value(asked.value)), ("shape", "value")),
    "eye": Maker(_sides, ("shape",)),
    "arange": Maker(_range, ("bounds",)),
    "linspace": Maker(_steps, ("bounds",)),
    "rand": Maker(_shape, ("shape",), random=True),
    "randn": Maker(_shape, ("shape",), random=True),
    "randint": Maker(_whole, ("bounds", "shape"), random=True),
    "zeros_like": Maker(lambda asked: (X,), ("values",)),
    "ones_like": Maker(lambda asked: (X,), ("values",)),
    "full_like": Maker(lambda asked: (X, read_value(asked.value)), ("values", "value")),
    "rand_like": Maker(lambda asked: (X,), ("values",), random=True),
    "randn_like": Maker(lambda asked: (X,), ("values",), random=True),
}


def devices() -> tuple[str, ...]:
    """The devices of this machine: the CPU, and an accelerator where there is one."""
    found = detect_device().type
    return ("cpu",) if found == "cpu" else ("cpu", found)


def make(name: str, asked: Asked) -> Made:
    """The tensor that ``torch.<name>`` gives.

    Raises:
        TypedError: something that was typed cannot be read, is too large, or PyTorch refuses it.
    """
    maker = MAKERS[name]
    arguments = maker.arguments(asked)
    options: dict[str, Any] = {}
    if asked.dtype:
        options["dtype"] = DTYPES[asked.dtype]
    if asked.device != "cpu":
        options["device"] = asked.device
    if name == "from_numpy":
        return _from_numpy(asked, arguments[0].value, options)
    lines = ["import torch", ""]
    if maker.random:
        lines.append(f"torch.manual_seed({asked.seed})")
    given = arguments
    if X in arguments:
        values = read_list(asked.values)
        x = tensor_of(values)
        lines.append(f"x = torch.tensor({values.value})")
        given = tuple(x if each is X else each for each in arguments)
    written = ", ".join([*map(_written, arguments), *_keywords(options)])
    lines.append(f"t = torch.{name}({written})")
    if name == "tensor":
        return Made(tensor_of(arguments[0], **options), tuple(lines))
    with asking_torch(), seeded(asked.seed):
        tensor: Tensor = getattr(torch, name)(*given, **options)
    return Made(tensor, tuple(lines))


def _from_numpy(asked: Asked, values: Any, options: dict[str, Any]) -> Made:
    with asking_torch(asked.values, 0, len(asked.values)):
        tensor = torch.from_numpy(np.array(values))
        lines = ["import numpy as np", "import torch", "", f"array = np.array({values})",
                 "t = torch.from_numpy(array)"]  # fmt: skip
        if options:
            lines[-1] += f".to({', '.join(_keywords(options))})"
            tensor = tensor.to(**options)
    return Made(tensor, tuple(lines))


def _written(argument: Any) -> str:
    return str(argument.value) if hasattr(argument, "tree") else repr(argument)


def _keywords(options: dict[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in options.items()]
