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
def shipped_model() -> tuple[TrainedModel, dict[str, Any]]:
    """The model in evaluation mode, and the facts measured when it was trained.

    The facts: test_accuracy (on MNIST's 10,000 test images), strokes_accuracy, parameters, trained_on,
    recipe, command. Made by ``python -m benchmarks.ship_digits``.
    """
    return load_model(WEIGHTS), json.loads(FACTS.read_text())
