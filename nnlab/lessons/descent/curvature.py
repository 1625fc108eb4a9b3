"""How large a learning rate may be: what the curvature allows.

Near a minimum a loss is a quadratic whose curvatures are the eigenvalues of the Hessian. Along an
eigenvector of curvature c, a step of gradient descent multiplies the distance by 1 - lr c, which stays below
1 in size for lr < 2 / c; so the largest curvature decides. With momentum b the step is a recurrence of two
terms, whose roots stay inside the unit circle for lr < 2 (1 + b) / c (Polyak, 1964), and with Nesterov's, as
torch writes it, for lr < 2 (1 + b) / ((1 + 2 b) c).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nnlab.errors import check
from nnlab.lessons.descent.racers import Racer
from nnlab.lessons.descent.surfaces import Surface


def curvatures(surface: Surface, point: Sequence[float]) -> list[float]:
    """The eigenvalues of the Hessian of `surface` at `point`, ascending; autograd's, in float64."""
    at = torch.tensor(point, dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(lambda place: surface(place[None])[0], at)
    return torch.linalg.eigvalsh(hessian).tolist()


def bound(racer: Racer, largest: float) -> float:
    """The learning rate from which on `racer` leaves a minimum whose largest curvature is `largest`.

    Raises:
        LabError: the racer is not SGD, of whatever momentum, without weight decay; or there is no curvature.
    """
    options = dict(racer.options)
    check(
        racer.kind == "sgd" and not options["weight_decay"],
        "There is such a bound for SGD, with or without momentum, but not for {optimizer}.",
        optimizer=racer.title,
    )
    check(largest > 0, "A curvature of {value:g} sets no bound.", value=largest)
    momentum = float(options["momentum"])  # type: ignore[arg-type]
    if options["nesterov"]:
        return 2 * (1 + momentum) / ((1 + 2 * momentum) * largest)
    return 2 * (1 + momentum) / largest
