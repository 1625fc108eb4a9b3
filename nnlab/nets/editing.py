"""Changes to an architecture: each gives a new one. Layers are pointed at by their path
(`nnlab.nets.architecture.Path`); a branch by that of its join and its number.

An edited architecture need not fit any data; `Architecture.look` says where it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnlab.errors import check
from nnlab.nets.architecture import Architecture, Path
from nnlab.nets.layers import layer_kind
from nnlab.nets.spec import Chain, LayerSpec


def layer_at(architecture: Architecture, path: Path) -> LayerSpec:
    """The layer there; raises `LabError` where there is none."""
    chain = _chain_at(architecture.layers, path[:-1])
    _check(len(path) % 2 == 1 and 0 <= path[-1] < len(chain), path)
    return chain[path[-1]]


def insert(architecture: Architecture, path: Path, *layers: LayerSpec) -> Architecture:
    """With `layers` standing at `path`, before what stood there; one place past the end appends."""
    return _changed(architecture, path, lambda chain, at: chain[:at] + layers + chain[at:], past_end=True)


def remove(architecture: Architecture, path: Path) -> Architecture:
    """Without the layer there."""
    return _changed(architecture, path, lambda chain, at: chain[:at] + chain[at + 1 :])


def change(architecture: Architecture, path: Path, layer: LayerSpec) -> Architecture:
    """With `layer` in place of the one there."""
    return _changed(architecture, path, lambda chain, at: (*chain[:at], layer, *chain[at + 1 :]))


def duplicate(architecture: Architecture, path: Path) -> Architecture:
    """With the layer there twice, one behind the other."""
    return _changed(architecture, path, lambda chain, at: chain[: at + 1] + chain[at:])


def move(architecture: Architecture, path: Path, to: Path) -> Architecture:
    """With the layer at `path` taken out and put in at `to`, a place counted while it still stands.

    Raises:
        LabError: no such places, or a layer that would move into one of its own branches.
    """
    layer = layer_at(architecture, path)
    check(to[: len(path)] != path or len(to) == len(path), "A layer cannot stand inside its own branches.")
    # Put in first, so that `to` is still the place that was meant; then take out where it has gone to.
    put = insert(architecture, to, layer)
    depth = len(to) - 1
    shifted = len(path) > depth and path[:depth] == to[:-1] and path[depth] >= to[-1]
    old = (*path[:depth], path[depth] + 1, *path[depth + 1 :]) if shifted else path
    return remove(put, old)


def add_branch(architecture: Architecture, path: Path) -> Architecture:
    """With one more branch, without layers, of the join there."""
    layer = layer_at(architecture, path)
    _check(layer.joins, path)
    return change(architecture, path, replace(layer, branches=(*layer.branches, ())))


def remove_branch(architecture: Architecture, path: Path) -> Architecture:
    """Without the branch that `path`, that of a join and a number, points at.

    Raises:
        LabError: no such branch, or it is one of the last two.
    """
    layer = layer_at(architecture, path[:-1])
    _check(layer.joins and 0 <= path[-1] < len(layer.branches), path)
    check(len(layer.branches) > 2, "{layer} needs at least two branches.", layer=layer.kind)
    branches = tuple(branch for number, branch in enumerate(layer.branches) if number != path[-1])
    return change(architecture, path[:-1], replace(layer, branches=branches))


def same_network(one: Architecture, other: Architecture) -> bool:
    """Whether they are called alike and have the same layers; an option that is not set has its default."""
    return one.name == other.name and _complete(one.layers) == _complete(other.layers)


def _complete(layers: Chain) -> Chain:
    return tuple(
        LayerSpec(layer.kind, branches=tuple(map(_complete, layer.branches)))
        if layer.joins
        else LayerSpec(layer.kind, layer_kind(layer.kind).options(layer.options))
        for layer in layers
    )


def _changed(
    architecture: Architecture, path: Path, edit: Callable[[Chain, int], Chain], past_end: bool = False
) -> Architecture:
    def inside(layers: Chain, rest: Path) -> Chain:
        _check(bool(rest) and 0 <= rest[0] < len(layers) + (past_end and len(rest) == 1), path)
        if len(rest) == 1:
            return edit(layers, rest[0])
        layer = layers[rest[0]]
        _check(len(rest) > 2 and 0 <= rest[1] < len(layer.branches), path)
        branches = list(layer.branches)
        branches[rest[1]] = inside(branches[rest[1]], rest[2:])
        return (*layers[: rest[0]], replace(layer, branches=tuple(branches)), *layers[rest[0] + 1 :])

    return replace(architecture, layers=inside(architecture.layers, path))


def _chain_at(layers: Chain, path: Path) -> Chain:
    for place, branch in zip(path[::2], path[1::2], strict=False):
        _check(0 <= place < len(layers) and 0 <= branch < len(layers[place].branches), path)
        layers = layers[place].branches[branch]
    return layers


def _check(there: bool, path: Path) -> None:
    check(there, "There is no layer at {path}.", path=".".join(map(str, path)) or "-")
