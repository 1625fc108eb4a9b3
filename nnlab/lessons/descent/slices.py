"""The loss of a real network on a plane through its weights: two directions, one number along each.

The directions are random and filter-normalised, so that a unit is as large for every filter as the filter's
own weights (Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018, arXiv:1712.09913); biases and
the like, which have one dimension, stay as they are. The loss is that of one fixed batch. Its gradient on the
plane is autograd's, through the whole network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from nnlab.data import BUILT_IN, is_present, load_dataset
from nnlab.errors import Sentence, check
from nnlab.lessons.descent.surfaces import Surface
from nnlab.training.weights import TrainedModel

NAME = "network"  # of the surface
SAMPLES = 24  # in the batch
MOST_WEIGHTS = 1_500_000  # beyond which a step takes too long to watch


@dataclass(frozen=True, eq=False)
class Slice:
    """A plane through the weights of `model`, which is in evaluation mode.

    Attributes:
        names, shapes: of the parameters.
        basis: (3, weights), the trained weights and the two directions.
        inputs: (N, C, H, W), normalised as the network was trained; `labels`: (N,) int64.
    """

    model: nn.Module
    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]
    basis: Tensor
    inputs: Tensor
    labels: Tensor

    def weights(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The weights at (x, y), a number each: trained + x * first + y * second."""
        flat = torch.stack([torch.ones_like(x), x, y]) @ self.basis
        parts = flat.split([shape.numel() for shape in self.shapes])
        named = zip(self.names, parts, self.shapes, strict=True)
        return {name: part.view(shape) for name, part, shape in named}

    def losses(self, x: Tensor, y: Tensor) -> Tensor:
        """The cross-entropy of the batch at each (x, y); `x`, `y` and the losses have one shape."""
        pairs = zip(x.flatten(), y.flatten(), strict=True)
        return torch.stack([self._loss(*pair) for pair in pairs]).view(x.shape)

    def _loss(self, x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(self.model, self.weights(x, y), (self.inputs,)), self.labels)

    def surface(self) -> Surface:
        """The plane as a surface on which to race, from -1 to 1 along both directions."""
        return network_surface(self.losses)


def slice_of(model: TrainedModel, seed: int = 0, samples: int = SAMPLES) -> Slice:
    """A plane through the weights of `model`, and the first test images of the data that it was trained on;
    where those are not on this machine, of the built-in data.

    Raises:
        LabError: the network has too many weights, or takes other images.
    """
    parameters = {name: parameter.detach().flatten() for name, parameter in model.named_parameters()}
    count = sum(len(flat) for flat in parameters.values())
    check(
        count <= MOST_WEIGHTS,
        "The network has {count:,} weights; a plane through at most {most:,} can be walked on here.",
        count=count, most=MOST_WEIGHTS,
    )  # fmt: skip
    shapes = tuple(parameter.shape for parameter in model.parameters())
    generator = torch.Generator().manual_seed(seed)
    weights = [flat.view(shape) for flat, shape in zip(parameters.values(), shapes, strict=True)]
    directions = [torch.cat([_direction(one, generator) for one in weights]) for _ in range(2)]
    basis = torch.stack([torch.cat(list(parameters.values())), *directions])
    data = load_dataset(data_of(model))
    check(
        data.shape == model.info.in_shape and len(data.classes) == len(model.info.classes),
        "The images of {dataset}, on which the network was trained, are not on this machine.",
        dataset=model.info.dataset,
    )
    test = data.test
    mean, std = (torch.tensor(each)[:, None, None] for each in (model.info.mean, model.info.std))
    inputs = (test.images[:samples] / 255 - mean) / std
    return Slice(model.eval(), tuple(parameters), shapes, basis, inputs, test.labels[:samples])


def data_of(model: TrainedModel) -> str:
    """The dataset whose images are used: that of the training, or the built-in one."""
    return model.info.dataset if is_present(model.info.dataset) else BUILT_IN


def _direction(weights: Tensor, generator: torch.Generator) -> Tensor:
    """Random numbers, flat, each filter with the norm of that of `weights`; zeros for a bias."""
    random = torch.randn(weights.shape, generator=generator)
    if weights.ndim < 2:
        return torch.zeros(weights.numel())
    random, own = random.flatten(1), weights.flatten(1)
    return (random * own.norm(dim=1, keepdim=True) / (random.norm(dim=1, keepdim=True) + 1e-10)).flatten()


def _elsewhere(x: Tensor, y: Tensor) -> Tensor:
    raise NotImplementedError("the losses of a network are computed by a program of their own")


def network_surface(losses: Callable[[Tensor, Tensor], Tensor] = _elsewhere) -> Surface:
    """The surface on which to race; without `losses`, what is known of it before it is computed."""
    return Surface(
        NAME, Sentence("A network's loss"),
        Sentence("A plane through the weights of a real network; at (0, 0) are those that were trained."),
        losses, "loss(θ + x·δ₁ + y·δ₂)", ((-1.0, 1.0), (-1.0, 1.0)), (0.7, -0.7), 0.01, ((0.0, 0.0),),
        steepness=3.0,
    )  # fmt: skip
