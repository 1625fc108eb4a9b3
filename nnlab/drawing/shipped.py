"""The network that comes with the package, so that drawing works before anything was trained."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from nnlab.training.weights import TrainedModel, load_model

WEIGHTS = Path(__file__).with_name("digits.safetensors")
FACTS = WEIGHTS.with_suffix(".json")


@cache
def shipped_model() -> TrainedModel:
    """The model in evaluation mode; one for the whole process."""
    return load_model(WEIGHTS)


@cache
def shipped_facts() -> dict[str, Any]:
    """What was measured when it was trained, as it stands beside its weights.

    Made by ``python -m benchmarks.ship_digits``: test_accuracy (on MNIST's 10,000 test images),
    strokes_accuracy, hard_accuracy (rare and hurried ways by unsteady hands); ece and strokes_ece (expected
    calibration error); threshold (of `nnlab.drawing.digit_score`), refused_digits and refused_others (the
    shares below it of MNIST's test digits, and of drawings of the kinds in held_out); parameters, trained_on,
    recipe, settling (what followed the recipe), command.
    """
    facts: dict[str, Any] = json.loads(FACTS.read_text())
    return facts
