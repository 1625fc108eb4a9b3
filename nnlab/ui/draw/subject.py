"""What the Draw page asks a network about, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from nnlab.drawing.stages import Stages
from nnlab.ui.components.drawing import Drawing


@dataclass(frozen=True, eq=False)
class Subject:
    """An image as the chosen network is given it.

    image: (1, C, H, W) uint8, of the shape that the network was trained on.
    strokes: where it was drawn on the pad: (k, 2) float32 each, x right and y down, in pixels of a canvas of
        `size` (width, height); None for a sample or a photograph.
    label: the index of the right class, where it is known.
    stages: how the strokes became the image, where they are known.
    drawing: what the browser has told of the strokes, with times and pressures, where it was drawn.
    """

    image: Tensor
    strokes: list[np.ndarray] | None = None
    size: tuple[int, int] = (280, 280)
    label: int | None = None
    stages: Stages | None = None
    drawing: Drawing | None = None

    @property
    def moving(self) -> bool:
        """Whether the pen is down: what takes long, or is large, waits until it is up."""
        return self.drawing is not None and self.drawing.down
