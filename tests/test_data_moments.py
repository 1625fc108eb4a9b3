"""The mean and the variance image of each class, against torch in float64."""

from __future__ import annotations

import pytest
import torch

from nnlab.data.dataset import Split, measure
from nnlab.data.moments import class_moments


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 7)])
def test_moments_are_those_of_torch(shape: tuple[int, int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (1_300, *shape), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 4, (1_300,), generator=generator) ** 2  # classes 0, 1, 4 and 9, unevenly
    split = Split(images, labels)
    found = class_moments(split, 11)
    assert torch.equal(found.counts, torch.bincount(labels, minlength=11))
    for label in range(11):
        values = images[labels == label].double() / 255
        if len(values):
            assert torch.allclose(found.mean[label], values.mean(0), rtol=0, atol=1e-14)
            assert torch.allclose(found.variance[label], values.var(0, correction=0), rtol=0, atol=1e-14)
        else:
            assert found.mean[label].isnan().all() and found.variance[label].isnan().all()
    share = found.counts[:, None, None, None] / len(images)
    mean, _ = measure(images)
    assert torch.allclose((found.mean.nan_to_num() * share).sum((0, 2, 3)) / (shape[1] * shape[2]),
                          torch.tensor(mean, dtype=torch.float64), atol=1e-12)  # fmt: skip


def test_extremes_are_exact() -> None:
    images = torch.cat([torch.zeros(5_000, 1, 2, 2), torch.full((5_000, 1, 2, 2), 255.0)]).to(torch.uint8)
    found = class_moments(Split(images, torch.zeros(10_000, dtype=torch.int64)), 1)
    assert torch.equal(found.mean, torch.full((1, 1, 2, 2), 0.5, dtype=torch.float64))
    assert torch.equal(found.variance, torch.full((1, 1, 2, 2), 0.25, dtype=torch.float64))


def test_they_are_computed_once_for_the_same_split() -> None:
    images = torch.zeros(4, 1, 2, 2, dtype=torch.uint8)
    split, other = (Split(images, torch.zeros(4, dtype=torch.int64)) for _ in range(2))
    assert class_moments(split, 1) is class_moments(split, 1)
    assert class_moments(split, 1) is not class_moments(other, 1)
