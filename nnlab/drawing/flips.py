"""The smallest change of a drawing that changes what a network says of it.

For each kind of change every value of a fine grid is tried, so what is found is the smallest there is on that
grid, and where nothing is found there is nothing on it. The found value is then refined between its neighbour
on the grid and itself; shifts stay on the grid, whose steps are half pixels.

Not covered: changes of several kinds together, and single pixels (adversarial examples).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.func import functional_call

from nnlab.data.ink import NARROWEST, PEN_WIDTH
from nnlab.drawing.changes import Change, Changeable
from nnlab.drawing.predict import drawing_for
from nnlab.errors import check
from nnlab.nets.architecture import Architecture
from nnlab.training.batches import normalise
from nnlab.training.weights import TrainedModel

_CHUNK = 64  # images that go through the network at a time
_BUDGET = 2.5e9  # multiply-adds of one search; for a larger network the grids get coarser
_SECTIONS = 8  # a step of the grid is divided into so many, and the step in which it flips again
_ROUNDS = 2


@dataclass(frozen=True)
class Kind:
    """A kind of change: its grid reaches from `low` to `high` around 0 in steps of `step`.

    Attributes:
        name: a field of `Change`, or "shift", whose grid are all points within `high` pixels.
        needs_pen: whether only a drawing can be changed so.
    """

    name: str
    low: float
    high: float
    step: float
    needs_pen: bool = False

    def values(self, coarse: int = 1) -> list[float]:
        """The grid without 0, with steps of `coarse` times `step`, the smallest first."""
        step = self.step * coarse
        counts = range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)
        return sorted((count * step for count in counts if count), key=lambda value: (abs(value), -value))

    def changes(self, coarse: int = 1) -> list[Change]:
        """Those of the grid, the smallest first."""
        if self.name != "shift":
            return [Change(**{self.name: value}) for value in self.values(coarse)]
        line = [0.0, *self.values(coarse)]
        places = [(x, y) for x in line for y in line if 0 < math.hypot(x, y) <= self.high + 1e-9]
        return [Change(x=x, y=y) for x, y in sorted(places, key=lambda at: (round(math.hypot(*at), 6), at))]


KINDS = (
    Kind("shift", -4, 4, 0.5),
    Kind("rotate", -45, 45, 1.5),
    Kind("slant", -40, 40, 2),
    Kind("scale", -0.4, 0.4, 0.02),
    Kind("width", NARROWEST - PEN_WIDTH, 3.6, 0.2, needs_pen=True),
)


@dataclass(frozen=True, eq=False)
class Flip:
    """What came of one kind of change.

    Attributes:
        kind: what was searched.
        step: of the grid that was searched; coarser than the kind's own for a large network.
        change: the smallest that flips the answer; None where none on the grid does.
        image: (1, C, H, W) uint8, as the network is given the changed drawing; of no change, None.
        answer: what the network says of it, the index of a class; -1 where there is none.
        probability: that it gives to that answer.
        tried: changes that were looked at.
    """

    kind: Kind
    step: float
    change: Change | None = None
    image: Tensor | None = None
    answer: int = -1
    probability: float = math.nan
    tried: int = 0


@dataclass(frozen=True, eq=False)
class Flips:
    """What the network says of a drawing, what is right, and what it takes to flip that.

    Where it is right already, each of `found` makes it wrong; otherwise each makes it right.
    """

    right: int
    said: int
    probabilities: Tensor  # (classes,)
    found: tuple[Flip, ...]

    @property
    def is_right(self) -> bool:
        return self.said == self.right


def find_flips(model: TrainedModel, drawing: Changeable, right: int, kinds: Sequence[Kind] = KINDS) -> Flips:
    """The smallest change of each kind that makes `model` say `right` of a drawing; where it does so anyway,
    the smallest that makes it say something else.

    Args:
        drawing: strokes or an image (`nnlab.drawing.changes`); an image that is not of the model's shape is
            brought to it as `drawing_for` does, a drawing always.
        right: the index of the right class.

    Raises:
        LabError: there is no such class.
    """
    info = model.info
    check(
        0 <= right < len(info.classes),
        "There is no class {label}; the network has the classes 0 to {last}.",
        label=right, last=len(info.classes) - 1,
    )  # fmt: skip
    look = _Look(model, drawing)
    kinds = [kind for kind in kinds if drawing.has_pen or not kind.needs_pen]
    coarse = _coarseness(model, kinds)
    grids = [kind.changes(coarse) for kind in kinds]
    logits = look([Change(), *(change for grid in grids for change in grid)])
    said = int(logits[0].argmax())
    flips: Callable[[Tensor], Tensor] = (
        (lambda answers: answers != right) if said == right else (lambda answers: answers == right)
    )
    flipped = flips(logits[1:].argmax(1)).split([len(grid) for grid in grids])
    smallest = [
        [change for change, is_flipped in zip(grid, row.tolist(), strict=True) if is_flipped]
        for grid, row in zip(grids, flipped, strict=True)
    ]
    # A value and its opposite are as large as each other on the grid, and need not be when refined.
    candidates = [
        (number, change)
        for number, (kind, some) in enumerate(zip(kinds, smallest, strict=True))
        for change in some[:2]
        if kind.name != "shift" and math.isclose(_size(kind, change), _size(kind, some[0]))
    ]
    refined = _refined(look, flips, [(kinds[number], change) for number, change in candidates], coarse)
    best = {number: some[0] for number, some in enumerate(smallest) if some}
    for (number, _), change in zip(candidates, refined, strict=True):
        if _size(kinds[number], change) < _size(kinds[number], best[number]):
            best[number] = change
    images = look.images([Change(), *best.values()])
    probabilities = look.logits(images).softmax(1)
    found = []
    for number, kind in enumerate(kinds):
        grid_step, tried = kind.step * coarse, len(grids[number])
        if number not in best:
            found.append(Flip(kind, grid_step, tried=tried))
            continue
        row = 1 + list(best).index(number)
        answer = int(probabilities[row].argmax())
        found.append(
            Flip(kind, grid_step, best[number], images[row : row + 1], answer,
                 float(probabilities[row, answer]), tried)
        )  # fmt: skip
    return Flips(right, said, probabilities[0], tuple(found))


class _Look:
    """What a network says of the changed drawing."""

    def __init__(self, model: TrainedModel, drawing: Changeable) -> None:
        self.model, self.drawing = model, drawing
        # Convolutions of many images are fastest with the channels last in memory, of the weights too; the
        # model itself is everybody's and stays as it is.
        self.weights = {
            name: tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
            for name, tensor in model.state_dict().items()
        }

    def __call__(self, changes: Sequence[Change]) -> Tensor:
        """Logits (N, classes) for each change."""
        return self.logits(self.images(changes))

    def images(self, changes: Sequence[Change]) -> Tensor:
        """(N, C, H, W) uint8, as the network is given them."""
        images = self.drawing.changed(changes)
        if tuple(images.shape[1:]) == self.model.info.in_shape and not self.drawing.has_pen:
            return images
        return drawing_for(self.model, images)

    def logits(self, images: Tensor) -> Tensor:
        """(N, classes) float32."""
        info = self.model.info
        with torch.inference_mode(), _evaluating(self.model):
            parts = [
                functional_call(self.model, self.weights, (normalise(some, info.mean, info.std),))
                for some in images.split(_CHUNK)
            ]
        return torch.cat(parts).float()


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def _refined(
    look: _Look, flips: Callable[[Tensor], Tensor], found: Sequence[tuple[Kind, Change]], coarse: int
) -> list[Change]:
    """Each change of the grid that flips, made as small as it may be without leaving its step of the grid.

    A round divides the interval between what does not flip and what does, and takes the smallest part whose
    upper end flips: bisection, with several points at a time because they cost one batch together.
    """
    ends = [(_size(kind, change) - kind.step * coarse, _size(kind, change)) for kind, change in found]
    for _ in range(_ROUNDS if found else 0):
        rows = [[low + (high - low) * part / _SECTIONS for part in range(1, _SECTIONS)] for low, high in ends]
        tried = [
            _sized(kind, change, size)
            for (kind, change), row in zip(found, rows, strict=True)
            for size in row
        ]
        flipped = flips(look(tried).argmax(1)).view(len(found), -1).tolist()
        ends = [
            _narrowed(low, high, row, hits)
            for (low, high), row, hits in zip(ends, rows, flipped, strict=True)
        ]
    return [_sized(kind, change, high) for (kind, change), (_, high) in zip(found, ends, strict=True)]


def _narrowed(low: float, high: float, row: Sequence[float], hits: Sequence[bool]) -> tuple[float, float]:
    """The first stretch between neighbours of `low`, `row`, `high` whose upper end flips."""
    points = [low, *row, high]
    first = next((at for at, hit in enumerate(hits, 1) if hit), len(points) - 1)
    return points[first - 1], points[first]


def _size(kind: Kind, change: Change) -> float:
    """How large it is, in the unit of its kind."""
    return math.hypot(change.x, change.y) if kind.name == "shift" else abs(getattr(change, kind.name))


def _sized(kind: Kind, change: Change, size: float) -> Change:
    """The same change made so large; of a kind with one number."""
    return Change(**{kind.name: math.copysign(size, getattr(change, kind.name))})


def _coarseness(model: TrainedModel, kinds: Sequence[Kind]) -> int:
    """By how much the grids' steps have to grow for the search to stay within its budget: 1, 2, 4 or 8."""
    macs = _macs(model.info.architecture.to_text(), model.info.in_shape, len(model.info.classes))
    for coarse in (1, 2, 4):
        if macs * sum(len(kind.changes(coarse)) for kind in kinds) <= _BUDGET:
            return coarse
    return 8


@lru_cache(maxsize=64)
def _macs(architecture: str, in_shape: tuple[int, int, int], classes: int) -> int:
    """Multiply-adds for one image."""
    return sum(row.macs for row in Architecture.from_text(architecture).trace(in_shape, classes))
