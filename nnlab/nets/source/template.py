"""What blocks of the same structure have in common, and in what they differ: the parameters of a function."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import nn

# Arguments that say how wide a layer is. Where they agree in all blocks, they are one parameter.
_WIDTHS = ("in_channels", "out_channels", "num_features", "in_features", "out_features")

Position = tuple[int, ...]  # branch, place in it, and so on in the joins inside


@dataclass(frozen=True)
class Leaf:
    """The construction of a module: its class, how many arguments stand without names, and all by name."""

    torch: str
    positional: int
    values: Mapping[str, Any]

    @classmethod
    def of(cls, call: ast.Call) -> Leaf:
        assert isinstance(call.func, ast.Attribute)
        names = list(_usual(call.func.attr))
        values = dict(zip(names, map(ast.literal_eval, call.args), strict=False))
        values |= {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
        return cls(call.func.attr, len(call.args), values)

    @property
    def width(self) -> int | tuple[int, ...] | None:
        """Channels or features that come out; None where they are those that come in."""
        return self.values.get("out_channels", self.values.get("out_features"))


Block = Mapping[Position, Leaf]


class Slot(NamedTuple):
    """An argument of one of the modules."""

    position: Position
    argument: str


@dataclass
class Parameter:
    """What differs between the blocks: its value in each, and the arguments it stands for."""

    values: tuple[Any, ...]
    slots: list[Slot] = field(default_factory=list)
    name: str = ""
    default: Any = inspect.Parameter.empty

    @property
    def is_width(self) -> bool:
        return self.slots[0].argument in _WIDTHS

    @property
    def has_default(self) -> bool:
        return self.default is not inspect.Parameter.empty

    def may_be(self, argument: str) -> bool:
        """Whether it is the kind of number that `argument` takes."""
        return self.is_width if argument in _WIDTHS else argument == self.slots[0].argument


class Template:
    """Blocks of one structure as a function.

    Args:
        blocks: the modules of each by position. Some may lack those of one branch that others have.
        kind: what joins the branches.

    Attributes:
        parameters: widths come first, those with a default last.
        complete: whether it tells all: what a branch holds that some blocks lack has to follow from what is
            known of all of them, and so has whether they have it.
        condition: true for the blocks that lack a branch; empty where none does.
    """

    def __init__(self, blocks: Sequence[Block], kind: str) -> None:
        self.blocks = blocks
        self.parameters: list[Parameter] = []
        self._full = max(blocks, key=len)
        self._of_slot: dict[Slot, Parameter] = {}
        self.complete = True
        slots = list(self._slots())
        for slot in slots:
            if all(slot.position in block for block in blocks):
                self._settle(slot)
        for slot in slots:
            if not all(slot.position in block for block in blocks):
                self.complete &= self._settle_optional(slot)
        name_parameters(self.parameters, self._full, kind)
        # Widths are given by their place in a call (and have no default), all others by name.
        self.parameters.sort(key=lambda parameter: (parameter.has_default, not parameter.is_width))
        lacking = [len(block) < len(self._full) for block in blocks]
        self.condition = " and ".join(self._tests(lacking)) if any(lacking) else ""
        self.complete &= bool(self.condition) or not any(lacking)

    def module(self, position: Position) -> ast.Call:
        """The construction of the module there, with parameters in place of numbers."""
        leaf, usual = self._full[position], _usual(self._full[position].torch)
        args: list[ast.expr] = []
        keywords: list[ast.keyword] = []
        for place, name in enumerate(self._arguments(position)):
            slot = Slot(position, name)
            value = self._expression(slot)
            if place < leaf.positional:
                args.append(value)
            elif slot in self._of_slot or self._value(leaf, name) != usual[name]:
                keywords.append(ast.keyword(name, value))
        return ast.Call(ast.Name(f"nn.{leaf.torch}"), args, keywords)

    def call(self, function: str, number: int) -> ast.Call:
        """What calls the function for the block of that number."""
        args = [_constant(p.values[number]) for p in self.parameters if p.is_width]
        keywords = [
            ast.keyword(p.name, _constant(p.values[number]))
            for p in self.parameters
            if not p.is_width and not (p.has_default and p.values[number] == p.default)
        ]
        return ast.Call(ast.Name(function), args, keywords)

    @property
    def signature(self) -> list[str]:
        """The parameters as they stand in the definition."""
        return [f"{p.name}={p.default!r}" if p.has_default else p.name for p in self.parameters]

    def _slots(self) -> Iterator[Slot]:
        for position in self._full:
            for argument in self._arguments(position):
                yield Slot(position, argument)

    def _arguments(self, position: Position) -> list[str]:
        """Those that any of the blocks writes, in the order of the constructor."""
        leaves = [block[position] for block in self.blocks if position in block]
        return [name for name in _usual(leaves[0].torch) if any(name in leaf.values for leaf in leaves)]

    def _values(self, slot: Slot) -> tuple[Any, ...]:
        """Of the blocks that have the module."""
        found = [block[slot.position] for block in self.blocks if slot.position in block]
        return tuple(self._value(leaf, slot.argument) for leaf in found)

    def _value(self, leaf: Leaf, name: str) -> Any:
        return leaf.values.get(name, _usual(leaf.torch)[name])

    def _settle(self, slot: Slot) -> None:
        """Where the blocks differ in it, make it a parameter, or one of those that a parameter stands for."""
        values = self._values(slot)
        if len(set(values)) == 1:
            return
        for parameter in self.parameters:
            if parameter.values == values and parameter.may_be(slot.argument):
                break
        else:
            parameter = Parameter(values)
            self.parameters.append(parameter)
            usual = _usual(self._full[slot.position].torch)[slot.argument]
            if slot.argument not in _WIDTHS and usual in values:
                parameter.default = usual
        parameter.slots.append(slot)
        self._of_slot[slot] = parameter

    def _settle_optional(self, slot: Slot) -> bool:
        """The same for a module that not all blocks have, by what is known of all; whether that tells it."""
        values = self._values(slot)
        having = [number for number, block in enumerate(self.blocks) if slot.position in block]
        known = [
            parameter
            for parameter in self.parameters
            if parameter.may_be(slot.argument) and tuple(parameter.values[n] for n in having) == values
        ]
        if known:
            # Where several agree: what comes in stands first among them, what goes out last.
            parameter = known[0 if slot.argument.startswith("in_") else -1]
            parameter.slots.append(slot)
            self._of_slot[slot] = parameter
        return bool(known) or len(set(values)) == 1

    def _tests(self, lacking: Sequence[bool]) -> Iterator[str]:
        """Comparisons that are true for the blocks that lack a branch, and for no others."""
        for parameter in self.parameters:
            values = {v for v, lacks in zip(parameter.values, lacking, strict=True) if lacks}
            rest = {v for v, lacks in zip(parameter.values, lacking, strict=True) if not lacks}
            if not parameter.is_width and len(values) == 1 and not values & rest:
                yield f"{parameter.name} == {values.pop()!r}"
        widths = [parameter for parameter in self.parameters if parameter.is_width]
        for number, one in enumerate(widths):
            for other in widths[number + 1 :]:
                if [a == b for a, b in zip(one.values, other.values, strict=True)] == list(lacking):
                    yield f"{one.name} == {other.name}"
                    return

    def _expression(self, slot: Slot) -> ast.expr:
        if slot in self._of_slot:
            return ast.Name(self._of_slot[slot].name)
        return _constant(self._values(slot)[0])


def name_parameters(parameters: Sequence[Parameter], full: Block, kind: str) -> None:
    """Call each by what it is in a block of that kind: in_channels, stride, reduce_3x3."""
    taken: set[str] = set()
    for parameter in parameters:
        widths = [p for p in parameters if p.is_width]
        wanted = _width_name(parameter, widths, full, kind) if parameter.is_width else ""
        wanted = wanted or parameter.slots[0].argument
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name)
        parameter.name = name


def _width_name(parameter: Parameter, widths: Sequence[Parameter], full: Block, kind: str) -> str:
    word = "features" if all("features" in slot.argument for slot in parameter.slots) else "channels"
    if not any(full[slot.position].torch == "Linear" for slot in parameter.slots):
        word = "channels"
    enters = any(_enters(slot, full) for slot in parameter.slots)
    leaving = [slot for slot in parameter.slots if slot.argument.startswith("out_")]
    if enters:
        return word if leaving else f"in_{word}"
    if not leaving:
        return ""
    others = [one for one in widths if one is not parameter and not any(_enters(s, full) for s in one.slots)]
    if kind == "residual":
        return f"out_{word}" if any(_leaves(slot, full) for slot in leaving) else f"mid_{word}"
    if not others:
        return f"out_{word}"
    return _by_kernel(leaving[0], full) or f"branch{leaving[0].position[0] + 1}_{word}"


def _enters(slot: Slot, full: Block) -> bool:
    """Whether it is the width of what reaches the block: that of the first layer of a branch that has one."""
    branch = [p for p, leaf in full.items() if p[0] == slot.position[0] and set(leaf.values) & set(_WIDTHS)]
    return slot.position == branch[0] and slot.argument in ("in_channels", "in_features", "num_features")


def _leaves(slot: Slot, full: Block) -> bool:
    """Whether it is the width of what its branch gives."""
    branch = [p for p, leaf in full.items() if p[0] == slot.position[0] and leaf.width is not None]
    return slot.position == branch[-1]


def _by_kernel(slot: Slot, full: Block) -> str:
    """As in the paper on Inception: out_3x3, what reduces the channels in front of it, and what follows a
    pooling; empty where the layer is no convolution."""
    branch = [(p, leaf) for p, leaf in full.items() if p[0] == slot.position[0]]
    place = [p for p, _ in branch].index(slot.position)
    before, leaf, after = branch[:place], branch[place][1], branch[place + 1 :]
    later = [one for _, one in after if one.torch == "Conv2d"]
    if leaf.torch != "Conv2d":
        return ""
    size = _kernel(leaf)
    if later:
        return f"reduce_{_kernel(later[0])}" if size == "1x1" else f"mid_{size}"
    return "out_pool" if size == "1x1" and any("Pool" in one.torch for _, one in before) else f"out_{size}"


def _kernel(leaf: Leaf) -> str:
    size = leaf.values["kernel_size"]
    height, width = size if isinstance(size, tuple) else (size, size)
    return f"{height}x{width}"


def _usual(torch: str) -> dict[str, Any]:
    """The arguments of a constructor with their defaults, in order."""
    parameters = inspect.signature(getattr(nn, torch).__init__).parameters
    return {name: parameter.default for name, parameter in parameters.items() if name != "self"}


def _constant(value: Any) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body
