"""A network as source: the class that one would write by hand, with nothing but torch."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab.errors import check
from nnlab.nets.layers import Shape
from nnlab.nets.layers.kind import times
from nnlab.nets.source.blocks import Blocks
from nnlab.nets.source.forward import forward, keeps_state, module
from nnlab.nets.source.layout import import_block, laid_out

if TYPE_CHECKING:
    from nnlab.nets.architecture import Architecture, Planned

__all__ = ["ModelSource", "import_block", "model_source"]

_LONGEST_NAME = 60  # of a class, so that it fits the line

_IMPORTS = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
}
_JOINS = {
    "residual": '''\
class Residual(nn.ModuleList):
    """The sum of what its branches make of the same input."""

    def forward(self, x):
        first, *rest = (branch(x) for branch in self)
        return sum(rest, first)''',
    "concat": '''\
class Concat(nn.ModuleList):
    """What its branches make of the same input, side by side as channels."""

    def forward(self, x):
        return torch.cat([branch(x) for branch in self], dim=1)''',
}


@dataclass(frozen=True)
class ModelSource:
    """The source of a network, in parts, so that more can be written around it.

    Attributes:
        imports: statements that each import one name; `import_block` sorts and merges those of several parts.
        helpers: definitions of classes and functions that the network's class needs.
        definition: the class itself, a `torch.nn.Module` without arguments.
        class_name: what it is called.
    """

    imports: frozenset[str]
    helpers: tuple[str, ...]
    definition: str
    class_name: str

    def code(self) -> str:
        """The whole file."""
        return "\n\n\n".join([import_block(self.imports), *self.helpers, self.definition]) + "\n"


def model_source(
    architecture: Architecture, in_shape: Shape, classes: int, class_name: str = "Net"
) -> ModelSource:
    """The source of `architecture` for images of `in_shape` (C, H, W): a class whose modules have the names
    that they have in ``architecture.build(in_shape, classes)``, made in the same order.

    Raises:
        ShapeError: as `Architecture.trace`.
        LabError: `class_name` cannot be the name of a class.
    """
    _check_name(class_name)
    architecture.trace(in_shape, classes)
    plan = architecture.plan(in_shape, classes)
    blocks = Blocks([layer for layer in plan if layer.spec.joins], classes)
    joins = [text for kind, text in _JOINS.items() if any(kind in _kinds(layer) for layer in plan)]
    helpers = (*joins, *blocks.functions)
    definition = _definition(class_name, plan, classes, blocks, in_shape)
    used = {name for text in (*helpers, definition) for name in _names(text)}
    check(
        class_name not in used,
        "The class cannot be called {name}: its code uses that name for something else.", name=class_name,
    )  # fmt: skip
    imports = frozenset(statement for name, statement in _IMPORTS.items() if name in used)
    return ModelSource(imports, helpers, definition, class_name)


def _check_name(name: str) -> None:
    check(
        isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name),
        "{name} cannot be the name of a class: letters, digits and _ make one, a digit cannot come first, "
        "and words of Python such as class or None cannot be used.",
        name=repr(name),
    )  # fmt: skip
    check(
        len(name) <= _LONGEST_NAME,
        "The name of the class has {count} letters; at most {most} are possible.",
        count=len(name), most=_LONGEST_NAME,
    )  # fmt: skip


def _kinds(layer: Planned) -> set[str]:
    """The kind of the layer and of all in its branches."""
    return {layer.spec.kind}.union(*(_kinds(one) for branch in layer.branches for one in branch))


def _names(text: str) -> set[str]:
    """The variables that the source uses."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def _definition(name: str, plan: Sequence[Planned], classes: int, blocks: Blocks, in_shape: Shape) -> str:
    made: list[str] = []
    for layer in plan:
        if layer.spec.joins:
            made += laid_out(f"self.{layer.name} = ", blocks.call(layer), 2)
        elif keeps_state(layer, classes):
            made += laid_out(f"self.{layer.name} = ", module(layer, classes), 2)
    lines = [
        f"class {name}(nn.Module):",
        f'    """For images of {times(in_shape)}: gives {classes} values, one for each class."""',
        "",
    ]
    if made:
        lines += ["    def __init__(self):", "        super().__init__()", *made, ""]
    return "\n".join([*lines, "    def forward(self, x):", *forward(plan, classes)])
