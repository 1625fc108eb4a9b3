"""The stages of a drawing as numbers for the browser."""

from __future__ import annotations

from typing import Any

from nnlab.drawing.stages import Placed, Stages


def stage_numbers(stages: Stages) -> dict[str, Any]:
    """The pen's width and, for both placements: scale, shift, low, high, mass; in pixels of the image."""
    return {
        "width": round(stages.width, 3),
        "boxed": _numbers(stages.boxed),
        "centred": _numbers(stages.centred),
    }


def _numbers(placed: Placed) -> list[float]:
    pixels = (*placed.shift, *placed.low, *placed.high, *placed.mass)
    return [round(placed.scale, 6), *(round(value, 3) for value in pixels)]
