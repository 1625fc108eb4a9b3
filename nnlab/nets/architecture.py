"""A network as layers in a chain, with branches: traced on the meta device, built with a seed, as JSON."""

from __future__ import annotations

import json
import math
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import torch
from torch import nn

from nnlab.errors import LabError, ShapeError, check
from nnlab.nets.branches import JOINS
from nnlab.nets.facts import layer_facts
from nnlab.nets.initial import DEFAULT, initial
from nnlab.nets.layers import Shape, layer_kind, make_layer
from nnlab.nets.layers.fields import shown
from nnlab.nets.layers.kind import times
from nnlab.nets.reading import read_architecture, read_json
from nnlab.nets.source import model_source
from nnlab.nets.spec import MAX_LAYERS, MAX_NAME, Chain, LayerSpec, name_is_good
from nnlab.randomness import seeded

__all__ = ["Architecture", "LayerSpec", "Path", "Planned", "Row", "sequence"]

_FLOAT = 4  # bytes of a float32

# Where a layer stands: its place in the chain; inside branches, then the branch and the place in it, and so
# on. (3, 0, 2) is `layers[3].branches[0][2]`.
Path = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """What one layer does to one sample: shapes without the batch, parameters, multiply-adds.

    The layers inside branches come before the one that joins them, whose own row counts only the joining.
    """

    name: str
    kind: str
    in_shape: Shape
    out_shape: Shape
    params: int
    macs: int
    path: Path = ()

    @property
    def activation_bytes(self) -> int:
        """What the output of one sample takes as float32."""
        return _FLOAT * math.prod(self.out_shape)


@dataclass(frozen=True)
class Planned:
    """A layer that fits where it stands: its name in the model, and what it takes and gives."""

    name: str
    path: Path
    spec: LayerSpec
    in_shape: Shape
    out_shape: Shape
    branches: tuple[tuple[Planned, ...], ...] = ()

    def make(self, classes: int) -> nn.Module:
        """The torch module, on the current default device. Inside branches, modules are called by number."""
        if not self.spec.joins:
            return make_layer(self.spec.kind, self.in_shape, self.spec.options, classes)
        return JOINS[self.spec.kind].module(
            [nn.Sequential(*(layer.make(classes) for layer in branch)) for branch in self.branches]
        )


@dataclass(frozen=True)
class Architecture:
    """A chain of layers; the first layer's input and the last one's outputs follow the data."""

    name: str
    layers: Chain

    def validate(self) -> Architecture:
        """Return self; raise `LabError` where a layer is not of the registry, has bad options, or is not for
        images."""
        check(
            name_is_good(self.name),
            "The name of the architecture is {name}; it should be 1 to {most} visible characters.",
            name=shown(self.name), most=MAX_NAME,
        )  # fmt: skip
        check(bool(self.layers), "The architecture {name} has no layers.", name=self.name)
        for layer in self.layers:
            layer.validate()
        count = sum(layer.count() for layer in self.layers)
        check(
            count <= MAX_LAYERS,
            "The architecture {name} has {count} layers; at most {most} are possible.",
            name=self.name, count=count, most=MAX_LAYERS,
        )  # fmt: skip
        return self

    def trace(self, in_shape: Shape, classes: int) -> list[Row]:
        """Run one sample of `in_shape` (C, H, W) through on the meta device; one `Row` a layer.

        Multiply-adds are half of what torch's own FlopCounterMode counts.

        Raises:
            ShapeError: a layer that does not fit what reaches it, named, with the arithmetic;
                or an output that is not one value a class.
            LabError: `in_shape` or `classes` are no numbers of anything.
        """
        rows, problem = self.look(in_shape, classes)
        if problem is not None:
            raise problem
        return rows

    def look(self, in_shape: Shape, classes: int) -> tuple[list[Row], LabError | None]:
        """The rows of `trace` up to the first layer that does not fit, and why it does not."""
        rows: list[Row] = []
        try:
            self._checked(in_shape, classes, rows)
        except LabError as problem:
            return rows, problem
        return rows, None

    def plan(self, in_shape: Shape, classes: int) -> tuple[Planned, ...]:
        """The layers with what each takes and gives, whatever the last one gives.

        Raises:
            ShapeError: a layer that does not fit what reaches it.
        """
        return self._planned(in_shape, classes, [])

    def build(self, in_shape: Shape, classes: int, seed: int = 0, init: str = DEFAULT) -> nn.Sequential:
        """The torch model on the CPU, in training mode, initialised from `seed` as `init` says.

        The weights are those of the same `nn.Sequential` written by hand after
        ``torch.manual_seed(seed)``, and then run through `nnlab.nets.initial.INITIALS[init]`; the global
        random state is left as it was.

        Raises:
            ShapeError: as `trace`.
            LabError: there is no such initialisation.
        """
        initialise = initial(init)
        plan = self._checked(in_shape, classes, [])
        with seeded(seed):
            model = nn.Sequential(OrderedDict((layer.name, layer.make(classes)) for layer in plan))
            reached = torch.get_rng_state()
        # From where the generator has come to, without keeping it from others: orthogonal weights take long.
        initialise(model, torch.Generator().set_state(reached))
        return model

    def code(self, class_name: str = "Net", in_shape: Shape = (1, 28, 28), classes: int = 10) -> str:
        """Source of the same model as a class of PyTorch; raises as `nnlab.nets.source.model_source`."""
        return model_source(self, in_shape, classes, class_name).code()

    def _planned(self, in_shape: Shape, classes: int, rows: list[Row]) -> tuple[Planned, ...]:
        self.validate()
        check(
            all(map(_counts, in_shape)),
            "The images are {shape}; channels, height and width should be whole numbers of at least 1.",
            shape=shown(in_shape),
        )
        check(
            _counts(classes), "The number of classes is {value}; it should be a whole number of at least 1.",
            value=shown(classes),
        )  # fmt: skip
        return _Planning(classes, rows).chain(self.layers, tuple(in_shape))

    def _checked(self, in_shape: Shape, classes: int, rows: list[Row]) -> tuple[Planned, ...]:
        plan = self._planned(in_shape, classes, rows)
        if plan[-1].out_shape != (classes,):
            problem = ShapeError(
                "The last layer, {layer}, gives {shape} values for each sample; the data has {classes} "
                "classes, so it should give {classes}.",
                layer=plan[-1].name, shape=times(plan[-1].out_shape), classes=classes,
            )  # fmt: skip
            problem.layer, problem.path = plan[-1].name, plan[-1].path
            raise problem
        return plan

    def to_json(self) -> dict[str, Any]:
        """``{"name": ..., "layers": [{"kind": ..., option: value, ...}, ...]}``."""
        return {"name": self.name, "layers": [layer.to_json() for layer in self.layers]}

    @classmethod
    def from_json(cls, value: Any) -> Architecture:
        """The inverse of `to_json`, of whatever anyone may have written.

        Raises:
            LabError: it is not an architecture; with the path to what is wrong, ``layers[3].kernel_size``.
        """
        return cls(*read_architecture(value))

    def to_text(self) -> str:
        """`to_json` as text for a file, a line for each layer."""
        layers = ",\n  ".join(json.dumps(layer.to_json(), ensure_ascii=False) for layer in self.layers)
        name = json.dumps(self.name, ensure_ascii=False)
        return f'{{\n "name": {name},\n "layers": [\n  {layers}\n ]\n}}\n'

    @classmethod
    def from_text(cls, text: str | bytes) -> Architecture:
        """The inverse of `to_text`; raises `LabError` as `from_json`, and for what is no JSON."""
        return cls.from_json(read_json(text))


class _Planning:
    """Follows a sample through the layers; `rows` has those that it came through."""

    def __init__(self, classes: int, rows: list[Row]) -> None:
        self._classes, self._rows = classes, rows

    def chain(self, specs: Chain, shape: Shape, path: Path = (), owner: str = "") -> tuple[Planned, ...]:
        """One layer after the other; `owner` is the join in a branch of which they are."""
        plan: list[Planned] = []
        for place, (spec, name) in enumerate(zip(specs, layer_names(specs, owner), strict=True)):
            try:
                planned = self._layer(spec, name, (*path, place), shape)
            except LabError as error:
                raise _placed(error, name, (*path, place), plan) from None
            plan.append(planned)
            shape = planned.out_shape
        return tuple(plan)

    def _layer(self, spec: LayerSpec, name: str, path: Path, shape: Shape) -> Planned:
        if not spec.joins:
            out, params, macs = layer_facts(spec.kind, shape, spec.options, self._classes)
            self._rows.append(Row(name, spec.kind, shape, out, params, macs, path))
            return Planned(name, path, spec, shape, out)
        branches = tuple(
            self.chain(branch, shape, (*path, number), f"{name}.{number}")
            for number, branch in enumerate(spec.branches)
        )
        given = [branch[-1].out_shape if branch else shape for branch in branches]
        JOINS[spec.kind].check(given)
        first = given[0]
        out = first if spec.kind == "residual" else (sum(one[0] for one in given), *first[1:])
        self._rows.append(Row(name, spec.kind, shape, out, 0, 0, path))
        return Planned(name, path, spec, shape, out, branches)


def layer_names(specs: Chain, owner: str = "") -> list[str]:
    """What the layers of a chain are called in the model: conv1, relu1, conv2; in a branch of `owner`, by
    number."""
    if owner:
        return [f"{owner}.{place}" for place in range(len(specs))]
    numbers, names = Counter[str](), []
    for spec in specs:
        short = spec.kind if spec.joins else layer_kind(spec.kind).short or spec.kind
        numbers[short] += 1
        names.append(f"{short}{numbers[short]}")
    return names


def _placed(error: LabError, name: str, path: Path, before: Sequence[Planned]) -> LabError:
    """`error` with the layer it is about, and what stands before that one."""
    if isinstance(error, ShapeError) and error.layer is not None:
        return error  # of a layer inside a branch, which has said so
    if isinstance(error, ShapeError) and before:
        told: LabError = ShapeError(
            "{layer} does not fit behind {before}, which gives {given}: {problem}",
            layer=name, before=before[-1].name, given=_given(before[-1]), problem=error,
        )  # fmt: skip
    else:
        told = type(error)("{layer}: {problem}", layer=name, problem=error)
    if isinstance(told, ShapeError) and isinstance(error, ShapeError):
        told.fix, told.layer, told.path = error.fix, name, path
    return told


def _counts(value: object) -> bool:
    return isinstance(value, Integral) and int(value) >= 1


def _given(layer: Planned) -> str:
    """``10 x 7 x 7``; of one that flattens, ``10 x 7 x 7 = 490``."""
    if layer.spec.kind == "flatten" and len(layer.in_shape) > 1:
        return f"{times(layer.in_shape)} = {layer.out_shape[0]}"
    return times(layer.out_shape)


def sequence(name: str, *layers: str | tuple[str, Mapping[str, Any]] | LayerSpec) -> Architecture:
    """An architecture from kinds, (kind, options) pairs and whole layers."""
    return Architecture(name, chain(*layers)).validate()


def chain(*layers: str | tuple[str, Mapping[str, Any]] | LayerSpec) -> Chain:
    """Layers in a row, as in `sequence`."""
    return tuple(
        layer
        if isinstance(layer, LayerSpec)
        else LayerSpec(layer)
        if isinstance(layer, str)
        else LayerSpec(*layer)
        for layer in layers
    )
