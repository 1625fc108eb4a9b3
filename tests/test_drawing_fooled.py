"""Shifts of an image, and what a network says at each of them, against one image at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import functional as tv

from nnlab.drawing import drawing_to_image, predict_image, shipped_model
from nnlab.drawing.changes import Change, Inked
from nnlab.drawing.fooled import SPAN, shift_grid, shifted

SEVEN = [np.array([[90, 80], [190, 80], [170, 130], [125, 220]], float)]


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 0), (0, -4), (-8, 5), (-1, -1)])
def test_shifts_are_those_of_torchvision_and_of_ink(x: int, y: int) -> None:
    images = torch.randint(0, 256, (3, 2, 28, 20), dtype=torch.uint8)
    for fill in (0, 255):
        wanted = tv.affine(images, 0.0, [x, y], 1.0, [0.0, 0.0], fill=[fill])
        assert torch.equal(shifted(images, x, y, fill), wanted)
    rows = (torch.arange(28) - y).clamp(0, 27)
    columns = (torch.arange(20) - x).clamp(0, 19)
    assert torch.equal(shifted(images, x, y, None), images[:, :, rows][:, :, :, columns])
    inked = Inked(SEVEN)
    if max(abs(x), abs(y)) <= SPAN:  # farther, ink would leave the image
        moved = inked.changed([Change(x=x, y=y)])
        # Elsewhere the last bits of a point may differ, and a rounding of a pixel with them.
        assert (shifted(inked.image, x, y).int() - moved.int()).abs().max() <= 1


def test_the_grid_is_what_the_network_says_of_each_shift() -> None:
    model = shipped_model()
    image = drawing_to_image(SEVEN)
    grid = shift_grid(model, image, span=2)
    assert grid.probabilities.shape == (5, 5, 10)
    for row, y in enumerate(range(-2, 3)):
        for column, x in enumerate(range(-2, 3)):
            wanted = predict_image(model, shifted(image, x, y))
            assert torch.allclose(grid.probabilities[row, column], wanted, atol=1e-5)
    best = int(predict_image(model, image).argmax())
    assert int(grid.answers[2, 2]) == best
    assert grid.same(best) == sum(answer == best for answer in grid.answers.flatten().tolist())
    assert grid.same(best) + sum(grid.same(other) for other in range(10) if other != best) == 25
