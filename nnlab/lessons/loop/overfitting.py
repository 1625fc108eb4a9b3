"""Overfitting on purpose: few samples, a large network, and what brings training and validation together.

``python -m nnlab.lessons.loop.overfitting --samples 100 --dropout 0.5`` prints one line of JSON an epoch.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch

from nnlab.errors import check

EPOCHS = 60
_PROGRAM = """\
{imports}
import nnlab

torch.manual_seed({seed})
data = nnlab.load_dataset("strokes")
x, y = data.train.images[:{samples}] / 255, data.train.labels[:{samples}]
x_val, y_val = data.test.images[:2000] / 255, data.test.labels[:2000]

model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(784, {hidden}),
    nn.ReLU(),
{dropout}    nn.Linear({hidden}, {hidden}),
    nn.ReLU(),
{dropout}    nn.Linear({hidden}, 10),
)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay={weight_decay})
{augment}{best}for epoch in range({epochs}):
    model.train()
    for batch in torch.randperm(len(x)).split(32):
        xb = {taken}
        loss = F.cross_entropy(model(xb), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out, out_val = model(x), model(x_val)
    train_loss, val_loss = F.cross_entropy(out, y).item(), F.cross_entropy(out_val, y_val).item()
    train_accuracy = (out.argmax(1) == y).float().mean().item()
    val_accuracy = (out_val.argmax(1) == y_val).float().mean().item()
{watch}{stop}
{back}print(f"training: {{train_accuracy:.1%}}, validation: {{val_accuracy:.1%}}")
"""
_IMPORTS = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
_STOP = """\
    if val_loss < best_loss:
        best_loss, best_epoch, best_weights = val_loss, epoch, deepcopy(model.state_dict())
    elif epoch - best_epoch >= {patience}:
        break
"""
_BACK = """\
model.load_state_dict(best_weights)
with torch.no_grad():
    train_accuracy = (model(x).argmax(1) == y).float().mean().item()
    val_accuracy = (model(x_val).argmax(1) == y_val).float().mean().item()
"""


@dataclass(frozen=True)
class Settings:
    """How large, and what is done against overfitting.

    patience: epochs without a better validation loss after which the training stops and goes back to its
    best weights; 0 for never.
    """

    samples: int = 100
    hidden: int = 512
    dropout: float = 0.0
    weight_decay: float = 0.0
    augment: bool = False
    patience: int = 0
    seed: int = 0

    def validate(self) -> Settings:
        """Itself; raises LabError for what makes no training."""
        check(10 <= self.samples <= 20_000, "There are {samples} samples; 10 to 20,000 are possible.",
              samples=self.samples)  # fmt: skip
        check(1 <= self.hidden <= 2048, "There are {hidden} hidden units; 1 to 2,048 are possible.",
              hidden=self.hidden)  # fmt: skip
        check(0 <= self.dropout < 1, "The dropout is {dropout:g}; it should lie between 0 and 1, without 1.",
              dropout=self.dropout)  # fmt: skip
        check(0 <= self.weight_decay <= 10, "The weight decay is {decay:g}; it should lie between 0 and 10.",
              decay=self.weight_decay)  # fmt: skip
        return self

    @property
    def plain(self) -> Settings:
        """The same with nothing done against overfitting."""
        return Settings(self.samples, self.hidden, seed=self.seed)


@dataclass(frozen=True)
class Epoch:
    """One epoch of it: losses and accuracies of the training and the validation part, in evaluation mode."""

    epoch: int
    train_loss: float
    val_loss: float
    train_accuracy: float
    val_accuracy: float


def program(settings: Settings, watch: str = "") -> str:
    """The program with these settings, which can be run as it stands; `watch` is called after each epoch."""
    settings.validate()
    imports = "from copy import deepcopy\n\n" if settings.patience else ""
    imports += _IMPORTS
    if settings.augment:
        imports += "from torchvision.transforms import v2\n"
    return _PROGRAM.format(
        imports=imports, seed=settings.seed, samples=settings.samples, hidden=settings.hidden, epochs=EPOCHS,
        dropout=f"    nn.Dropout({settings.dropout}),\n" if settings.dropout else "",
        weight_decay=settings.weight_decay,
        augment="augment = v2.RandomAffine(degrees=10, translate=(0.1, 0.1), scale=(0.9, 1.1))\n"
        if settings.augment else "",
        taken="torch.stack([augment(image) for image in x[batch]])" if settings.augment else "x[batch]",
        best='best_loss, best_epoch = float("inf"), 0\n' if settings.patience else "",
        watch=f"    {watch}\n" if watch else "",
        stop=_STOP.format(patience=settings.patience) if settings.patience else "",
        back=_BACK if settings.patience else "",
    )  # fmt: skip


def train(settings: Settings, note: Callable[[Epoch], None]) -> Mapping[str, Any]:
    """Execute the program; `note` is told each epoch. The program's variables."""
    names: dict[str, Any] = {"__name__": "__main__", "print": lambda *_: None}

    def watch() -> None:
        note(Epoch(**{field.name: names[field.name] for field in fields(Epoch)}))

    names["watch"] = watch
    exec(compile(program(settings, "watch()"), "<overfitting>", "exec"), names)
    return names


def kept(epochs: list[Epoch], settings: Settings) -> Epoch:
    """The epoch whose weights are kept: with early stopping that of the smallest validation loss."""
    return min(epochs, key=lambda one: one.val_loss) if settings.patience else epochs[-1]


def main() -> None:
    """An epoch in JSON on each line."""
    parser = argparse.ArgumentParser(description="A network that overfits.")
    usual = Settings()
    for field in fields(Settings):
        value = getattr(usual, field.name)
        name = f"--{field.name.replace('_', '-')}"
        if isinstance(value, bool):
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=type(value), default=value)
    settings = Settings(**vars(parser.parse_args())).validate()
    torch.set_num_threads(1)
    train(settings, lambda epoch: print(json.dumps(asdict(epoch)), flush=True))


if __name__ == "__main__":
    main()
