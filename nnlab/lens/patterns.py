"""Images that show what a layer does: the registry of patterns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nnlab.errors import LabError, Sentence, check

# An example that introductions to convolution compute by hand, with the kernel `edge`.
_BY_HAND = (
    (3, 0, 1, 2, 7, 4), (1, 5, 8, 9, 3, 1), (2, 7, 2, 5, 1, 3),
    (0, 1, 3, 1, 7, 8), (4, 2, 1, 6, 2, 8), (2, 4, 5, 2, 3, 9),
)  # fmt: skip


@dataclass(frozen=True)
class Pattern:
    """A pattern. `draw(height, width, seed)` gives (height, width) float32, and takes no notice of what does
    not apply: the seed unless it is `random`, the size where it is of a `fixed` one."""

    name: str
    title: Sentence
    draw: Callable[[int, int, int], Tensor]
    random: bool = False
    fixed: tuple[int, int] | None = None

    def make(self, height: int, width: int | None = None, channels: int = 1, seed: int = 0) -> Tensor:
        """(1, channels, height, width) float32, the same in all channels unless it is random; a square where
        no width is given. Values lie in [0, 1], but for those of a fixed size.

        Raises:
            LabError: a side or the number of channels is below 1.
        """
        width = height if width is None else width
        check(min(height, width, channels) >= 1, "An image has at least one place and one channel.")
        images = [self.draw(height, width, seed + channel) for channel in range(channels)]
        return torch.stack(images)[None]


def _edges(height: int, width: int, seed: int) -> Tensor:
    """A bright square on dark ground: edges of both directions, and corners."""
    image = torch.zeros(height, width)
    image[height // 4 : height - height // 4, width // 4 : width - width // 4] = 1
    return image


def _step(height: int, width: int, seed: int) -> Tensor:
    return (torch.arange(width) < (width + 1) // 2).float().expand(height, width).clone()


def _checker(height: int, width: int, seed: int) -> Tensor:
    side = max(1, min(height, width) // 7)
    rows, columns = torch.arange(height)[:, None] // side, torch.arange(width) // side
    return ((rows + columns) % 2).float()


def _impulse(height: int, width: int, seed: int) -> Tensor:
    image = torch.zeros(height, width)
    image[height // 2, width // 2] = 1
    return image


def _gradient(height: int, width: int, seed: int) -> Tensor:
    return torch.linspace(0, 1, width).expand(height, width).clone()


def _noise(height: int, width: int, seed: int) -> Tensor:
    return torch.rand(height, width, generator=torch.Generator().manual_seed(seed))


def _by_hand(height: int, width: int, seed: int) -> Tensor:
    return torch.tensor(_BY_HAND, dtype=torch.float32)


PATTERNS: dict[str, Pattern] = {
    pattern.name: pattern
    for pattern in (
        Pattern("edges", Sentence("Edges of a square"), _edges),
        Pattern("step", Sentence("Bright and dark half"), _step),
        Pattern("checker", Sentence("Checkerboard"), _checker),
        Pattern("impulse", Sentence("Impulse: one bright place"), _impulse),
        Pattern("gradient", Sentence("Gradient from dark to bright"), _gradient),
        Pattern("random", Sentence("Random numbers"), _noise, random=True),
        Pattern("by_hand", Sentence("6 x 6 numbers to compute by hand"), _by_hand, fixed=(6, 6)),
    )
}


def pattern(name: str) -> Pattern:
    """The pattern of that name; raises `LabError` naming the known ones."""
    if name not in PATTERNS:
        raise LabError(
            "There is no pattern {name}; there are: {known}.", name=repr(name), known=", ".join(PATTERNS)
        )
    return PATTERNS[name]
