"""Expressions to start from."""

from __future__ import annotations

from dataclasses import dataclass

from nnlab.errors import Sentence
from nnlab.lessons.autograd.given import Given


@dataclass(frozen=True)
class Example:
    """An expression of tensors, and the gradient that its result is given, "" for none."""

    title: Sentence
    text: str
    given: tuple[Given, ...]
    gradient: str = ""


# The first is that of PyTorch's own tutorial, "A gentle introduction to torch.autograd".
EXAMPLES: dict[str, Example] = {
    "classic": Example(
        Sentence("The classic: 3a³ − b²"), "Q = 3*a**3 - b**2",
        (Given("a", "[2., 3.]"), Given("b", "[6., 4.]")), "[1., 1.]",
    ),
    "paths": Example(
        Sentence("Paths that meet"), "h = a*a; Q = sin(h) + h*a", (Given("a", "1.5"),)
    ),
    "neuron": Example(
        Sentence("A neuron and its loss"), "y = sigmoid(w @ x + b); L = (y - t)**2",
        (Given("w", "[0.5, -1., 2.]"), Given("x", "[1., 0.5, -0.5]", False), Given("b", "0.1"),
         Given("t", "1.", False)),
    ),
    "line": Example(
        Sentence("A line through points"), "r = w*x + b - y; L = (r**2).mean()",
        (Given("w", "0.5"), Given("b", "0."), Given("x", "[0., 1., 2., 3.]", False),
         Given("y", "[1., 3., 5., 7.]", False)),
    ),
    "matrix": Example(
        Sentence("A product of matrices"), "Q = W @ x",
        (Given("W", "[[1., 2.], [3., 4.], [5., 6.]]"), Given("x", "[1., -1.]")), "[1., 1., 1.]",
    ),
    "broadcast": Example(
        Sentence("Broadcasting"), "Q = (A * r).sum()",
        (Given("A", "[[1., 2., 3.], [4., 5., 6.]]"), Given("r", "[1., 0.5, -1.]")),
    ),
    "softmax": Example(
        Sentence("Cross-entropy"), "p = log_softmax(z, dim=0); L = -(t*p).sum()",
        (Given("z", "[2., 1., -1.]"), Given("t", "[0., 1., 0.]", False)),
    ),
    "detach": Example(
        Sentence("A path cut by detach()"), "h = a**2; Q = (h.detach() * a).sum()",
        (Given("a", "[2., 3.]"),),
    ),
}  # fmt: skip
