"""A layer as it is described: its kind, its options, and the branches of one that forks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnlab.errors import check
from nnlab.nets.branches import JOINS
from nnlab.nets.layers import layer_kind

MAX_DEPTH = 8  # branches inside branches
MAX_BRANCHES = 32  # of one layer
MAX_LAYERS = 1000
MAX_NAME = 100  # characters of an architecture's name

Chain = tuple["LayerSpec", ...]


@dataclass(frozen=True)
class LayerSpec:
    """A layer of the registry (`nnlab.nets.layers`) with its options, in place of the defaults; or a join of
    branches (`nnlab.nets.branches`), each a chain of layers."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    branches: tuple[Chain, ...] = ()

    @property
    def joins(self) -> bool:
        """Whether it joins branches."""
        return self.kind in JOINS

    def validate(self, depth: int = 0) -> LayerSpec:
        """Return self; raise `LabError` for an unknown kind or option or a bad value."""
        if not self.joins:
            layer_kind(self.kind).options(self.options)
            check(not self.branches, "{layer} has no branches.", layer=self.kind)
            check(
                layer_kind(self.kind).takes not in ("sequence", "tokens"),
                "{layer} reads sequences; it has no place in a network of images.",
                layer=self.kind,
            )
            return self
        check(not self.options, "{layer} has no options.", layer=self.kind)
        check(len(self.branches) >= 2, "{layer} needs at least two branches.", layer=self.kind)
        check(
            len(self.branches) <= MAX_BRANCHES,
            "{layer} has {count} branches; at most {most} are possible.",
            layer=self.kind, count=len(self.branches), most=MAX_BRANCHES,
        )  # fmt: skip
        check(depth < MAX_DEPTH, "Branches are nested more than {most} deep.", most=MAX_DEPTH)
        for branch in self.branches:
            for layer in branch:
                layer.validate(depth + 1)
        return self

    def tidy(self) -> LayerSpec:
        """The same with its options as they are kept (see `Field.clean`); raises `LabError` as `validate`."""
        if self.joins:
            branches = tuple(tuple(layer.tidy() for layer in branch) for branch in self.branches)
            return LayerSpec(self.kind, self.options, branches)
        return LayerSpec(self.kind, layer_kind(self.kind).tidy(self.options))

    def count(self) -> int:
        """How many layers it is, those of its branches included."""
        return 1 + sum(layer.count() for branch in self.branches for layer in branch)

    def to_json(self) -> dict[str, Any]:
        """``{"kind": ..., option: value, ...}``, with ``"branches": [[layer, ...], ...]`` where it forks."""
        value = {"kind": self.kind, **self.options}
        if self.branches:
            value["branches"] = [[layer.to_json() for layer in branch] for branch in self.branches]
        return value

    @classmethod
    def from_json(cls, value: Any) -> LayerSpec:
        """The inverse of `to_json`; raises `LabError` with the path to what is wrong."""
        from nnlab.nets.reading import read_layer  # which reads into this class

        return read_layer(value)


def name_is_good(name: str) -> bool:
    """Whether an architecture may be called so: not nothing, not endless, nothing invisible in it."""
    return 0 < len(name) <= MAX_NAME and name.isprintable() and not name.isspace()
