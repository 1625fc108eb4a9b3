"""The cases: each is one change of a program that trains well."""

from __future__ import annotations

from dataclasses import dataclass

from nnlab.errors import Sentence

STEPS = 300
_PROGRAM = """\
import torch
from torch import nn
from torch.nn import functional as F

import nnlab

torch.manual_seed({seed})
data = nnlab.load_dataset("strokes")
x, y = data.train.images.flatten(1) / 255, data.train.labels
mean, std = x.mean(), x.std()
x, x_test, y_test = (x - mean) / std, (data.test.images.flatten(1) / 255 - mean) / std, data.test.labels

model = nn.Sequential(
    nn.Linear(784, 64),
    nn.ReLU(),
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range({steps}):
    batch = torch.randint(len(x), (64,))
    loss = F.cross_entropy(model(x[batch]), y[batch])
    optimizer.zero_grad()
    loss.backward()
{watch}    optimizer.step()

with torch.no_grad():
    accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
print(f"loss of the last batch: {{loss.item():.4f}}, accuracy: {{accuracy:.2%}}")
"""
_LAYERS = """\
    nn.Linear(784, 64),
    nn.ReLU(),
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
"""


@dataclass(frozen=True)
class Case:
    """A name, what it is called, and the change: `right` in the program is written as `wrong`.

    explains: what happens and how to mend it.
    """

    name: str
    title: Sentence
    right: str
    wrong: str
    explains: Sentence


def program(case: Case, seed: int = 0, watch: str = "") -> str:
    """The program of that case, which can be run as it stands; `watch` is a line put before the update."""
    source = _PROGRAM.format(seed=seed, steps=STEPS, watch=f"    {watch}\n" if watch else "")
    return source.replace(case.right, case.wrong)


HEALTHY = Case(
    "healthy",
    Sentence("A healthy training"),
    "",
    "",
    Sentence("The loss falls, that of the test set with it, and no detector rings."),
)
CASES = (
    Case(
        "rate",
        Sentence("Learning rate times 100"),
        "lr=0.1",
        "lr=10",
        Sentence(
            "A step changes the weights by more than their own size. The loss jumps up instead of falling, "
            "units die, or everything becomes nan. In the healthy training no step changes a layer by more "
            "than a fifth."
        ),
    ),
    Case(
        "zeros",
        Sentence("All weights begin at zero"),
        "optimizer = torch",
        "for p in model.parameters():\n    nn.init.zeros_(p)\noptimizer = torch",
        Sentence(
            "All units of a layer are the same, and behind zeros no gradient comes through: only the last "
            "bias learns how frequent each class is. Random numbers are what makes units different."
        ),
    ),
    Case(
        "labels",
        Sentence("Shuffled labels"),
        "\nmodel = nn",
        "y = y[torch.randperm(len(y))]\n\nmodel = nn",
        Sentence(
            "The images no longer belong to their labels. Gradients and activations look healthy, the loss "
            "stays near ln 10 = 2.30, and on the test set the network guesses. Look at your data, with its "
            "labels."
        ),
    ),
    Case(
        "input",
        Sentence("Input not normalised"),
        "\nmodel = nn",
        "x, x_test = data.train.images.flatten(1).float(), data.test.images.flatten(1).float()\n\nmodel = nn",
        Sentence(
            "Pixels from 0 to 255 instead of mean 0 and standard deviation 1: activations and gradients "
            "begin some eighty times too large, and the first steps wreck the weights."
        ),
    ),
    Case(
        "dead",
        Sentence("Dead ReLUs"),
        "optimizer = torch",
        "nn.init.constant_(model[0].bias, -10)\noptimizer = torch",
        Sentence(
            "The bias is so low that most units of the first layer are negative for every image: ReLU gives "
            "0, its derivative is 0, and they never come back. A smaller learning rate, another "
            "initialisation, or a leaky ReLU keeps them alive."
        ),
    ),
    Case(
        "vanishing",
        Sentence("Ten sigmoids on top of each other"),
        _LAYERS,
        "    nn.Linear(784, 64),\n    nn.Sigmoid(),\n"
        + "    nn.Linear(64, 64),\n    nn.Sigmoid(),\n" * 9
        + "    nn.Linear(64, 10),\n",
        Sentence(
            "A sigmoid's derivative is at most 1/4, so that each layer makes the gradient several times "
            "smaller on its way back: the first layers do not move at all. ReLU, residual connections or "
            "batch normalisation let it through."
        ),
    ),
    Case(
        "zero_grad",
        Sentence("zero_grad() forgotten"),
        "    optimizer.zero_grad()\n",
        "",
        Sentence(
            "backward() adds to .grad: each step goes along the sum of all gradients so far, which is far "
            "from that of its batch. The loss falls, overshoots and swings."
        ),
    ),
)
