"""Augmentation, against torchvision's transforms of single images."""

from __future__ import annotations

import math

import pytest
import torch
from torchvision import transforms
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as TF

from nnlab.training.augment import Augmentation
from nnlab.training.batches import background, normalise

FILL = torch.zeros(1)


def blob(n: int = 1, channels: int = 1) -> torch.Tensor:
    """A smooth off-centre spot, so that interpolation does not decide the comparison."""
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    spot = torch.exp(-((x - 16) ** 2 + (y - 11) ** 2) / 18)
    return spot.expand(n, channels, 28, 28).contiguous()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def centre(image: torch.Tensor) -> tuple[float, float]:
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    return float((image * x).sum() / image.sum()), float((image * y).sum() / image.sum())


def test_nothing_changes_nothing() -> None:
    images = torch.randn(5, 3, 32, 32)
    moved = Augmentation().apply(images, seeded(), torch.zeros(3))
    assert torch.allclose(moved, images, atol=1e-5)
    assert not Augmentation() and Augmentation(shift=0.1)


def test_rotation_is_torchvisions() -> None:
    images = blob(40)
    moved = Augmentation(rotate=30).apply(images, seeded(4), FILL)
    degrees = (torch.rand(40, generator=seeded(4)) * 2 - 1) * 30
    for image, result, angle in zip(images, moved, degrees, strict=True):
        options = [TF.rotate(image, sign * float(angle), InterpolationMode.BILINEAR) for sign in (1, -1)]
        assert min(float((result - option).abs().max()) for option in options) < 1e-3


def test_shift_moves_by_at_most_its_share() -> None:
    moved = Augmentation(shift=0.1).apply(blob(200), seeded(), FILL)
    x0, y0 = centre(blob()[0, 0])
    found = torch.tensor([centre(image[0]) for image in moved]) - torch.tensor([x0, y0])
    assert found.abs().max() <= 2.8 + 0.05
    assert found.abs().max() > 2.4
    assert found.mean(0).abs().max() < 0.4


def test_scale_changes_the_size() -> None:
    moved = Augmentation(scale=0.2).apply(blob(300), seeded(), FILL)
    side = (moved.sum((1, 2, 3)) / blob().sum()).sqrt()
    assert side.min() == pytest.approx(0.8, abs=0.03)
    assert side.max() == pytest.approx(1.2, abs=0.03)


def test_shear_keeps_rows_in_their_place() -> None:
    moved = Augmentation(shear=20).apply(blob(50), seeded(), FILL)
    rows = moved.sum(3)[:, 0]
    assert torch.allclose(rows, blob().sum(3)[:, 0].expand_as(rows), atol=0.05)
    limit = math.tan(math.radians(20)) * (13.5 - 11)
    found = torch.tensor([centre(image[0])[0] for image in moved]) - centre(blob()[0, 0])[0]
    assert limit * 0.7 < found.abs().max() <= limit + 0.1


def test_elastic_bends_every_image_its_own_way() -> None:
    moved = Augmentation(elastic=0.05).apply(blob(10), seeded(), FILL)
    assert (moved[0] - moved[1]).abs().max() > 0.05
    assert (moved - blob(10)).abs().max() > 0.05
    # No more than the share of the side, the overshoot of the cubic between control points included.
    found = torch.tensor([centre(image[0]) for image in moved]) - torch.tensor(centre(blob()[0, 0]))
    assert found.abs().max() < 0.05 * 28 * 1.5


def test_what_comes_in_from_outside_is_background() -> None:
    mean, std = (0.1, 0.5, 0.9), (0.2, 0.3, 0.4)
    black = normalise(torch.zeros(4, 3, 28, 28, dtype=torch.uint8), mean, std)
    moved = Augmentation(shift=0.4, rotate=90).apply(black, seeded(), background(mean, std))
    assert torch.allclose(moved, black, atol=1e-6)


def test_normalise_is_torchvisions_bitwise() -> None:
    images = torch.randint(0, 256, (8, 3, 9, 7), generator=seeded()).to(torch.uint8)
    mean, std = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
    expected = torch.stack([plain(image.permute(1, 2, 0).numpy()) for image in images])
    assert torch.equal(normalise(images, mean, std), expected)
