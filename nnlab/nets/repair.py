"""What would mend an architecture that does not fit: changes, each tried out before it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nnlab.errors import LabError, Sentence, ShapeError
from nnlab.nets.architecture import Architecture, Path
from nnlab.nets.editing import change, insert, layer_at, remove
from nnlab.nets.layers import CLASSES, Shape, layer_kind
from nnlab.nets.spec import LayerSpec

_SIZES = (32, 64, 96, 128, 224)  # of images, that an input which is too small is made as large as


@dataclass(frozen=True)
class Repair:
    """A change: what it does, and the architecture after it."""

    about: Sentence
    architecture: Architecture


def repairs(architecture: Architecture, in_shape: Shape, classes: int) -> list[Repair]:
    """What mends the first problem of `architecture` on images of `in_shape`, the likeliest first.

    Each is tried: with it, a sample comes further through the network than without. Empty where the
    architecture fits, or nothing known helps.
    """
    rows, problem = architecture.look(in_shape, classes)
    if not isinstance(problem, ShapeError):
        return []
    found: list[Repair] = []
    for repair in _candidates(architecture, problem, in_shape, classes):
        further, rest = repair.architecture.look(in_shape, classes)
        if (rest is None or _is_later(rest, problem, len(further) - len(rows))) and repair not in found:
            found.append(repair)
    return found


def _is_later(rest: LabError, problem: ShapeError, more: int) -> bool:
    """Whether `rest` is the problem of a layer that `problem` kept a sample from reaching."""
    return isinstance(rest, ShapeError) and more > 0 and rest.layer != problem.layer


def _candidates(
    architecture: Architecture, problem: ShapeError, in_shape: Shape, classes: int
) -> Iterator[Repair]:
    path = problem.path
    layer = layer_at(architecture, path)
    rows, _ = architecture.look(in_shape, classes)
    shape = rows[-1].out_shape if rows else in_shape
    if layer.joins:
        yield from _joined(architecture, path, layer, in_shape, classes)
        return
    if len(rows) and rows[-1].path == path:  # it fits, but it is the last one and gives something else
        yield from _last(architecture, path, layer, shape)
        return
    takes = layer_kind(layer.kind).takes
    if problem.fix:
        settings = ", ".join(f"{name} = {_text(value)}" for name, value in problem.fix.items())
        mended = replace(layer, options={**layer.options, **problem.fix})
        about = Sentence("Set {settings} in {layer}", settings=settings, layer=problem.layer)
        yield Repair(about, change(architecture, path, mended))
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
    for size in _SIZES:
        if size > max(in_shape[1:]):
            resized = insert(architecture, (0,), LayerSpec("resize", {"size": size}))
            if resized.look(in_shape, classes)[1] is None:
                yield Repair(Sentence("Resize the images to {size} x {size} first", size=size), resized)
                return


def _joined(
    architecture: Architecture, path: Path, layer: LayerSpec, in_shape: Shape, classes: int
) -> Iterator[Repair]:
    """Branches that give other shapes than the first: a convolution of 1 x 1 at the end of each, which takes
    the steps and gives the channels of the first."""
    rows, _ = architecture.look(in_shape, classes)
    given: list[Shape] = []
    for number in range(len(layer.branches)):
        inside = [row for row in rows if row.path[: len(path) + 1] == (*path, number)]
        given.append(inside[-1].out_shape if inside else _before(rows, path, in_shape))
    wanted = given[0]
    changed, names = architecture, []
    for number, shape in enumerate(given):
        if shape == wanted or len(shape) != 3 or len(wanted) != 3:
            continue
        stride = tuple(-(-have // want) for have, want in zip(shape[1:], wanted[1:], strict=True))
        channels = wanted[0] if layer.kind == "residual" else shape[0]
        conv = LayerSpec("conv2d", {"out_channels": channels, "kernel_size": 1, "stride": stride}).tidy()
        changed = insert(changed, (*path, number, len(layer.branches[number])), conv)
        names.append(str(number))
    if names:
        about = Sentence(
            "Bring branch {branches} to {shape} by a convolution of 1 x 1",
            branches=", ".join(names), shape=" x ".join(map(str, wanted)),
        )  # fmt: skip
        yield Repair(about, changed)


def _before(rows: list, path: Path, in_shape: Shape) -> Shape:
    """What reaches the join at `path`."""
    before = [
        row for row in rows if row.path < path and len(row.path) <= len(path) and row.path[:-1] == path[:-1]
    ]
    if before:
        return before[-1].out_shape
    return in_shape if len(path) == 1 else _before(rows, path[:-2], in_shape)


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
