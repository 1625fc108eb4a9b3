"""The registry of curves (one parameter) and surfaces (two), each a function of torch tensors.

The functions are written as one would write them in a program, because the pages show their source. They
take coordinates of any one shape and work element by element, so a grid or all racers are one call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import LabError, Sentence

MOST_LEVELS = 18  # between two neighbouring shades of a map


def parabola(x: Tensor) -> Tensor:
    return x**2


def double_well(x: Tensor) -> Tensor:
    return x**4 / 4 - x**2 + 0.3 * x + 1.4


def waves(x: Tensor) -> Tensor:
    return x**2 / 10 + 1 - torch.cos(3 * x)


def plateau(x: Tensor) -> Tensor:
    return x**2 / (1 + x**2)


def kink(x: Tensor) -> Tensor:
    return x.abs()


def bowl(x: Tensor, y: Tensor) -> Tensor:
    return x**2 + y**2


def ravine(x: Tensor, y: Tensor) -> Tensor:
    return (x**2 + 25 * y**2) / 2


def rosenbrock(x: Tensor, y: Tensor) -> Tensor:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def saddle(x: Tensor, y: Tensor) -> Tensor:
    return x**2 - y**2 + y**4 / 4 + 1


def himmelblau(x: Tensor, y: Tensor) -> Tensor:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def rastrigin(x: Tensor, y: Tensor) -> Tensor:
    return 20 + x**2 + y**2 - 10 * torch.cos(2 * torch.pi * x) - 10 * torch.cos(2 * torch.pi * y)


@dataclass(frozen=True)
class Surface:
    """A loss of one or two parameters.

    Attributes:
        function: from one tensor a parameter, all of one shape, to the losses of that shape.
        formula: the same as one reads it.
        bounds: (low, high) of each parameter on the picture.
        start: where a descent begins at first.
        lr: a learning rate that suits plain gradient descent here.
        minima: where the loss is locally least; the lowest first.
        lowest: the loss there.
        quadratic: whether the curvature is the same everywhere.
        steepness: how the levels of the map are spread: evenly in ``(loss - lowest) ** (1 / steepness)``.
    """

    name: str
    title: Sentence
    about: Sentence
    function: Callable[..., Tensor]
    formula: str
    bounds: tuple[tuple[float, float], ...]
    start: tuple[float, ...]
    lr: float
    minima: tuple[tuple[float, ...], ...]
    lowest: float = 0.0
    quadratic: bool = False
    steepness: float = 2.0

    @property
    def dims(self) -> int:
        """How many parameters it has."""
        return len(self.bounds)

    def __call__(self, points: Tensor) -> Tensor:
        """The losses (...) at `points` (..., dims)."""
        return self.function(*points.unbind(-1))

    def slopes(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """The losses (...) at `points` (..., dims), and autograd's gradients, of the shape of the points."""
        with torch.enable_grad():
            leaf = points.detach().clone().requires_grad_()
            losses = self(leaf)
            (gradients,) = torch.autograd.grad(losses, leaf, torch.ones_like(losses))
        return losses.detach(), gradients

    def grid(self, count: int) -> Tensor:
        """The losses (count,) or (count, count), rows by the second parameter, evenly over the bounds."""
        axes = [torch.linspace(low, high, count) for low, high in self.bounds]
        if self.dims == 1:
            return self(axes[0][:, None])
        x, y = torch.meshgrid(*axes, indexing="xy")
        return self(torch.stack([x, y], -1))


CURVES: dict[str, Surface] = {
    one.name: one
    for one in (
        Surface(
            "parabola", Sentence("Parabola"), Sentence("One minimum; the slope is 2x."),
            parabola, "f(x) = x²", ((-2.5, 2.5),), (2.0,), 0.1, ((0.0,),), quadratic=True,
        ),
        Surface(
            "double_well", Sentence("Two valleys"),
            Sentence("A deep valley on the left, a shallow one on the right."),
            double_well, "f(x) = x⁴/4 − x² + 0.3x + 1.4", ((-2.4, 2.4),), (2.2,), 0.05,
            ((-1.483968,), (1.332221,)), -0.034973,
        ),
        Surface(
            "waves", Sentence("Many minima"), Sentence("A bowl with waves on it; the lowest is at 0."),
            waves, "f(x) = x²/10 + 1 − cos 3x", ((-7.0, 7.0),), (5.6,), 0.05,
            ((0.0,), (-2.048725,), (2.048725,), (-4.096584,), (4.096584,), (-6.142549,), (6.142549,)),
        ),
        Surface(
            "plateau", Sentence("Plateau"), Sentence("Almost flat far from the minimum."),
            plateau, "f(x) = x² / (1 + x²)", ((-6.0, 6.0),), (5.0,), 0.5, ((0.0,),),
        ),
        Surface(
            "kink", Sentence("Kink"), Sentence("The slope is 1 or −1 however near the minimum is."),
            kink, "f(x) = |x|", ((-2.5, 2.5),), (2.0,), 0.15, ((0.0,),),
        ),
    )
}  # fmt: skip

_VALLEYS = ((3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127))  # Himmelblau's

SURFACES: dict[str, Surface] = {
    one.name: one
    for one in (
        Surface(
            "ravine", Sentence("Ravine"), Sentence("25 times as steep across as along."),
            ravine, "f(x, y) = (x² + 25y²) / 2", ((-5.0, 5.0), (-2.5, 2.5)), (-4.5, 1.8), 0.07,
            ((0.0, 0.0),), quadratic=True,
        ),
        Surface(
            "bowl", Sentence("Quadratic bowl"), Sentence("Equally steep on all sides."),
            bowl, "f(x, y) = x² + y²", ((-3.0, 3.0), (-2.0, 2.0)), (-2.5, 1.5), 0.1,
            ((0.0, 0.0),), quadratic=True,
        ),
        Surface(
            "rosenbrock", Sentence("Rosenbrock's valley"),
            Sentence("Into the curved valley is easy, along it to (1, 1) is not."),
            rosenbrock, "f(x, y) = (1 − x)² + 100(y − x²)²", ((-2.0, 2.0), (-0.8, 2.6)), (-1.5, 2.0), 0.001,
            ((1.0, 1.0),), steepness=4.0,
        ),
        Surface(
            "saddle", Sentence("Saddle"),
            Sentence("At (0, 0) the slope is zero, and yet it goes down on both sides."),
            saddle, "f(x, y) = x² − y² + y⁴/4 + 1", ((-2.4, 2.4), (-2.2, 2.2)), (-2.0, 0.001), 0.05,
            ((0.0, 2**0.5), (0.0, -(2**0.5))), steepness=1.5,
        ),
        Surface(
            "himmelblau", Sentence("Four minima"),
            Sentence("Himmelblau's function: four valleys, equally deep."),
            himmelblau, "f(x, y) = (x² + y − 11)² + (x + y² − 7)²", ((-6.0, 6.0), (-5.0, 5.0)), (-0.5, -0.5),
            0.005, _VALLEYS, steepness=2.5,
        ),
        Surface(
            "rastrigin", Sentence("Many minima"),
            Sentence("Rastrigin's function: a minimum near every whole number, the lowest at (0, 0)."),
            rastrigin, "f(x, y) = 20 + x² + y² − 10 cos 2πx − 10 cos 2πy", ((-3.6, 3.6), (-2.6, 2.6)),
            (-2.7, 1.6), 0.002,
            tuple(sorted(((0.994959 * i, 0.994959 * j) for i in range(-3, 4) for j in range(-2, 3)),
                         key=lambda p: p[0] ** 2 + p[1] ** 2)),
            steepness=1.2,
        ),
    )
}  # fmt: skip


def curve(name: str) -> Surface:
    """The loss of one parameter of that name; raises `LabError` naming the known ones."""
    return _known(name, CURVES)


def surface(name: str) -> Surface:
    """The loss of two parameters of that name; raises `LabError` naming the known ones."""
    return _known(name, SURFACES)


def _known(name: str, registry: dict[str, Surface]) -> Surface:
    if name not in registry:
        raise LabError(
            "There is no surface {name}; there are: {known}.", name=repr(name), known=", ".join(registry)
        )
    return registry[name]


def levels(grid: Tensor, steepness: float, count: int = MOST_LEVELS - 4) -> Tensor:
    """(count,) ascending losses at which the shade of a map changes: closer where the losses are low."""
    finite = grid[grid.isfinite()]
    low, high = float(finite.min()), float(finite.max())
    return low + (high - low) * (torch.arange(1, count + 1) / (count + 1)) ** steepness
