"""What layers draw while they are trained is decided by the recipe's seed, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from helpers import random_dataset
from torch import nn
from torch.nn import functional as F

from nnlab.data.dataset import Dataset
from nnlab.nets.architecture import Architecture, LayerSpec, chain, sequence
from nnlab.training.events import Event
from nnlab.training.kernels import kernels
from nnlab.training.loop import train
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.transforms import pipeline

RECIPE = Recipe("sgd", 0.01, "constant", batch_size=32, epochs=2, seed=3)
DROPS = sequence("drops", "flatten", ("dropout", {"p": 0.3}), "linear")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return random_dataset()


def trained(
    data: Dataset,
    network: Architecture,
    recipe: Recipe,
    meanwhile: Callable[[Event], object] = lambda e: None,
) -> list[torch.Tensor]:
    """The last weights."""
    for event in train(RunSpec("random", network, recipe), data, device=torch.device("cpu"), tick_seconds=0):
        meanwhile(event)
        if event.values.get("reason") == "last":
            assert event.snapshot is not None
            weights = list(event.snapshot.tensors.values())
    return weights


def test_dropout_draws_as_in_a_plain_loop(data: Dataset) -> None:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(784, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
    mean, std = torch.tensor(data.mean), torch.tensor(data.std)
    torch.manual_seed(3)
    order = torch.Generator().manual_seed(3)
    for _ in range(2):
        for index in torch.randperm(150, generator=order).split(32):
            optimizer.zero_grad()
            images = (data.train.images[index] / 255 - mean) / std
            F.cross_entropy(model(images), data.train.labels[index]).backward()
            optimizer.step()
    for ours, theirs in zip(trained(data, DROPS, RECIPE), model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_what_others_draw_meanwhile_changes_nothing(data: Dataset) -> None:
    def draw(event: Event) -> None:
        torch.manual_seed(event.step)
        seen.append((torch.initial_seed(), torch.rand(1).item()))

    seen: list[tuple[int, float]] = []
    undisturbed = trained(data, DROPS, RECIPE)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    again = trained(data, DROPS, RECIPE)
    assert torch.equal(torch.get_rng_state(), before)
    disturbed = trained(data, DROPS, RECIPE, meanwhile=draw)
    assert len(seen) > 10
    for first, *others in zip(undisturbed, again, disturbed, strict=True):
        assert all(torch.equal(first, other) for other in others)


def test_transforms_draw_from_a_stream_of_their_own(data: Dataset) -> None:
    """Dropout with p = 0 draws as well; the transforms must not notice."""
    moved = Recipe(**{**vars(RECIPE), "transforms": pipeline(("random_crop", {"size": 28, "padding": 2}))})
    plain = trained(data, sequence("plain", "flatten", "linear"), moved)
    drawing = trained(data, sequence("drops", "flatten", ("dropout", {"p": 0.0}), "linear"), moved)
    for ours, theirs in zip(plain, drawing, strict=True):
        assert torch.equal(ours, theirs)


def test_convolutions_inside_branches_count() -> None:
    fork = LayerSpec("concat", branches=(chain("conv2d"), chain(("conv2d", {"out_channels": 3}))))
    model = sequence("fork", fork, "flatten", "linear").build((1, 8, 8), 10)
    assert kernels(model, 16).channels_last and kernels(model, 16).onednn
    assert not kernels(model, 15).channels_last and not kernels(model, 15).onednn
    plain = sequence("plain", "flatten", "linear").build((1, 8, 8), 10)
    assert not kernels(plain, 16).channels_last and kernels(plain, 1).onednn
