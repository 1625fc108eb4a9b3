"""A descent by torch.optim, with all that its optimizer kept at every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.lessons.descent.racers import Racer
from nnlab.lessons.descent.surfaces import Surface


@dataclass(frozen=True, eq=False)
class Recording:
    """A descent.

    Attributes:
        points, gradients: (n + 1, dims).
        states: n + 1 times, what `optimizer.state` holds of the parameter, before each step and at the end.
    """

    surface: Surface
    racer: Racer
    points: Tensor
    gradients: Tensor
    states: tuple[Mapping[str, Tensor], ...]

    @property
    def steps(self) -> int:
        """How many steps it made."""
        return len(self.points) - 1


def recorded(surface: Surface, racer: Racer, start: Sequence[float], steps: int) -> Recording:
    """`steps` steps from `start`, or fewer where the parameters stop being finite numbers."""
    parameter = torch.tensor(start, dtype=torch.float32)
    optimizer = racer.make([parameter])
    points, gradients, states = [], [], []
    for step in range(steps + 1):
        _, gradient = surface.slopes(parameter)
        points.append(parameter.clone())
        gradients.append(gradient)
        kept = optimizer.state.get(parameter, {})
        states.append({name: torch.as_tensor(v).clone() for name, v in kept.items() if v is not None})
        if step == steps or not bool(gradient.isfinite().all() & parameter.isfinite().all()):
            break
        parameter.grad = gradient.clone()
        optimizer.step()
    return Recording(surface, racer, torch.stack(points), torch.stack(gradients), tuple(states))
