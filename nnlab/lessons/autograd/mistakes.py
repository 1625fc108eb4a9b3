"""The mistakes that people meet with autograd: each a small program, why it goes wrong, and its mending.

What PyTorch says to them is not written down here: `nnlab.lessons.autograd.programs.outcome` runs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nnlab.errors import Sentence

Kind = Literal["error", "warning", "silent"]


@dataclass(frozen=True)
class Mistake:
    """One of them.

    Attributes:
        name: what a link calls it.
        title: what somebody wanted or wonders about.
        kind: whether PyTorch refuses, warns, or says nothing while the numbers are not those one wanted.
        wrong, mended: programs after ``import torch``.
        why: what goes on, in a sentence or two.
        mending: what the mended program does instead.
    """

    name: str
    title: Sentence
    kind: Kind
    wrong: str
    why: Sentence
    mended: str
    mending: Sentence


def _mistake(name: str, title: Sentence, kind: Kind, wrong: str, why: Sentence, mended: str,
             mending: Sentence) -> Mistake:  # fmt: skip
    return Mistake(name, title, kind, wrong.strip(), why, mended.strip(), mending)


MISTAKES: dict[str, Mistake] = {
    mistake.name: mistake
    for mistake in (
        _mistake(
            "not_scalar", Sentence("More than one number"), "error",
            """
a = torch.tensor([2., 3.], requires_grad=True)
Q = a**2
Q.backward()
print(a.grad)
""",
            Sentence(
                "A gradient says how one number changes. Q holds two, so it has to be said how much each "
                "of them counts."
            ),
            """
a = torch.tensor([2., 3.], requires_grad=True)
Q = a**2
Q.backward(torch.tensor([1., 1.]))
# or Q.sum().backward()
print(a.grad)
""",
            Sentence("Hand over a gradient in the shape of Q, or make one number of it first."),
        ),
        _mistake(
            "wrong_shape", Sentence("Another shape"), "error",
            """
a = torch.tensor([2., 3.], requires_grad=True)
Q = a**2
Q.backward(torch.tensor([1., 1., 1.]))
print(a.grad)
""",
            Sentence("The external gradient has one number for each number of Q."),
            """
a = torch.tensor([2., 3.], requires_grad=True)
Q = a**2
Q.backward(torch.ones_like(Q))
print(a.grad)
""",
            Sentence("Take the shape from Q itself."),
        ),
        _mistake(
            "twice", Sentence("A second time"), "error",
            """
a = torch.tensor([2., 3.], requires_grad=True)
Q = (a**2).sum()
Q.backward()
Q.backward()
print(a.grad)
""",
            Sentence(
                "After the first call the tensors that the graph had kept for going back are freed. "
                "retain_graph=True keeps them; running the expression again makes new ones."
            ),
            """
a = torch.tensor([2., 3.], requires_grad=True)
Q = (a**2).sum()
Q.backward(retain_graph=True)
Q.backward()
print(a.grad)
""",
            Sentence(
                "Keep the graph, or run the expression again. The second gradient is added to the first."
            ),
        ),
        _mistake(
            "in_place_saved", Sentence("In place, but kept"), "error",
            """
a = torch.tensor([2., 3.], requires_grad=True)
h = a.exp()
Q = h.sum()
h.mul_(2)
Q = Q + h.sum()
Q.backward()
print(a.grad)
""",
            Sentence(
                "The derivative of exp is exp itself, so the graph has kept h. Each tensor counts how "
                "often it was changed; backward() finds h at another count than it was kept at."
            ),
            """
a = torch.tensor([2., 3.], requires_grad=True)
h = a.exp()
Q = h.sum()
h = h * 2
Q = Q + h.sum()
Q.backward()
print(a.grad)
""",
            Sentence("Make a new tensor in place of changing the old one."),
        ),
        _mistake(
            "in_place_leaf", Sentence("A leaf in place"), "error",
            """
w = torch.tensor([2., 3.], requires_grad=True)
(w**2).sum().backward()
w -= 0.1 * w.grad
print(w)
""",
            Sentence(
                "w is where gradients end up. A change in place would become a part of the graph and "
                "leave no leaf behind."
            ),
            """
w = torch.tensor([2., 3.], requires_grad=True)
(w**2).sum().backward()
with torch.no_grad():
    w -= 0.1 * w.grad
print(w)
""",
            Sentence(
                "A step of training is no part of the graph: do it under torch.no_grad(), as torch.optim "
                "does."
            ),
        ),
        _mistake(
            "step_by_name", Sentence("No second gradient"), "error",
            """
w = torch.tensor([2., 3.], requires_grad=True)
for step in range(2):
    (w**2).sum().backward()
    w = w - 0.1 * w.grad
print(w)
""",
            Sentence(
                "The name w now belongs to a new tensor, which was computed and is no leaf. Its .grad is "
                "None after the second backward()."
            ),
            """
w = torch.tensor([2., 3.], requires_grad=True)
for step in range(2):
    (w**2).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
print(w)
""",
            Sentence("Change the same leaf in place under torch.no_grad(), and empty its .grad."),
        ),
        _mistake(
            "no_requires", Sentence("Nothing requires it"), "error",
            """
a = torch.tensor([2., 3.])
Q = (a**2).sum()
Q.backward()
print(a.grad)
""",
            Sentence(
                "Without requires_grad=True nothing is noted down, so there is no graph to go back "
                "through."
            ),
            """
a = torch.tensor([2., 3.], requires_grad=True)
Q = (a**2).sum()
Q.backward()
print(a.grad)
""",
            Sentence("Say which tensors gradients are wanted for."),
        ),
        _mistake(
            "no_grad", Sentence("Under no_grad()"), "error",
            """
a = torch.tensor([2., 3.], requires_grad=True)
with torch.no_grad():
    Q = (a**2).sum()
Q.backward()
print(a.grad)
""",
            Sentence(
                "torch.no_grad() is for evaluating and for steps: what is computed inside has no graph."
            ),
            """
a = torch.tensor([2., 3.], requires_grad=True)
Q = (a**2).sum()
Q.backward()
print(a.grad)
""",
            Sentence("Compute outside what a gradient is wanted for."),
        ),
        _mistake(
            "integers", Sentence("Whole numbers"), "error",
            """
a = torch.tensor([2, 3], requires_grad=True)
print((a**2).sum())
""",
            Sentence(
                "A derivative is about small changes; whole numbers have none. [2, 3] is a tensor of "
                "int64."
            ),
            """
a = torch.tensor([2., 3.], requires_grad=True)
print((a**2).sum())
""",
            Sentence("Write a point, or say dtype=torch.float32."),
        ),
        _mistake(
            "numpy", Sentence("To NumPy"), "error",
            """
a = torch.tensor([2., 3.], requires_grad=True)
values = (a**2).numpy()
print(values)
""",
            Sentence("NumPy knows no graph; what it does with the numbers could not be followed back."),
            """
a = torch.tensor([2., 3.], requires_grad=True)
values = (a**2).detach().numpy()
print(values)
""",
            Sentence("detach() is the same numbers without the graph."),
        ),
        _mistake(
            "inference", Sentence("From inference_mode()"), "error",
            """
w = torch.tensor([2., 3.], requires_grad=True)
with torch.inference_mode():
    x = torch.tensor([1., 2.]) * 2
Q = (w * x).sum()
Q.backward()
print(w.grad)
""",
            Sentence(
                "inference_mode saves more than no_grad: its tensors do not count their changes, so the "
                "graph cannot keep them."
            ),
            """
w = torch.tensor([2., 3.], requires_grad=True)
with torch.no_grad():
    x = torch.tensor([1., 2.]) * 2
Q = (w * x).sum()
Q.backward()
print(w.grad)
""",
            Sentence("Use torch.no_grad() for what a graph will meet later, or clone() it outside."),
        ),
        _mistake(
            "unused", Sentence("Not used"), "error",
            """
a = torch.tensor(2., requires_grad=True)
b = torch.tensor(3., requires_grad=True)
Q = a**2
print(torch.autograd.grad(Q, [a, b]))
""",
            Sentence("Q does not depend on b, which is often a mistake, so torch.autograd.grad says so."),
            """
a = torch.tensor(2., requires_grad=True)
b = torch.tensor(3., requires_grad=True)
Q = a**2
print(torch.autograd.grad(Q, [a, b], allow_unused=True))
""",
            Sentence("Where it is meant, allow it; the gradient is None then."),
        ),
        _mistake(
            "deepcopy", Sentence("deepcopy()"), "error",
            """
from copy import deepcopy
a = torch.tensor([2., 3.], requires_grad=True)
h = a**2
kept = deepcopy(h)
print(kept)
""",
            Sentence("A copy of h would need a copy of its graph; only leaves can be copied so."),
            """
a = torch.tensor([2., 3.], requires_grad=True)
h = a**2
kept = h.detach().clone()
print(kept)
""",
            Sentence("Copy the numbers."),
        ),
        _mistake(
            "not_leaf", Sentence(".grad of no leaf"), "warning",
            """
a = torch.tensor([2., 3.], requires_grad=True)
h = a**2
h.sum().backward()
print(h.grad)
""",
            Sentence("Gradients pass through h on their way to a; only leaves keep theirs."),
            """
a = torch.tensor([2., 3.], requires_grad=True)
h = a**2
h.retain_grad()
h.sum().backward()
print(h.grad)
""",
            Sentence("Ask h to keep its gradient before backward()."),
        ),
        _mistake(
            "zero_forgotten", Sentence("zero_grad forgotten"), "silent",
            """
w = torch.tensor([2., 3.], requires_grad=True)
for step in range(3):
    (w**2).sum().backward()
    print(w.grad)
""",
            Sentence(
                "backward() adds to .grad: the second time it is twice the gradient, the third three "
                "times. Nobody complains; the steps grow."
            ),
            """
w = torch.tensor([2., 3.], requires_grad=True)
for step in range(3):
    w.grad = None  # what optimizer.zero_grad() does
    (w**2).sum().backward()
    print(w.grad)
""",
            Sentence("Empty .grad before each backward()."),
        ),
        _mistake(
            "detached", Sentence("detach() in between"), "silent",
            """
a = torch.tensor([2., 3.], requires_grad=True)
h = a**2
Q = (h.detach() * a).sum()
Q.backward()
print(a.grad)
""",
            Sentence(
                "Q is the sum of a**3, so 3 * a**2 = [12, 27] was expected. The path through h is cut: "
                "only the other factor counts."
            ),
            """
a = torch.tensor([2., 3.], requires_grad=True)
h = a**2
Q = (h * a).sum()
Q.backward()
print(a.grad)
""",
            Sentence("Detach only what is a constant for the gradient."),
        ),
        _mistake(
            "converted", Sentence("Converted too late"), "silent",
            """
w = torch.tensor([2., 3.], requires_grad=True).double()
(w**2).sum().backward()
print(w.is_leaf, w.requires_grad)
""",
            Sentence(
                "double(), as to(device) does, made a new tensor: w is no leaf, its .grad stays None. The"
                " leaf, which got the gradient, has no name."
            ),
            """
w = torch.tensor([2., 3.], dtype=torch.float64, requires_grad=True)
(w**2).sum().backward()
print(w.is_leaf, w.grad)
""",
            Sentence("Make the leaf as it is wanted from the start."),
        ),
        _mistake(
            "kept_loss", Sentence("Losses added up"), "silent",
            """
w = torch.tensor([2., 3.], requires_grad=True)
total = 0
for step in range(3):
    loss = (w**2).sum()
    total = total + loss
print(total)
""",
            Sentence(
                "total has a grad_fn: behind it hang the graphs of all steps, and memory grows with each."
            ),
            """
w = torch.tensor([2., 3.], requires_grad=True)
total = 0
for step in range(3):
    loss = (w**2).sum()
    total = total + loss.item()
print(total)
""",
            Sentence("Add up numbers: item() takes one out of its tensor."),
        ),
    )
}  # fmt: skip

KINDS: tuple[Kind, ...] = ("error", "warning", "silent")
