"""The steps as programs: what each of them is made of, and what changes from one to the next."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from nnlab.errors import Sentence, check

Parameters = Callable[[Mapping[str, Any]], tuple[Tensor, Tensor]]


DATASETS = ("strokes", "mnist", "fashion_mnist", "kmnist")  # ten classes, 28 x 28, one channel


@dataclass(frozen=True)
class Settings:
    """What all steps share."""

    dataset: str = "strokes"
    learning_rate: float = 0.5
    batch_size: int = 64
    epochs: int = 1
    seed: int = 0
    double: bool = False  # float64 instead of float32

    def validate(self) -> Settings:
        """Itself; raises LabError for what makes no training."""
        check(
            self.dataset in DATASETS,
            "The steps are written for ten classes of 28 × 28 grey pixels: {known}; not for {name}.",
            known=", ".join(DATASETS), name=self.dataset,
        )  # fmt: skip
        check(
            math.isfinite(self.learning_rate) and 0 < self.learning_rate <= 100,
            "The learning rate is {rate:g}; it should lie above 0 and be at most 100.",
            rate=self.learning_rate,
        )  # fmt: skip
        check(
            1 <= self.batch_size <= 4096,
            "The batch size is {size}; it should lie between 1 and 4,096.",
            size=self.batch_size,
        )
        check(
            1 <= self.epochs <= 5,
            "The number of epochs is {epochs}; it should lie between 1 and 5.",
            epochs=self.epochs,
        )
        check(
            0 <= self.seed < 2**31,
            "The seed is {seed}; it should lie between 0 and 2^31 - 1.",
            seed=self.seed,
        )
        return self


@dataclass(frozen=True)
class Step:
    """One rung: its name, what it brings, and the pieces of its program.

    parameters: from the program's variables to its weights (features, classes) and bias; None where the
        network is another one.
    """

    name: str
    title: Sentence
    brings: Sentence
    pieces: Mapping[str, str]
    parameters: Parameters | None = field(default=None, compare=False)

    def source(self, settings: Settings) -> str:
        """The program, which can be run as it stands."""
        settings.validate()
        return _PROGRAM.format(
            dataset=json.dumps(settings.dataset), rate=settings.learning_rate, seed=settings.seed,
            size=settings.batch_size, epochs=settings.epochs,
            dtype="torch.set_default_dtype(torch.float64)\n" if settings.double else "",
            **{**_PIECES, **self.pieces},
        )  # fmt: skip


def changes(before: str, after: str) -> str:
    """What changes from one program to the next, as a diff without its head; all of both programs."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[str] = []
    # Blank lines are junk: they would tear apart what is replaced as a whole.
    matcher = difflib.SequenceMatcher(lambda line: not line.strip(), old, new, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            lines += (f"  {line}" for line in old[i:j])
        else:
            lines += (f"- {line}" for line in old[i:j])
            lines += (f"+ {line}" for line in new[k:m])
    return "\n".join(lines)


def excerpt(before: str, after: str) -> str:
    """Of `changes`, the lines that change, all between them, and two lines around."""
    lines = changes(before, after).splitlines()
    changed = [i for i, line in enumerate(lines) if line[:1] in "+-"]
    shown = lines[max(0, changed[0] - 2) : changed[-1] + 3]
    while not shown[0].strip():
        shown.pop(0)
    while not shown[-1].strip():
        shown.pop()
    return "\n".join(shown)


_PROGRAM = """\
{imports}
import nnlab

{dtype}torch.manual_seed({seed})
data = nnlab.load_dataset({dataset})
x_train, y_train = data.train.images{flat} / 255, data.train.labels
x_test, y_test = data.test.images{flat} / 255, data.test.labels
bs, lr, epochs = {size}, {rate}, {epochs}

{model}
first_loss = loss_func(model(x_train[:bs]), y_train[:bs]).item()
losses = []
for epoch in range(epochs):
{loop}        losses.append(loss.item())

{evaluate}
print(f"loss before: {{first_loss:.4f}}, after: {{loss:.4f}}, accuracy: {{accuracy:.2%}}")
"""

_TORCH = "import math\n\nimport torch\n"
_FUNCTIONAL = f"{_TORCH}import torch.nn.functional as F\n"
_NN = f"{_FUNCTIONAL}from torch import nn\n"
_OPTIM = f"{_FUNCTIONAL}from torch import nn, optim\n"
_DATASETS = f"{_OPTIM}from torch.utils.data import TensorDataset\n"
_LOADERS = f"{_OPTIM}from torch.utils.data import DataLoader, TensorDataset\n"

_TENSORS = """\
weights = torch.randn(x_train.shape[1], 10) / math.sqrt(x_train.shape[1])
weights.requires_grad_()
bias = torch.zeros(10, requires_grad=True)


"""
_BY_HAND = f"""\
{_TENSORS}def log_softmax(x):
    return x - x.exp().sum(-1).log().unsqueeze(-1)


def model(xb):
    return log_softmax(xb @ weights + bias)


def loss_func(log_probabilities, yb):
    return -log_probabilities[range(len(yb)), yb].mean()

"""
_WITH_FUNCTIONAL = f"""\
{_TENSORS}def model(xb):
    return xb @ weights + bias


loss_func = F.cross_entropy

"""
_MODULE = """\

class Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(x_train.shape[1], 10) / math.sqrt(x_train.shape[1]))
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        return xb @ self.weights + self.bias


model = Logistic()
loss_func = F.cross_entropy
"""
_OPTIMIZER = "optimizer = optim.SGD(model.parameters(), lr=lr)\n"
_SEQUENTIAL = """\
weights = torch.randn(x_train.shape[1], 10) / math.sqrt(x_train.shape[1])
model = nn.Sequential(nn.Linear(x_train.shape[1], 10))
with torch.no_grad():  # begin with the same numbers as before
    model[0].weight.copy_(weights.T)
    model[0].bias.zero_()
loss_func = F.cross_entropy
"""
_CNN = """\
model = nn.Sequential(
    nn.Conv2d(data.shape[0], 16, kernel_size=3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 16, kernel_size=3, stride=2, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Dropout(0.25),
    nn.Linear(16 * 7 * 7, 10),
)
loss_func = F.cross_entropy
"""

_SLICES = """\
    for i in range((len(x_train) - 1) // bs + 1):
        start = i * bs
        xb, yb = x_train[start : start + bs], y_train[start : start + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
"""
_BY_HAND_UPDATE = """\
        with torch.no_grad():
            weights -= weights.grad * lr
            bias -= bias.grad * lr
            weights.grad.zero_()
            bias.grad.zero_()
"""
_MODULE_UPDATE = """\
        with torch.no_grad():
            for p in model.parameters():
                p -= p.grad * lr
            model.zero_grad()
"""
_STEP = """\
        optimizer.step()
        optimizer.zero_grad()
"""
_DATASET = "train_ds = TensorDataset(x_train, y_train)\n"
_INDEXED = _SLICES.replace(
    "        start = i * bs\n        xb, yb = x_train[start : start + bs], y_train[start : start + bs]\n",
    "        xb, yb = train_ds[i * bs : i * bs + bs]\n",
)
_LOADER = f"{_DATASET}loader = DataLoader(train_ds, batch_size=bs)\n"
_LOADED = """\
    for xb, yb in loader:
        loss = loss_func(model(xb), yb)
        loss.backward()
"""
_EVALUATE = """\
with torch.no_grad():
    out = model(x_test)
    loss = loss_func(out, y_test).item()
    accuracy = (out.argmax(1) == y_test).float().mean().item()
"""
_EVALUATE_TWICE = """\
model.eval()
with torch.no_grad():
    out, again = model(x_test), model(x_test)
    loss = loss_func(out, y_test).item()
    accuracy = (out.argmax(1) == y_test).float().mean().item()
    accuracy_again = (again.argmax(1) == y_test).float().mean().item()
"""
# What a step does not say is as in the first one.
_PIECES = {
    "imports": _TORCH,
    "flat": ".flatten(1)",
    "model": _BY_HAND,
    "loop": _SLICES + _BY_HAND_UPDATE,
    "evaluate": _EVALUATE,
}


def _raw(names: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    return names["weights"].detach(), names["bias"].detach()


def _module(names: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    return names["model"].weights.detach(), names["model"].bias.detach()


def _sequential(names: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    linear = names["model"][0]
    return linear.weight.detach().T, linear.bias.detach()


STEPS = (
    Step(
        "raw",
        Sentence("Raw tensors"),
        Sentence(
            "Nothing but tensors and autograd: a matrix product, log_softmax and the negative log-likelihood "
            "by hand, and weights that are moved against their gradient."
        ),
        {},
        _raw,
    ),
    Step(
        "functional",
        Sentence("torch.nn.functional"),
        Sentence(
            "F.cross_entropy is log_softmax and the negative log-likelihood in one. It subtracts the largest "
            "logit before exp, so that nothing overflows: the same function, rounded at other places."
        ),
        {"imports": _FUNCTIONAL, "model": _WITH_FUNCTIONAL},
        _raw,
    ),
    Step(
        "module",
        Sentence("nn.Module"),
        Sentence(
            "A Module knows its nn.Parameters, so that one loop moves them all and zero_grad() needs no list."
        ),
        {"imports": _NN, "model": _MODULE, "loop": _SLICES + _MODULE_UPDATE},
        _module,
    ),
    Step(
        "optim",
        Sentence("torch.optim"),
        Sentence(
            "The update is the optimizer's; another rule is another class in one line. It multiplies and "
            "adds in one operation, rounded once: equal where the learning rate is a power of two, as 0.5 is."
        ),
        {"imports": _OPTIM, "model": _MODULE + _OPTIMIZER, "loop": _SLICES + _STEP},
        _module,
    ),
    Step(
        "dataset",
        Sentence("TensorDataset"),
        Sentence("Images and labels in one thing that is indexed and sliced together."),
        {"imports": _DATASETS, "model": _DATASET + "\n" + _MODULE + _OPTIMIZER, "loop": _INDEXED + _STEP},
        _module,
    ),
    Step(
        "loader",
        Sentence("DataLoader"),
        Sentence("The loader makes the batches: no index is left that could be wrong."),
        {"imports": _LOADERS, "model": _LOADER + "\n" + _MODULE + _OPTIMIZER, "loop": _LOADED + _STEP},
        _module,
    ),
    Step(
        "sequential",
        Sentence("nn.Sequential"),
        Sentence(
            "nn.Linear holds its weight as (out, in) and multiplies by its transpose: the same sums, "
            "in another order."
        ),
        {"imports": _LOADERS, "model": _LOADER + _SEQUENTIAL + _OPTIMIZER, "loop": _LOADED + _STEP},
        _sequential,
    ),
    Step(
        "cnn",
        Sentence("A CNN"),
        Sentence(
            "Another network and images that keep their shape, in the same loop. Its dropout has to be "
            "switched off for the test by eval(); tested twice, it would show if it were not."
        ),
        {
            "imports": _LOADERS.removeprefix("import math\n\n"),
            "flat": "",
            "model": _LOADER + _CNN + _OPTIMIZER,
            "loop": _LOADED + _STEP,
            "evaluate": _EVALUATE_TWICE,
        },
    ),
)


def step_named(name: str) -> Step:
    """The step of that name; raises KeyError."""
    return {step.name: step for step in STEPS}[name]
