"""Operations in place, line by line: what they change, and what they break in autograd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nnlab.lessons.tensors.refusal import Refused, asking_torch

# In place, with what stands in their parentheses.
CHANGES: dict[str, tuple[Any, ...]] = {
    "add_": (1,), "sub_": (1,), "mul_": (2,), "div_": (2,), "pow_": (2,), "fill_": (5,), "zero_": (),
    "neg_": (), "clamp_": (0, 1),
}  # fmt: skip
# What is made of y before something changes; whether backward needs values of y for it is to be found out.
USES: dict[str, tuple[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "square": ("y ** 2", lambda x, y: y**2),
    "plus": ("y + 1", lambda x, y: y + 1),
    "triple": ("y * 3", lambda x, y: y * 3),
    "times": ("x * y", lambda x, y: x * y),
    "sin": ("y.sin()", lambda x, y: y.sin()),
    "exp": ("y.exp()", lambda x, y: y.exp()),
}
# What is changed: a tensor without a gradient; one that collects a gradient; the same inside no_grad; a view
# of it; y = x * 2 after z was made of it; or z itself.
TARGETS = ("plain", "leaf", "no_grad", "part", "middle", "result")

_Names = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a program: its code, what does it, and the name of what is looked at after it."""

    code: str
    call: Callable[[_Names], object]
    looks: str


@dataclass(frozen=True)
class Ran:
    """A line that was run.

    Attributes:
        looks: the name of what is looked at, with its `values` and its `version`: PyTorch counts the writes
            into a tensor and all its views (`Tensor._version`).
        refused: what PyTorch raised here; that ended the program.
    """

    code: str
    looks: str
    values: list[float]
    version: int
    refused: Refused | None = None


def program(target: str, change: str, use: str) -> list[Line]:
    """The program in which `change` of `CHANGES` is done to `target` of `TARGETS`.

    For "middle" and "result", z is made of y by `use` of `USES` before the change.
    """
    arguments = CHANGES[change]
    written = f"{change}({', '.join(map(str, arguments))})"

    def do(name: str) -> Callable[[_Names], object]:
        return lambda names: getattr(names[name], change)(*arguments)

    def define(name: str, call: Callable[[_Names], Tensor]) -> Callable[[_Names], object]:
        return lambda names: names.__setitem__(name, call(names))

    def quietly(names: _Names) -> None:
        with torch.no_grad():
            do("x")(names)

    def backward(name: str) -> Callable[[_Names], object]:
        return lambda names: names[name].sum().backward()

    grad = target != "plain"
    values = "torch.tensor([1., 2., 3.]" + (", requires_grad=True)" if grad else ")")
    x = Line(
        f"x = {values}", define("x", lambda names: torch.tensor([1.0, 2.0, 3.0], requires_grad=grad)), "x"
    )
    match target:
        case "plain":
            view = Line("y = x[:2]", define("y", lambda names: names["x"][:2]), "y")
            return [x, view, Line(f"x.{written}", do("x"), "x"), Line("y", lambda names: None, "y")]
        case "leaf":
            return [x, Line(f"x.{written}", do("x"), "x")]
        case "no_grad":
            square = Line("z = x ** 2", define("z", lambda names: names["x"] ** 2), "z")
            return [x, Line(f"with torch.no_grad():\n    x.{written}", quietly, "x"), square,
                    Line("z.sum().backward()", backward("z"), "x.grad")]  # fmt: skip
        case "part":
            return [x, Line("y = x[:2]", define("y", lambda names: names["x"][:2]), "y"),
                    Line(f"y.{written}", do("y"), "y")]  # fmt: skip
    code, call = USES[use]
    changed = "y" if target == "middle" else "z"
    return [
        x,
        Line("y = x * 2", define("y", lambda names: names["x"] * 2), "y"),
        Line(f"z = {code}", define("z", lambda names: call(names["x"], names["y"])), "z"),
        Line(f"{changed}.{written}", do(changed), changed),
        Line("z.sum().backward()", backward("z"), "x.grad"),
    ]


def run(lines: list[Line]) -> list[Ran]:
    """Run the lines until PyTorch refuses one."""
    names: _Names = {}
    done: list[Ran] = []
    for line in lines:
        try:
            with asking_torch():
                line.call(names)
        except Refused as refused:
            done.append(Ran(line.code, "", [], 0, refused))
            break
        seen = names["x"].grad if line.looks == "x.grad" else names[line.looks]
        done.append(Ran(line.code, line.looks, seen.tolist(), seen._version))
    return done


def script(lines: list[Line], done: list[Ran]) -> str:
    """The program as a file; a line that PyTorch refuses is caught, so that its message can be read."""
    written = ["import torch", "", *(line.code for line in lines[: len(done)])]
    if done[-1].refused is not None:
        last = written.pop().replace("\n", "\n    ")
        written += ["try:", f"    {last}", "except RuntimeError as error:", "    print(error)"]
    else:
        written.append(f"print({done[-1].looks})")
    return "\n".join(written)
