"""The shipped network is right about each way of writing, as strangers draw it (tests/strangers.py)."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from strangers import DIGITS, HURRIED, Hand, Shape, draw

from nnlab.drawing import logits_score, rasterize, shipped_facts, shipped_model
from nnlab.training.batches import normalise

EACH = 40  # drawings of each way
HANDS = {
    "usual": Hand(),
    "upright": Hand(slant=0.0),
    "unsteady": Hand(tremor=0.018),
    "slow mouse": Hand(rate=20),
}
WAYS = [(digit, style) for ways in (DIGITS, HURRIED) for digit, styles in ways.items() for style in styles]


def read(digit: int, style: Shape, hand: Hand, name: str, each: int = EACH) -> tuple[float, float]:
    """The shares of drawings that are right, and that are refused."""
    rng = np.random.default_rng(zlib.crc32(f"{style.__name__} {name}".encode()))
    images = torch.stack([rasterize(draw(style(rng), rng, hand)) for _ in range(each)])[:, None]
    model, threshold = shipped_model(), shipped_facts()["threshold"]
    with torch.inference_mode():
        logits = model(normalise(images, model.info.mean, model.info.std))
    refused = sum(logits_score(row) < threshold for row in logits) / each
    return float((logits.argmax(1) == digit).float().mean()), refused


@pytest.mark.parametrize(("digit", "style"), WAYS, ids=lambda part: getattr(part, "__name__", str(part)))
def test_each_way_of_writing_is_read(digit: int, style: Shape) -> None:
    right, _ = read(digit, style, HANDS["usual"], "usual")
    assert right >= 0.95


@pytest.mark.parametrize("name", HANDS)
def test_any_hand_is_read(name: str) -> None:
    found = [read(digit, style, HANDS[name], name, 8) for digit, style in WAYS]
    assert np.mean([right for right, _ in found]) >= 0.97
    assert np.mean([refused for _, refused in found]) <= 0.03


@pytest.mark.parametrize("degrees", [-30, 30])
def test_slanted_digits_are_read(degrees: int) -> None:
    """Every drawing slants by so much, up to what the hand adds to it."""

    def slanted(style: Shape) -> Shape:
        lean = np.array([[1, 0], [-np.tan(np.radians(degrees)), 1]])

        def shape(rng: np.random.Generator) -> list[np.ndarray]:
            return [(stroke - 0.5) @ lean + 0.5 for stroke in style(rng)]

        shape.__name__ = style.__name__
        return shape

    found = [read(digit, slanted(style), Hand(slant=5.0), f"{degrees}", 8)[0] for digit, style in WAYS]
    assert np.mean(found) >= 0.95
