"""The registry of functions that an expression may call, with the rule by which each is differentiated.

A function is added here and nowhere else. Each is the one of that name in ``torch``, and also a method of
tensors of the same name; `rules` are its derivatives as one would write them down, by the input x (and y).
With "grad", the incoming gradient, in it, a rule is what goes back instead; s is the result of a softmax.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Function:
    """What `name` takes.

    Attributes:
        inputs: how many tensors come first; the second may be a number where `numbers`.
        options: settings that follow, in the order in which they may stand without names.
        needs: how many of them have to be given.
        each: whether every output depends on the input at its own place alone.
        attribute: whether it is written without brackets, as ``a.T``.
    """

    name: str
    rules: tuple[str, ...] = ()
    inputs: Literal[1, 2] = 1
    options: tuple[str, ...] = ()
    needs: int = 0
    each: bool = False
    numbers: bool = False
    attribute: bool = False


def _each(name: str, rule: str) -> Function:
    return Function(name, (rule,), each=True)


_ALONG = ("dim", "keepdim")

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        _each("sin", "cos(x)"),
        _each("cos", "-sin(x)"),
        _each("tan", "1 + tan(x)**2"),
        _each("exp", "exp(x)"),
        _each("log", "1 / x"),
        _each("sqrt", "1 / (2 * sqrt(x))"),
        _each("tanh", "1 - tanh(x)**2"),
        _each("sigmoid", "sigmoid(x) * (1 - sigmoid(x))"),
        _each("relu", "(x > 0)"),
        _each("abs", "sign(x)"),
        _each("square", "2 * x"),
        _each("clone", "1"),
        Function("detach"),
        Function("pow", ("y * x**(y - 1)", "x**y * log(x)"), inputs=2, each=True, numbers=True),
        Function("maximum", ("(x > y)", "(y > x)"), inputs=2, each=True),
        Function("minimum", ("(x < y)", "(y < x)"), inputs=2, each=True),
        Function("sum", ("1",), options=_ALONG),
        Function("mean", ("1 / n",), options=_ALONG),
        Function("prod", ("prod(x) / x",)),
        Function("max", ("(x == max(x))",)),
        Function("min", ("(x == min(x))",)),
        Function("softmax", ("s[i] * ((i == j) - s[j])",), options=("dim",), needs=1),
        Function("log_softmax", ("(i == j) - s[j]",), options=("dim",), needs=1),
        Function("matmul", ("grad @ y.T", "x.T @ grad"), inputs=2),
        Function("mm", ("grad @ y.T", "x.T @ grad"), inputs=2),
        Function("mv", ("outer(grad, y)", "x.T @ grad"), inputs=2),
        Function("dot", ("y", "x"), inputs=2),
        Function("T", ("grad.T",), attribute=True),
    )
}

# The rules of the signs, by the sign and how many operands it has.
SIGNS: dict[tuple[str, int], tuple[str, ...]] = {
    ("+", 2): ("1", "1"),
    ("-", 2): ("1", "-1"),
    ("*", 2): ("y", "x"),
    ("/", 2): ("1 / y", "-x / y**2"),
    ("**", 2): ("y * x**(y - 1)", "x**y * log(x)"),
    ("@", 2): ("grad @ y.T", "x.T @ grad"),
    ("-", 1): ("-1",),
}

# Python's own words, and what the programs of the page use.
RESERVED = frozenset((*keyword.kwlist, *keyword.softkwlist, "torch", "grad", "gradient", "print"))
