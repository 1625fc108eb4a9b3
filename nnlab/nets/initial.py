"""The registry of initialisations: what the weights of convolutions and linear layers are at first.

An entry is one function of `torch.nn.init` with its arguments; what it does to a model and the code that a
person would write for it both come from there. Biases are set to zero, as the papers do; normalisation keeps
the ones and zeros that it starts with. "default" leaves all as the constructors of PyTorch have drawn it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from nnlab.errors import LabError, Sentence

DEFAULT = "default"
_NOTHING = """\
def initialise(model: nn.Module) -> None:
    pass  # as the constructors of PyTorch have drawn it
"""
_CODE = """\
def initialise(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            {call}
            if module.bias is not None:
                nn.init.zeros_(module.bias)
"""


@dataclass(frozen=True)
class Initial:
    """A way to set the weights of a new network.

    Attributes:
        name: what recipes call it.
        title: what a person calls it.
        about: what it does, in a sentence.
        source: the paper or the page that describes it.
        fill: the function of `torch.nn.init` that fills a weight; None for what the constructors do.
        arguments: those of `fill` besides the weight.
    """

    name: str
    title: Sentence
    about: Sentence
    source: str
    fill: Callable[..., Any] | None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, model: nn.Module, generator: torch.Generator | None = None) -> None:
        """Set the weights and biases of all convolutions and linear layers of `model`, in the order of
        ``model.modules()``, with numbers from `generator` (default: torch's global one)."""
        if self.fill is None:
            return
        draws = "generator" in inspect.signature(self.fill).parameters
        drawn_from = {"generator": generator} if draws else {}
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                self.fill(module.weight, **self.arguments, **drawn_from)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    @property
    def call(self) -> str:
        """``nn.init.constant_(module.weight, val=0.01)``; empty for what the constructors do."""
        if self.fill is None:
            return ""
        named = [f"{name}={_literal(value)}" for name, value in self.arguments.items()]
        return f"nn.init.{self.fill.__name__}({', '.join(['module.weight', *named])})"

    @property
    def code(self) -> str:
        """The function ``initialise(model)`` in plain PyTorch, which does the same; `nn` is imported."""
        return _CODE.format(call=self.call) if self.fill else _NOTHING


INITIALS = {
    initial.name: initial
    for initial in (
        Initial(
            DEFAULT, Sentence("PyTorch's default"),
            Sentence("Uniform, within 1/sqrt(fan in) of zero; biases too."),
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html", None,
        ),
        Initial(
            "xavier_uniform", Sentence("Xavier, uniform"),
            Sentence("Variance 2/(fan in + fan out): keeps activations and gradients even where the "
                     "activation is tanh or linear."),
            "Glorot & Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html", nn.init.xavier_uniform_,
        ),
        Initial(
            "xavier_normal", Sentence("Xavier, normal"),
            Sentence("The same variance as Xavier uniform, from a normal distribution."),
            "Glorot & Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html", nn.init.xavier_normal_,
        ),
        Initial(
            "kaiming_uniform", Sentence("Kaiming, uniform"),
            Sentence("Variance 2/fan in: makes up for the half of the values that ReLU sets to zero."),
            "He et al., 2015, https://arxiv.org/abs/1502.01852", nn.init.kaiming_uniform_,
            {"mode": "fan_in", "nonlinearity": "relu"},
        ),
        Initial(
            "kaiming_normal", Sentence("Kaiming, normal"),
            Sentence("The same variance as Kaiming uniform, from a normal distribution."),
            "He et al., 2015, https://arxiv.org/abs/1502.01852", nn.init.kaiming_normal_,
            {"mode": "fan_in", "nonlinearity": "relu"},
        ),
        Initial(
            "orthogonal", Sentence("Orthogonal"),
            Sentence("Rows (or columns) at right angles, of length 1: a layer turns its input and does not "
                     "stretch it."),
            "Saxe et al., 2013, https://arxiv.org/abs/1312.6120", nn.init.orthogonal_,
        ),
        Initial(
            "normal_small", Sentence("Normal, std 0.01"),
            Sentence("The same spread for every layer, however wide: a deep network fades to nothing."),
            "Krizhevsky et al., 2012, https://papers.nips.cc/paper/4824", nn.init.normal_,
            {"mean": 0.0, "std": 0.01},
        ),
        Initial(
            "normal_one", Sentence("Normal, std 1"),
            Sentence("The same spread for every layer, however wide: a deep network blows up."),
            "Nielsen, 2015, http://neuralnetworksanddeeplearning.com/chap3.html", nn.init.normal_,
            {"mean": 0.0, "std": 1.0},
        ),
        Initial(
            "constant", Sentence("Constant 0.01"),
            Sentence("All weights alike: the units of a layer do the same and learn the same."),
            "https://docs.pytorch.org/docs/stable/nn.init.html", nn.init.constant_, {"val": 0.01},
        ),
        Initial(
            "zeros", Sentence("Zeros"),
            Sentence("Nothing gets through: with more than one layer, only the last bias learns."),
            "https://docs.pytorch.org/docs/stable/nn.init.html", nn.init.zeros_,
        ),
    )
}  # fmt: skip


def _literal(value: Any) -> str:
    """As it stands in formatted source, where strings have double quotes."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def initial(name: str) -> Initial:
    """The entry of that name; raises `LabError` naming the known ones."""
    if name not in INITIALS:
        raise LabError(
            "There is no initialisation {name}; there are: {known}.",
            name=repr(name), known=", ".join(INITIALS),
        )  # fmt: skip
    return INITIALS[name]
