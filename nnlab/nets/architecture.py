"""A network as a list of layers: traced on the meta device, built with a seed, written as JSON."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nnlab.errors import LabError, ShapeError, check
from nnlab.nets.layers import Shape, layer_kind, make_layer
from nnlab.randomness import seeded


@dataclass(frozen=True)
class LayerSpec:
    """A layer of the registry (`nnlab.nets.layers`) with its options, in place of the defaults."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def validate(self) -> LayerSpec:
        """Return self; raise `LabError` for an unknown kind or option or a bad value."""
        layer_kind(self.kind).options(self.options)
        return self

    def tidy(self) -> LayerSpec:
        """The same with its options as they are kept (see `Field.clean`); raises `LabError` as `validate`."""
        return LayerSpec(self.kind, layer_kind(self.kind).tidy(self.options))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.options}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LayerSpec:
        return cls(value["kind"], {k: v for k, v in value.items() if k != "kind"}).tidy()


@dataclass(frozen=True)
class Row:
    """What one layer does to one sample: shapes without the batch, parameters, multiply-adds."""

    name: str
    kind: str
    in_shape: Shape
    out_shape: Shape
    params: int
    macs: int


@dataclass(frozen=True)
class Architecture:
    """A sequence of layers; the first layer's input and the last one's outputs follow the data."""

    name: str
    layers: tuple[LayerSpec, ...]

    def validate(self) -> Architecture:
        """Return self; raise `LabError` where a layer is not of the registry, has bad options, or is not for
        images."""
        check(bool(self.layers), "The architecture {name} has no layers.", name=self.name)
        for layer in self.layers:
            layer.validate()
            check(
                layer_kind(layer.kind).takes not in ("sequence", "tokens"),
                "{layer} reads sequences; it has no place in a network of images.",
                layer=layer.kind,
            )
        return self

    def trace(self, in_shape: Shape, classes: int) -> list[Row]:
        """Run one sample of `in_shape` (C, H, W) through on the meta device; one `Row` a layer.

        Multiply-adds are half of what torch's own FlopCounterMode counts.

        Raises:
            ShapeError: a layer that does not fit what reaches it, named, with the arithmetic;
                or an output that is not one value a class.
        """
        rows = []
        with torch.device("meta"):
            x = torch.empty(1, *in_shape)
            for name, kind, module in self.modules(in_shape, classes):
                module.eval()  # batch normalisation wants more than one sample while training
                before = tuple(x.shape[1:])
                with FlopCounterMode(display=False) as counter:
                    x = module(x)
                params = sum(p.numel() for p in module.parameters())
                macs = counter.get_total_flops() // 2
                rows.append(Row(name, kind, before, tuple(x.shape[1:]), params, macs))
        if rows[-1].out_shape != (classes,):
            raise ShapeError(
                "The last layer, {layer}, gives {shape} values for each sample; the data has {classes} "
                "classes, so it should give {classes}.",
                layer=rows[-1].name, shape=" x ".join(map(str, rows[-1].out_shape)), classes=classes,
            )  # fmt: skip
        return rows

    def build(self, in_shape: Shape, classes: int, seed: int = 0) -> nn.Sequential:
        """The torch model on the CPU, in training mode, initialised by PyTorch's defaults from `seed`.

        The weights are those of the same `nn.Sequential` written by hand after
        ``torch.manual_seed(seed)``; the global random state is left as it was.

        Raises:
            ShapeError: as `trace`.
        """
        self.trace(in_shape, classes)
        with seeded(seed):
            return nn.Sequential(OrderedDict((n, m) for n, _, m in self.modules(in_shape, classes)))

    def modules(self, in_shape: Shape, classes: int) -> Iterator[tuple[str, str, nn.Module]]:
        """Name, kind and module of each layer, made on the current default device.

        Raises:
            ShapeError: a layer that does not fit what reaches it (its `layer`), with what would (its `fix`).
        """
        self.validate()
        shape, numbers = in_shape, Counter[str]()
        for spec in self.layers:
            short = layer_kind(spec.kind).short or spec.kind
            numbers[short] += 1
            name = f"{short}{numbers[short]}"
            module = _make(name, spec, shape, classes)
            shape = _out_shape(module, shape)
            yield name, spec.kind, module

    def to_json(self) -> dict[str, Any]:
        """``{"name": ..., "layers": [{"kind": ..., option: value, ...}, ...]}``."""
        return {"name": self.name, "layers": [layer.to_json() for layer in self.layers]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Architecture:
        """The inverse of `to_json`; raises `LabError` as `validate`."""
        return cls(value["name"], tuple(LayerSpec.from_json(v) for v in value["layers"])).validate()


def sequence(name: str, *layers: str | tuple[str, Mapping[str, Any]]) -> Architecture:
    """An architecture from kinds and (kind, options) pairs."""
    specs: Sequence[LayerSpec] = [LayerSpec(x) if isinstance(x, str) else LayerSpec(*x) for x in layers]
    return Architecture(name, tuple(specs)).validate()


def _make(name: str, spec: LayerSpec, shape: Shape, classes: int) -> nn.Module:
    try:
        return make_layer(spec.kind, shape, spec.options, classes)
    except ShapeError as error:
        told = ShapeError("{layer}: {problem}", layer=name, problem=error)
        told.fix, told.layer = error.fix, name
        raise told from None
    except LabError as error:
        raise type(error)("{layer}: {problem}", layer=name, problem=error) from None


def _out_shape(module: nn.Module, shape: Shape) -> Shape:
    """The shape `module` gives for one sample of `shape`, by running it on the meta device."""
    was_training = module.training
    with torch.no_grad():
        sample = torch.empty(1, *shape, device="meta")
        meta = {k: torch.empty_like(v, device="meta") for k, v in module.state_dict().items()}
        found = torch.func.functional_call(module.eval(), meta, (sample,))
    module.train(was_training)
    return tuple(found.shape[1:])
