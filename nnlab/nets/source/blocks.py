"""Joins of branches as source; blocks of the same structure become one function of what differs in them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnlab.nets.source.forward import module
from nnlab.nets.source.layout import function, laid_out
from nnlab.nets.source.template import Leaf, Position, Template

if TYPE_CHECKING:
    from nnlab.nets.architecture import Planned

_MOST_PARAMETERS = 8  # of a function; a call with more tells nothing
_CLASSES = {"residual": "Residual", "concat": "Concat"}
_IDENTITY = ast.Call(ast.Name("nn.Identity"), [], [])

Made = Callable[[Position], ast.expr]  # what constructs the module there


class Blocks:
    """The joins of a network: what constructs each, and the functions that are called for it."""

    def __init__(self, joins: Sequence[Planned], classes: int) -> None:
        self.functions: list[str] = []
        self._blocks = {join.name: _Block.of(join, classes) for join in joins}
        self._calls: dict[str, ast.expr] = {}
        for group in _alike(list(self._blocks.values())):
            if not self._factored(group):
                for part in _by_structure(group).values():
                    self._factored(part)

    def call(self, join: Planned) -> ast.expr:
        """What constructs the join."""
        return self._calls.get(join.name) or self._blocks[join.name].inline()

    def _factored(self, group: Sequence[_Block]) -> bool:
        """Whether the group is worth a function, which is then there."""
        if len(group) < 2:
            return False
        kind = group[0].join.spec.kind
        template = Template([block.modules for block in group], kind)
        if not template.complete or len(template.parameters) > _MOST_PARAMETERS:
            return False
        number = sum(text.startswith(f"def {kind}_block") for text in self.functions) + 1
        name = f"{kind}_block" if number == 1 else f"{kind}_block_{number}"
        written = function(name, template.signature, _body(group, template))
        calls = [template.call(name, number) for number in range(len(group))]
        lines = written.count("\n") + 3 + _lines(calls)  # two empty ones follow the function
        if lines >= _lines([block.inline() for block in group]):
            return False
        self.functions.append(written)
        self._calls |= {block.join.name: call for block, call in zip(group, calls, strict=True)}
        return True


@dataclass(frozen=True)
class _Block:
    """A join: its modules by position, and their classes as they are joined."""

    join: Planned
    calls: Mapping[Position, ast.Call]
    modules: Mapping[Position, Leaf]
    structure: tuple[Any, ...]

    @classmethod
    def of(cls, join: Planned, classes: int) -> _Block:
        calls = {position: module(layer, classes) for position, layer in _modules(join)}
        modules = {position: Leaf.of(call) for position, call in calls.items()}
        return cls(join, calls, modules, _structure(join, modules))

    @property
    def empty_branch(self) -> int | None:
        """The one of two that are added which hands on the input."""
        kind, *branches = self.structure
        return branches.index(()) if kind == "residual" and len(branches) == 2 and () in branches else None

    def without(self, branch: int) -> tuple[Any, ...]:
        """The structure but for that branch."""
        return self.structure[: branch + 1] + self.structure[branch + 2 :]

    def inline(self) -> ast.expr:
        """What constructs it, written out."""
        return _joined(self.join, self.calls.__getitem__)


def _modules(join: Planned, position: Position = ()) -> Iterator[tuple[Position, Planned]]:
    """All in the branches that do not fork, in the order in which they are made."""
    for number, branch in enumerate(join.branches):
        for place, layer in enumerate(branch):
            here = (*position, number, place)
            if layer.spec.joins:
                yield from _modules(layer, here)
            else:
                yield here, layer


def _structure(join: Planned, modules: Mapping[Position, Leaf], position: Position = ()) -> tuple[Any, ...]:
    """The kind of join, and for each branch the classes in it."""

    def of(layer: Planned, here: Position) -> Any:
        if layer.spec.joins:
            return _structure(layer, modules, here)
        return modules[here].torch, modules[here].positional

    return join.spec.kind, *(
        tuple(of(layer, (*position, number, place)) for place, layer in enumerate(branch))
        for number, branch in enumerate(join.branches)
    )


def _by_structure(blocks: Sequence[_Block]) -> dict[Any, list[_Block]]:
    groups: dict[Any, list[_Block]] = defaultdict(list)
    for block in blocks:
        groups[block.structure].append(block)
    return groups


def _alike(blocks: Sequence[_Block]) -> list[list[_Block]]:
    """Groups of the same structure. A sum of two branches of which one hands on its input is taken together
    with those that have layers there."""
    groups = _by_structure(blocks)
    for structure, (first, *_) in list(groups.items()):
        branch = first.empty_branch
        if branch is None:
            continue
        for other, (one, *_) in groups.items():
            if other != structure and len(other) == 3 and one.without(branch) == first.without(branch):
                members = {block.join.name for block in groups.pop(structure) + groups[other]}
                groups[other] = [block for block in blocks if block.join.name in members]
                break
    return list(groups.values())


def _joined(join: Planned, made: Made, position: Position = ()) -> ast.expr:
    """``Residual([nn.Sequential(...), nn.Identity()])``"""
    branches = [_branch(join, number, made, position) for number in range(len(join.branches))]
    return _join(join.spec.kind, branches)


def _join(kind: str, branches: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(_CLASSES[kind]), [ast.List(branches)], [])


def _branch(join: Planned, number: int, made: Made, position: Position = ()) -> ast.expr:
    layers = []
    for place, layer in enumerate(join.branches[number]):
        here = (*position, number, place)
        layers.append(_joined(layer, made, here) if layer.spec.joins else made(here))
    return ast.Call(ast.Name("nn.Sequential"), layers, []) if layers else _IDENTITY


def _body(group: Sequence[_Block], template: Template) -> list[str]:
    """The lines of the function that makes a block of the group."""
    full = max(group, key=lambda block: len(block.modules)).join
    if not template.condition:
        return laid_out("return ", _joined(full, template.module), 1)
    empty = next(block.empty_branch for block in group if block.empty_branch is not None)
    lines: list[str] = []
    for number in range(2):
        branch = _branch(full, number, template.module)
        if number != empty:
            lines += laid_out("main = ", branch, 1)
            continue
        lines += [f"    if {template.condition}:", *laid_out("shortcut = ", _IDENTITY, 2)]
        lines += ["    else:", *laid_out("shortcut = ", branch, 2)]
    names: list[ast.expr] = [ast.Name("shortcut" if number == empty else "main") for number in range(2)]
    return [*lines, *laid_out("return ", _join("residual", names), 1)]


def _lines(expressions: Sequence[ast.expr]) -> int:
    """How many lines they take in a class."""
    return sum(len(laid_out("self.residual1 = ", expression, 2)) for expression in expressions)
