"""A layer as source: the module, the function that gives the same, and a script that shows they do."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnlab.nets.layers import Shape, checked_options, layer_kind

_KNOWN = ("x", "torch", "F", "len")  # what an expression may use besides what is the layer's own


@dataclass(frozen=True)
class LayerCode:
    """Source of a layer.

    Attributes:
        module: the construction, ``nn.Conv2d(1, 8, 5, stride=2)``.
        functional: the function on ``x`` and the layer's tensors, ``F.conv2d(x, weight, bias, stride=2)``.
        names: what of the layer the function takes besides ``x``: its tensors, and ``training``.
        part: what is taken of the module's output, ``[0]`` or nothing.
        input: an expression for random input: one sample, but for normalisation, which compares two.
        random: whether the layer draws random numbers while training.
    """

    module: str
    functional: str
    names: tuple[str, ...]
    part: str
    input: str
    random: bool

    def script(self, x: str = "", seed: int = 0, prepare: str = "") -> str:
        """A complete script, which stops with an error unless both forms give the same bits.

        Args:
            x: lines that make the input under the name ``x``, with torch imported; random input by default.
            seed: of the layer's weights.
            prepare: lines that do something to the new ``layer``.
        """
        again = [f"torch.manual_seed({seed})  # for the same random numbers in both"] if self.random else []
        taken = [f"{name} = layer.{name}" for name in self.names]
        return "\n".join(
            [
                "import torch",
                "from torch import nn",
                "from torch.nn import functional as F",
                "",
                x or f"x = {self.input}",
                f"torch.manual_seed({seed})",
                f"layer = {self.module}",
                *([prepare] if prepare else []),
                *again,
                f"y = layer(x){self.part}",
                "",
                *taken,
                *again[:1],
                f"same = {self.functional}",
                "print(y.shape, torch.equal(y, same))",
                "assert torch.equal(y, same)",
                "",
            ]
        )


def layer_code(name: str, in_shape: Shape, options: Mapping[str, Any], classes: int = 10) -> LayerCode:
    """The source of a layer of kind `name` for samples of `in_shape`.

    Raises:
        LabError: as `checked_options`.
    """
    kind = layer_kind(name)
    complete = checked_options(name, in_shape, options, classes)
    functional = kind.functional(in_shape, complete)
    shape = (2 if kind.family == "normalisation" else 1, *in_shape)
    if kind.takes == "tokens":
        made = f"torch.randint({complete['num_embeddings']}, {shape})"
    else:
        made = f"torch.randn({', '.join(map(str, shape))})"
    return LayerCode(
        kind.call(in_shape, complete).code(),
        functional,
        _names(functional),
        kind.part,
        made,
        kind.random,
    )


def _names(expression: str) -> tuple[str, ...]:
    """The variables of an expression, in the order in which they stand there."""
    found = [node for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)]
    found.sort(key=lambda node: node.col_offset)
    return tuple(dict.fromkeys(node.id for node in found if node.id not in _KNOWN))
