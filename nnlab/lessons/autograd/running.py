"""Running an expression: its tree is walked, and PyTorch does each operation on real tensors.

Nothing can grow beyond `MOST_ELEMENTS`: only broadcasting and products of matrices make a tensor larger than
what they are given, and how much larger is known before.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from itertools import zip_longest
from typing import Any, NoReturn

import torch
from torch import Tensor

from nnlab.errors import Sentence
from nnlab.lessons.autograd.functions import FUNCTIONS, SIGNS, Function
from nnlab.lessons.autograd.grammar import Call, Expression, Name, Number, Operation, parse
from nnlab.lessons.autograd.graph import Graph, Node
from nnlab.lessons.typed import TypedError

MOST_ELEMENTS = 4096
_MOST_OPERATIONS = 40
_LARGEST = 1e15  # a number without a tensor; beyond, whole numbers are not exact in float64
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    "@": operator.matmul,
}  # fmt: skip
_PRODUCTS = ("@", "matmul", "mm", "mv", "dot")

_Value = int | float | bool


class Refused(TypedError):
    """PyTorch itself refuses an operation; the sentence holds what it says."""


class _At(int):
    """The place of a node, where a number is something else."""


def run(text: str, leaves: Mapping[str, Tensor], *, no_grad: bool = False) -> Graph:
    """Run the expression `text` on `leaves`.

    Args:
        text: statements as `nnlab.lessons.autograd.grammar` has them; the value of the last is the result.
        leaves: the tensors by their names.
        no_grad: whether all of it happens under ``torch.no_grad()``.

    Raises:
        TypedError: the text is no such expression, uses a name that is not there, or would make more than
            `MOST_ELEMENTS` numbers.
        Refused: PyTorch does not take the operands.
    """
    with torch.no_grad() if no_grad else nullcontext():
        return _Runner(text, leaves).graph()


class _Runner:
    def __init__(self, text: str, leaves: Mapping[str, Tensor]) -> None:
        self.text, self.leaves = text, leaves
        self.nodes: list[Node] = []
        self.names: dict[str, _Value | _At] = {}
        self.operations = 0

    def graph(self) -> Graph:
        result: _Value | _At = 0
        for statement in parse(self.text):
            result = self.value(statement.expression)
            if statement.target is not None:
                self.call_it(statement.target, statement.start, result)
        if not isinstance(result, _At):
            raise TypedError(
                "There is no tensor in the result.", text=self.text, start=0, stop=len(self.text)
            )
        return Graph(self.text, tuple(self.nodes), result, self.leaves)

    def call_it(self, target: str, start: int, value: _Value | _At) -> None:
        """``target = value``, at `start`; a tensor without a name takes this one."""
        if target in self.leaves:
            self.fail(
                Sentence("“{name}” is a given tensor; the result needs another name.", name=target),
                start,
                start + len(target),
            )
        self.names[target] = value
        if isinstance(value, _At) and not self.nodes[value].name:
            node = self.nodes[value]
            self.nodes[value] = Node(node.title, target, *_rest(node))

    def fail(self, sentence: Sentence, start: int, stop: int) -> NoReturn:
        raise TypedError(sentence.template, text=self.text, start=start, stop=stop, **sentence.values)

    def value(self, tree: Expression) -> _Value | _At:
        if isinstance(tree, Number):
            return tree.value
        if isinstance(tree, Name):
            return self.named(tree)
        if isinstance(tree, Call):
            return self.call(tree, FUNCTIONS[tree.name])
        return self.operation(tree)

    def named(self, tree: Name) -> _Value | _At:
        if tree.name not in self.names:
            if tree.name not in self.leaves:
                known = ", ".join({**self.leaves, **self.names}) or "–"
                self.fail(
                    Sentence("There is no tensor “{name}”; there are: {known}.", name=tree.name, known=known),
                    tree.start,
                    tree.stop,
                )
            self.nodes.append(Node(tree.name, tree.name, self.leaves[tree.name]))
            self.names[tree.name] = _At(len(self.nodes) - 1)
        return self.names[tree.name]

    def operation(self, tree: Operation) -> _Value | _At:
        values = [self.value(operand) for operand in tree.operands]
        if not any(isinstance(value, _At) for value in values):
            return self.number(tree, values)
        if len(values) == 1:
            if tree.sign == "+":
                return values[0]
            return self.add(tree, values, operator.neg, "-{}", SIGNS["-", 1], True, tree.at, tree.at + 1)
        each = tree.sign != "@"
        title = f"{{}}{tree.sign}{{}}" if tree.sign == "**" else f"{{}} {tree.sign} {{}}"
        return self.add(tree, values, _OPERATORS[tree.sign], title, SIGNS[tree.sign, 2], each,
                        tree.at, tree.at + len(tree.sign))  # fmt: skip

    def number(self, tree: Operation, values: Sequence[_Value | _At]) -> _Value:
        """Numbers alone, as Python computes them."""
        if tree.sign == "@":
            self.fail(Sentence("“@” is a product of matrices; these are numbers."), tree.at, tree.at + 1)
        numbers = [float(value) for value in values]
        try:
            if len(numbers) == 1:
                found: Any = -numbers[0] if tree.sign == "-" else numbers[0]
            else:
                found = _OPERATORS[tree.sign](*numbers)
        except ZeroDivisionError:
            self.fail(Sentence("This divides by zero."), tree.at, tree.at + len(tree.sign))
        except OverflowError:
            found = math.inf
        if isinstance(found, complex):
            self.fail(Sentence("This is no real number."), tree.start, tree.stop)
        if not abs(found) <= _LARGEST:
            self.fail(Sentence("This number is too large."), tree.start, tree.stop)
        whole = tree.sign != "/" and all(isinstance(value, int) for value in values) and found.is_integer()
        return int(found) if whole else found

    def call(self, tree: Call, function: Function) -> _Value | _At:
        values = [self.value(argument) for argument in tree.arguments]
        name = (tree.name_start, tree.name_stop)
        if len(values) < function.inputs:
            self.fail(Sentence("{name} takes {count} tensors.", name=tree.name, count=function.inputs), *name)
        inputs, given = values[: function.inputs], values[function.inputs :]
        for place, value in enumerate(inputs):
            argument = tree.arguments[place]
            if not isinstance(value, _At) and not (function.numbers and place):
                self.fail(
                    Sentence("{name} takes a tensor here, not a number.", name=tree.name),
                    argument.start,
                    argument.stop,
                )
        if len(given) > len(function.options):
            extra = tree.arguments[function.inputs + len(function.options)]
            self.fail(Sentence("{name} takes nothing more.", name=tree.name), extra.start, extra.stop)
        settings = {
            option: self.setting(option, value, argument)
            for option, value, argument in zip(
                function.options, given, tree.arguments[function.inputs :], strict=False
            )
        }
        for option, argument in tree.options:
            if option not in function.options or option in settings:
                known = ", ".join(function.options) or "–"
                self.fail(
                    Sentence(
                        "{name} has no free setting “{option}”; its settings: {known}.",
                        name=tree.name,
                        option=option,
                        known=known,
                    ),
                    *name,
                )
            settings[option] = self.setting(option, self.value(argument), argument)
        if len(settings) < function.needs:
            self.fail(
                Sentence("{name} needs to know along which dimension: {name}(a, dim=0).", name=tree.name),
                *name,
            )
        if "keepdim" in settings and "dim" not in settings:
            self.fail(Sentence("keepdim says what happens to the dimension that dim names."), *name)
        written = "".join(f", {option}={value}" for option, value in settings.items())
        title = f"{tree.name}({', '.join(['{}'] * function.inputs)}{written})"
        if function.attribute:
            title = f"{{}}.{tree.name}"
            turned = self.nodes[inputs[0]].value if isinstance(inputs[0], _At) else None
            if turned is not None and turned.ndim != 2:
                self.fail(
                    Sentence("“.T” turns a matrix; this has {count} dimensions.", count=turned.ndim), *name
                )
        return self.add(tree, inputs, _torch(function, settings), title, function.rules, function.each, *name)

    def setting(self, option: str, value: _Value | _At, argument: Expression) -> int | bool:
        wanted = bool if option == "keepdim" else int
        if (
            isinstance(value, wanted)
            and isinstance(value, bool) == (wanted is bool)
            and not isinstance(value, _At)
        ):
            return value
        if option == "keepdim":
            self.fail(Sentence("keepdim is True or False."), argument.start, argument.stop)
        self.fail(Sentence("A dimension is a whole number."), argument.start, argument.stop)

    def add(
        self, tree: Operation | Call, values: Sequence[_Value | _At], apply: Callable[..., Any], title: str,
        rules: Sequence[str], each: bool, start: int, stop: int,
    ) -> _At:  # fmt: skip
        """Do an operation, whose sign or name stands at [start:stop], and note it down."""
        self.operations += 1
        if self.operations > _MOST_OPERATIONS:
            self.fail(Sentence("At most {most} operations.", most=_MOST_OPERATIONS), start, stop)
        places = tuple(int(value) for value in values if isinstance(value, _At))
        inputs = [self.nodes[place].value for place in places]
        shapes = [tuple(tensor.shape) for tensor in inputs]
        sign = tree.sign if isinstance(tree, Operation) else tree.name
        if _elements(sign, shapes) > MOST_ELEMENTS:
            self.fail(
                Sentence("This would make more than {most:,} numbers.", most=MOST_ELEMENTS), start, stop
            )

        def again(tensors: Sequence[Tensor]) -> Tensor:
            rest = iter(tensors)
            found = apply(*(next(rest) if isinstance(value, _At) else value for value in values))
            assert isinstance(found, Tensor)
            return found

        try:
            value = again(inputs)
        except (RuntimeError, TypeError, IndexError, ValueError, OverflowError) as error:
            refusal = Sentence("PyTorch refuses this: {reason}", reason=str(error).splitlines()[0])
            raise Refused(
                refusal.template, text=self.text, start=start, stop=stop, **refusal.values
            ) from None
        shown = [self.shown(value) for value in values]
        own = tuple(
            _filled(rule, shown) for rule, value in zip(rules, values, strict=False) if isinstance(value, _At)
        )
        self.nodes.append(
            Node(title.format(*shown), "", value, places, again, _made(value, inputs), own, each,
                 tree.start, tree.stop)
        )  # fmt: skip
        return _At(len(self.nodes) - 1)

    def shown(self, value: _Value | _At) -> str:
        return (self.nodes[value].name or "·") if isinstance(value, _At) else f"{value}"


def _rest(node: Node) -> tuple[Any, ...]:
    return (node.value, node.inputs, node.run, node.backward, node.rules, node.each, node.start, node.stop)


def _filled(rule: str, operands: Sequence[str]) -> str:
    """`rule` with the operands that have a name, or are numbers, in place of x and y."""
    named = {letter: text for letter, text in zip("xy", operands, strict=False) if text != "·"}
    return re.sub(r"\b[xy]\b", lambda found: named.get(found[0], found[0]), rule)


def _torch(function: Function, settings: Mapping[str, int | bool]) -> Callable[..., Any]:
    if function.attribute:
        return lambda x: getattr(x, function.name)
    called = getattr(torch, function.name)
    return lambda *inputs: called(*inputs, **settings)


def _elements(sign: str, shapes: Sequence[tuple[int, ...]]) -> int:
    """How many numbers the result has at most."""
    if len(shapes) < 2:
        return math.prod(shapes[0])
    if sign not in _PRODUCTS:
        return _broadcast(shapes)
    rows = [shape if len(shape) > 1 else (1, *shape) for shape in shapes]
    return _broadcast([shape[:-2] for shape in rows]) * math.prod(
        max(shape[-2:], default=1) for shape in rows
    )


def _broadcast(shapes: Sequence[tuple[int, ...]]) -> int:
    sizes = zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1)
    return math.prod(max(size) for size in sizes)


def _made(value: Tensor, inputs: Sequence[Tensor]) -> tuple[str, ...]:
    """The names of the autograd nodes from `value` down to those of its `inputs`."""
    known = {tensor.grad_fn for tensor in inputs}
    found: list[Any] = []
    waiting = [value.grad_fn]
    while waiting:
        one = waiting.pop(0)
        if one is None or one in known or one in found or one.name().endswith("AccumulateGrad"):
            continue
        found.append(one)
        waiting += [below for below, _ in one.next_functions]
    return tuple(one.name() for one in found)
