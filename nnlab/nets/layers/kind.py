"""What an entry of the registry of layers says, and what follows from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from torch import nn

from nnlab.errors import LabError, Sentence, ShapeError
from nnlab.nets.layers.fields import Field

Shape = tuple[int, ...]
Options = Mapping[str, Any]
Takes = Literal["any", "image", "vector", "sequence", "tokens"]
_MOST_CHANGES = 20  # to one layer, until it fits

Sees = Literal["place", "channels", "window", "all"]


@dataclass(frozen=True)
class Call:
    """The construction of a module of `torch.nn`: the class, and the arguments as they stand in its code."""

    torch: str
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> nn.Module:
        """The module, on the current default device."""
        return getattr(nn, self.torch)(*self.positional, **self._written())

    def code(self) -> str:
        """The same as source, with `nn` imported; what is torch's default is left out."""
        return f"nn.{self.torch}({', '.join([*map(repr, self.positional), *_named(self._written())])})"

    def _written(self) -> dict[str, Any]:
        usual = inspect.signature(getattr(nn, self.torch).__init__).parameters
        return {
            name: value
            for name, value in self.named.items()
            if name not in usual or usual[name].default != value
        }


class Line(NamedTuple):
    """How one number of an output's shape comes about.

    Attributes:
        axis: "height", "width" or "features".
        formula: what is reckoned, for example ``(28 + 2*0 - 1*(5-1) - 1)/1 + 1``.
        out: the number.
        note: what the formula alone does not tell.
    """

    axis: Sentence
    formula: str
    out: int
    note: Sentence | None = None

    @property
    def text(self) -> str:
        """``(28 + 2*0 - 1*(5-1) - 1)/1 + 1 = 24``."""
        return f"{self.formula} = {self.out}"


def nothing_to_check(in_shape: Shape, options: Options) -> None:
    """For layers that take whatever reaches them."""


def same_shape(in_shape: Shape, options: Options) -> tuple[Line, ...]:
    """For layers that leave the shape as it is."""
    return ()


@dataclass(frozen=True)
class LayerKind:
    """A kind of layer. Functions of it take the shape of one sample and complete options.

    Attributes:
        name: what JSON calls it.
        torch: the class of `torch.nn`, which people call it by.
        about: what it does, in a sentence.
        family: kinds shown together: "convolution", "pooling", "activation", "softmax", "shape", "linear",
            "normalisation", "dropout", "sequence".
        call: how the module is constructed.
        functional: the expression that gives the same from ``x`` and the module's own tensors under their
            names (``weight``, ``bias``, ...) and ``training``, with `torch` and `F` imported.
        fields: the options.
        takes: what it works on: an "image" (C, H, W), a "vector" (F,), "any" of the two, a "sequence" (T, F)
            or "tokens", whole numbers (T,). The last two have no place in an `Architecture`.
        check: raises `ShapeError` where it cannot work, with the nearest change of options as `fix`.
        arithmetic: how the output's shape comes about.
        sees: which values of the input one value of the output depends on: the one at its "place", all
            "channels" there (of a vector, all features), a "window" (see `nnlab.lens.windows`), or "all".
        short: what modules of the kind are called, as one would by hand: conv1, pool1, linear2.
        random: whether it draws random numbers while training.
        part: what is taken of the module's output, for example ``[0]`` of a recurrent layer's.
    """

    name: str
    torch: str
    about: Sentence
    family: str
    call: Callable[[Shape, Options], Call]
    functional: Callable[[Shape, Options], str]
    fields: tuple[Field, ...] = ()
    takes: Takes = "any"
    check: Callable[[Shape, Options], None] = nothing_to_check
    arithmetic: Callable[[Shape, Options], tuple[Line, ...]] = same_shape
    sees: Sees = "place"
    short: str = ""
    random: bool = False
    part: str = ""

    def options(self, given: Options) -> dict[str, Any]:
        """`given` completed by defaults; raises `LabError` for unknown names and bad values."""
        return {field.name: field.default for field in self.fields} | self.tidy(given)

    def tidy(self, given: Options) -> dict[str, Any]:
        """`given` as it is kept (see `Field.clean`); raises `LabError` for unknown names and bad values."""
        known = {field.name: field for field in self.fields}
        for name in given:
            if name not in known:
                raise LabError(
                    "{kind} has no option {name}; it has: {known}.",
                    kind=self.name, name=name, known=", ".join(known) or "none",
                )  # fmt: skip
        return {name: known[name].clean(self.name, value) for name, value in given.items()}

    def fit(self, in_shape: Shape, options: Options) -> None:
        """Raise `ShapeError` unless a layer with these options takes `in_shape`.

        Its `fix` is complete: with these options in place of the given ones the layer works.
        """
        self._check_kind_of_input(in_shape)
        try:
            self.check(in_shape, options)
        except ShapeError as error:
            error.fix = self._complete(error.fix, in_shape, options)
            raise

    def _complete(self, fix: Options | None, in_shape: Shape, options: Options) -> Options | None:
        """`fix` with all further changes that become necessary once it is made."""
        changed = dict(fix or {})
        for _ in range(_MOST_CHANGES if fix else 0):
            try:
                self.check(in_shape, {**options, **self.tidy(changed)})
                return self.tidy(changed)
            except ShapeError as error:
                changed |= error.fix or {}
        return None

    def _check_kind_of_input(self, in_shape: Shape) -> None:
        if self.takes == "any":
            return
        axes, expected = _INPUTS[self.takes]
        if len(in_shape) != axes:
            raise ShapeError(
                "{layer} takes {input}, but {shape} reaches it.",
                layer=self.torch, input=expected, shape=times(in_shape),
            )  # fmt: skip


_INPUTS: dict[Takes, tuple[int, Sentence]] = {
    "image": (3, Sentence("an image (channels x height x width)")),
    "vector": (1, Sentence("a vector")),
    "sequence": (2, Sentence("a sequence (steps x features)")),
    "tokens": (1, Sentence("a row of whole numbers")),
}


def source(name: str, *given: str, **named: Any) -> str:
    """The source of a call: `given` are expressions, `named` values."""
    return f"{name}({', '.join([*given, *_named(named)])})"


def _named(values: Mapping[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in values.items()]


def times(shape: Shape) -> str:
    """``3 x 28 x 28``."""
    return " x ".join(map(str, shape))
