"""One image on its way through a network, with the graph of autograd kept: what the views of a drawing share.

It is computed once, and then asked for gradients (`nnlab.lens.saliency`) and for what the last layer adds up
(`nnlab.lens.contributions`). The model is expected in evaluation mode, where nothing of it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nnlab.errors import LabError, check
from nnlab.lens.maps import watched


class Last(NamedTuple):
    """The linear layer that gives the logits: its name, itself, and what reaches it (N, F)."""

    name: str
    linear: nn.Linear
    inputs: Tensor


@dataclass(frozen=True, eq=False)
class Forward:
    """What `forward` found; `image` and `outputs` belong to the graph that led to `logits`.

    Attributes:
        image: (1, C, H, W), normalised, as it reached the network.
        outputs: what each layer gave, named as by `nnlab.lens.feature_maps`.
        logits: (classes,)
        last: the linear layer that gave the logits; None for a network that ends otherwise.
    """

    image: Tensor
    outputs: dict[str, Tensor]
    logits: Tensor
    last: Last | None

    def ranking(self) -> list[int]:
        """The classes by their logits, the largest first."""
        order: list[int] = self.logits.detach().argsort(descending=True, stable=True).tolist()
        return order

    def gradient(self, of: Tensor, unit: int, against: int | None = None) -> Tensor:
        """The derivatives of one logit, less another if there is one `against` it, with respect to `of`, a
        tensor of the graph; 0 where it does not depend on it.

        Raises:
            LabError: there is no such logit.
        """
        asked = self._logit(unit) if against is None else self._logit(unit) - self._logit(against)
        (found,) = torch.autograd.grad(asked, of, retain_graph=True, allow_unused=True)
        return torch.zeros_like(of) if found is None else found

    def _logit(self, unit: int) -> Tensor:
        check(
            0 <= unit < len(self.logits),
            "There is no class {unit}; the network has {count}.",
            unit=unit, count=len(self.logits),
        )  # fmt: skip
        return self.logits[unit]


def forward(model: nn.Module, image: Tensor) -> Forward:
    """Run `model` on one normalised image (1, C, H, W) and keep what is found on the way.

    Raises:
        LabError: it is not one image, or the network does not give one value a class.
    """
    check(
        image.ndim == 4 and len(image) == 1,
        "Looked into is one image, 1 x C x H x W; {shape} was given.",
        shape=" x ".join(map(str, image.shape)),
    )  # fmt: skip
    outputs: dict[str, Tensor] = {}
    linears: list[tuple[Last, Tensor]] = []

    def note(name: str, given: Tensor, output: Tensor) -> None:
        outputs[name] = output
        module = model.get_submodule(name.split(" ")[0])
        if isinstance(module, nn.Linear):
            linears.append((Last(name, module, given), output))

    image = image.detach().clone().requires_grad_()
    with torch.enable_grad(), watched(model, note):
        given = model(image)
    if given.ndim != 2:
        raise LabError("Looked into are networks that give one value a class.")
    last = None
    if linears:
        found, output = linears[-1]
        # Behind it there may be what changes nothing in evaluation mode, such as dropout.
        same = output.shape == given.shape and torch.equal(output.detach(), given.detach())
        last = found if same else None
    return Forward(image, outputs, given[0], last)
