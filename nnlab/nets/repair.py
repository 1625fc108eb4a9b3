"""What would mend an architecture that does not fit: changes, each tried out before it is offered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nnlab.errors import Sentence, ShapeError
from nnlab.nets.architecture import Architecture, Path, Row
from nnlab.nets.editing import change, insert, layer_at, remove
from nnlab.nets.layers import CLASSES, Shape, layer_kind
from nnlab.nets.layers.fields import pair
from nnlab.nets.repair_joins import mended_join
from nnlab.nets.spec import LayerSpec

_SIZES = (32, 64, 96, 128, 224)  # of images, that an input which is too small is made as large as


@dataclass(frozen=True)
class Repair:
    """A change: what it does, and the architecture after it."""

    about: Sentence
    architecture: Architecture


def repairs(architecture: Architecture, in_shape: Shape, classes: int) -> list[Repair]:
    """What mends the first problem of `architecture` on images of `in_shape`, the likeliest first.

    Each is tried: with it, fewer layers are out of a sample's reach than without. Those after which all is
    well come first. Empty where the architecture fits, or nothing known helps.
    """
    rows, problem = architecture.look(in_shape, classes)
    if not isinstance(problem, ShapeError):
        return []
    left = _unreached(architecture, rows)
    whole: list[Repair] = []
    steps: list[Repair] = []
    for repair in _candidates(architecture, problem, in_shape, classes):
        further, rest = repair.architecture.look(in_shape, classes)
        if repair in whole:
            continue
        if rest is None:
            whole.append(repair)
        elif _unreached(repair.architecture, further) < left:
            steps.append(repair)
    return whole + steps


def _unreached(architecture: Architecture, rows: Sequence[Row]) -> int:
    """How many layers no sample comes through."""
    return sum(layer.count() for layer in architecture.layers) - len(rows)


def _candidates(
    architecture: Architecture, problem: ShapeError, in_shape: Shape, classes: int
) -> Iterator[Repair]:
    path = problem.path
    layer = layer_at(architecture, path)
    rows, _ = architecture.look(in_shape, classes)
    shape = rows[-1].out_shape if rows else in_shape
    if len(rows) and rows[-1].path == path:  # it fits, but it is the last one and gives something else
        yield from _last(architecture, path, layer, shape)
        return
    if layer.joins:
        found = mended_join(architecture, problem, in_shape, classes)
        if found is not None:
            yield Repair(*found)
        return
    takes = layer_kind(layer.kind).takes
    fix = problem.fix or {}
    if 1 in pair(fix.get("kernel_size", 0)):  # a window of one does nothing: larger images first
        yield from _resized(architecture, in_shape, classes)
    if fix:
        settings = ", ".join(f"{name} = {_text(value)}" for name, value in fix.items())
        about = Sentence("Set {settings} in {layer}", settings=settings, layer=problem.layer)
        yield Repair(about, change(architecture, path, replace(layer, options={**layer.options, **fix})))
    if len(shape) > 1 and (takes == "vector" or layer.kind == "linear"):
        about = Sentence("Put a flatten before {layer}", layer=problem.layer)
        yield Repair(about, insert(architecture, path, LayerSpec("flatten")))
    if takes == "image" and len(shape) == 1:
        before = [row for row in rows if row.kind == "flatten" and len(row.path) == len(path)]
        if before:
            about = Sentence("Take out {layer}", layer=before[-1].name)
            yield Repair(about, remove(architecture, before[-1].path))
        about = Sentence("Take out {layer}", layer=problem.layer)
        yield Repair(about, remove(architecture, path))
    yield from _resized(architecture, in_shape, classes)


def _resized(architecture: Architecture, in_shape: Shape, classes: int) -> Iterator[Repair]:
    """The smallest of the usual sizes of images, larger than these, that the network takes."""
    for size in _SIZES:
        if size > max(in_shape[1:]):
            resized = insert(architecture, (0,), LayerSpec("resize", {"size": size}))
            if resized.look(in_shape, classes)[1] is None:
                yield Repair(Sentence("Resize the images to {size} x {size} first", size=size), resized)
                return


def _last(architecture: Architecture, path: Path, layer: LayerSpec, shape: Shape) -> Iterator[Repair]:
    """An output that is not one value for each class."""
    if layer.kind == "linear":
        about = Sentence("Let the last layer give one value for each class")
        yield Repair(
            about,
            change(architecture, path, replace(layer, options={**layer.options, "out_features": CLASSES})),
        )
    flat = () if len(shape) == 1 else (LayerSpec("flatten"),)
    about = Sentence("Add a linear layer that gives one value for each class")
    yield Repair(about, insert(architecture, (len(architecture.layers),), *flat, LayerSpec("linear")))


def _text(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
