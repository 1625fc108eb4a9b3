"""Kernels made by hand: the registry of those that image processing has known for long.

Written as convolution in PyTorch's sense, which does not turn the kernel around.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import LabError, Sentence


@dataclass(frozen=True)
class Kernel:
    """A kernel: whole numbers in `rows`, over a `divisor`."""

    name: str
    title: Sentence
    about: Sentence
    rows: tuple[tuple[int, ...], ...]
    divisor: int = 1

    @property
    def weight(self) -> Tensor:
        """(h, w) float32."""
        return torch.tensor(self.rows, dtype=torch.float32) / self.divisor

    def over(self, in_channels: int) -> Tensor:
        """(1, in_channels, h, w): the weight of a convolution that applies it to the mean of the channels."""
        return (self.weight / in_channels).expand(1, in_channels, -1, -1).clone()


KERNELS: dict[str, Kernel] = {
    kernel.name: kernel
    for kernel in (
        Kernel("identity", Sentence("Identity"), Sentence("Leaves the image as it is."),
               ((0, 0, 0), (0, 1, 0), (0, 0, 0))),
        Kernel("blur", Sentence("Blur"), Sentence("The mean of a place and its neighbours."),
               ((1, 1, 1), (1, 1, 1), (1, 1, 1)), 9),
        Kernel("gaussian", Sentence("Gaussian blur"), Sentence("A mean in which what is near counts more."),
               ((1, 4, 6, 4, 1), (4, 16, 24, 16, 4), (6, 24, 36, 24, 6), (4, 16, 24, 16, 4), (1, 4, 6, 4, 1)),
               256),
        Kernel("sharpen", Sentence("Sharpen"), Sentence("Adds what sets a place apart from its neighbours."),
               ((0, -1, 0), (-1, 5, -1), (0, -1, 0))),
        Kernel("edge", Sentence("Vertical edge"),
               Sentence("Left minus right: large where bright turns dark."),
               ((1, 0, -1), (1, 0, -1), (1, 0, -1))),
        Kernel("sobel_x", Sentence("Sobel, x"), Sentence("How fast the image gets brighter to the right."),
               ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))),
        Kernel("sobel_y", Sentence("Sobel, y"), Sentence("How fast the image gets brighter downwards."),
               ((-1, -2, -1), (0, 0, 0), (1, 2, 1))),
        Kernel("laplacian", Sentence("Laplacian"),
               Sentence("Edges of all directions, by the second derivative."),
               ((0, 1, 0), (1, -4, 1), (0, 1, 0))),
        Kernel("emboss", Sentence("Emboss"), Sentence("As if lit from the top left, in relief."),
               ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))),
    )
}  # fmt: skip


def kernel(name: str) -> Kernel:
    """The kernel of that name; raises `LabError` naming the known ones."""
    if name not in KERNELS:
        raise LabError(
            "There is no kernel {name}; there are: {known}.", name=repr(name), known=", ".join(KERNELS)
        )
    return KERNELS[name]
