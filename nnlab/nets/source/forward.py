"""The lines of `forward`: modules called one after the other, layers without a state as functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from nnlab.nets.layers import checked_options, layer_kind
from nnlab.nets.source.layout import WIDTH, laid_out, one_line

if TYPE_CHECKING:
    from nnlab.nets.architecture import Planned

# What is written around the call before it, in one line: conv, norm, activation and pooling belong together.
_WRAPPED = ("normalisation", "activation", "pooling", "softmax")


def module(layer: Planned, classes: int) -> ast.Call:
    """The construction of a layer that does not fork."""
    options = checked_options(layer.spec.kind, layer.in_shape, layer.spec.options, classes)
    call = ast.parse(layer_kind(layer.spec.kind).call(layer.in_shape, options).code(), mode="eval").body
    assert isinstance(call, ast.Call)
    return call


def keeps_state(layer: Planned, classes: int) -> bool:
    """Whether it is a module: it has weights or buffers, or forks."""
    if layer.spec.joins:
        return True
    with torch.device("meta"):
        return bool(layer.make(classes).state_dict())


def forward(plan: Sequence[Planned], classes: int) -> list[str]:
    """The lines of the body, two levels in."""
    expressions = list(_chained(plan, classes))
    *first, last = expressions or [_X]
    return [
        line
        for prefix, expression in [*(("x = ", expression) for expression in first), ("return ", last)]
        for line in laid_out(prefix, expression, 2)
    ]


def _chained(plan: Sequence[Planned], classes: int) -> Iterator[ast.expr]:
    """What each line gives, from the ``x`` before it."""
    expression: ast.expr = _X
    families: set[str] = set()  # of what has been written around the first call of the line
    for layer in plan:
        called = _called(layer, classes)
        if isinstance(called, ast.Name):
            continue  # leaves x as it is
        family = "join" if layer.spec.joins else layer_kind(layer.spec.kind).family
        longer = _of(called, expression)
        adaptive = layer.spec.kind.startswith("adaptive_")  # a step of its own, however the network goes on
        if (
            expression is not _X
            and family in _WRAPPED
            and family not in families
            and not adaptive
            and len(f"        return {one_line(longer)}") <= WIDTH
        ):
            expression = longer
            families.add(family)
            continue
        if expression is not _X:
            yield expression
        expression, families = called, {family}
        if family in ("shape", "dropout") or adaptive:
            yield expression
            expression = _X
    if expression is not _X:
        yield expression


def _called(layer: Planned, classes: int) -> ast.expr:
    """What the layer makes of ``x``."""
    if keeps_state(layer, classes):
        return ast.parse(f"self.{layer.name}(x)", mode="eval").body
    options = checked_options(layer.spec.kind, layer.in_shape, layer.spec.options, classes)
    functional = layer_kind(layer.spec.kind).functional(layer.in_shape, options)
    training = ast.parse("self.training", mode="eval").body
    return _replaced(ast.parse(functional, mode="eval").body, "training", training)


_X = ast.Name("x")


def _of(called: ast.expr, x: ast.expr) -> ast.expr:
    """`called` with `x` in place of its ``x``."""
    return _replaced(called, "x", x)


def _replaced(expression: ast.expr, name: str, value: ast.expr) -> ast.expr:
    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return value if node.id == name else node

    # Parsed anew, so that what was given stays as it is.
    copy = ast.parse(ast.unparse(expression), mode="eval").body
    found = Replace().visit(copy)
    assert isinstance(found, ast.expr)
    return found
