"""Orders and batches against DataLoaders, samplers and permutations written out here."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from nnlab.data.loaders import SAMPLERS, Loading, expected_count, expected_spread
from nnlab.errors import LabError

LABELS = torch.tensor([0] * 70 + [1] * 25 + [3] * 5)  # no class 2
PLACES = TensorDataset(torch.arange(100))
SETTINGS = [
    Loading(batch_size, sampler, drop_last, seed)
    for batch_size in (1, 7, 64, 100, 130)
    for sampler in SAMPLERS
    for drop_last in (False, True)
    for seed in (0, 5)
]


def plain(loading: Loading, epochs: int) -> list[list[list[int]]]:
    """The same by a DataLoader as a tutorial writes it."""
    generator = torch.Generator().manual_seed(loading.seed)
    how: dict[str, Any] = {"batch_size": loading.batch_size, "drop_last": loading.drop_last}
    if loading.sampler == "random":
        how |= {"shuffle": True, "generator": generator}
    if loading.sampler == "weighted":
        weights = [1 / 70] * 70 + [1 / 25] * 25 + [1 / 5] * 5
        how["sampler"] = WeightedRandomSampler(torch.tensor(weights), 100, generator=generator)
    loader = DataLoader(PLACES, **how)
    return [[batch.tolist() for (batch,) in loader] for _ in range(epochs)]


@pytest.mark.parametrize("loading", SETTINGS, ids=str)
def test_batches_are_torchs(loading: Loading) -> None:
    found = loading.batches(LABELS, 3)
    assert [[batch.tolist() for batch in epoch] for epoch in found] == plain(loading, 3)
    for epoch in found:
        assert [len(batch) for batch in epoch] == loading.sizes(100)
    assert all(batch.dtype == torch.int64 for epoch in found for batch in epoch)
    for order, epoch in zip(loading.orders(LABELS, 3), found, strict=True):
        assert len(order) == 100
        assert torch.equal(order[: sum(map(len, epoch))], torch.cat([*epoch, order[:0]]))


@pytest.mark.parametrize("loading", SETTINGS, ids=str)
def test_the_code_is_the_loader(loading: Loading) -> None:
    space = {name: globals()[name] for name in ("torch", "DataLoader", "WeightedRandomSampler")}
    loader = eval(loading.code(), space | {"dataset": PLACES, "labels": LABELS})
    assert [[batch.tolist() for (batch,) in loader] for _ in range(2)] == plain(loading, 2)


def test_a_hundred_in_sevens() -> None:
    (epoch,) = Loading().batches(LABELS, 1)
    assert [len(batch) for batch in epoch] == [7] * 14 + [2]
    (epoch,) = Loading(drop_last=True).batches(LABELS, 1)
    assert [len(batch) for batch in epoch] == [7] * 14


def test_in_order_and_at_random_every_sample_comes_once_an_epoch() -> None:
    for sampler, like in (("sequential", SequentialSampler), ("random", RandomSampler)):
        first, second = (torch.cat(epoch) for epoch in Loading(7, sampler).batches(LABELS, 2))
        assert torch.equal(first.sort().values, torch.arange(100))
        assert torch.equal(second.sort().values, torch.arange(100))
        assert torch.equal(first, second) == (like is SequentialSampler)
    own = list(BatchSampler(SequentialSampler(PLACES), 7, drop_last=False))
    assert [batch.tolist() for batch in Loading().batches(LABELS, 1)[0]] == own


def test_workers_change_nothing_of_the_order() -> None:
    helped = Loading(30, "random", workers=1)
    loader = eval(helped.code(), globals() | {"dataset": PLACES})
    assert loader.num_workers == 1
    assert [batch.tolist() for (batch,) in loader] == plain(Loading(30, "random"), 1)[0]


@pytest.mark.parametrize("sampler", ["random", "weighted"])
def test_the_expected_balance_is_that_of_many_epochs(sampler: str) -> None:
    loading = Loading(20, sampler, drop_last=True, seed=1)
    batches = [LABELS[batch] for epoch in loading.batches(LABELS, 400) for batch in epoch]
    counts = torch.stack([torch.bincount(batch, minlength=4) for batch in batches]).double()
    for label in range(4):
        spread = expected_spread(LABELS, loading, label)
        assert spread is not None
        # Five standard errors of 2,000 batches.
        room = 5 * max(spread, 0.01) / math.sqrt(len(counts))
        assert float(counts[:, label].mean()) == pytest.approx(
            expected_count(LABELS, loading, label), abs=room
        )
        assert float(counts[:, label].std()) == pytest.approx(spread, abs=room)


def test_in_order_nothing_is_random() -> None:
    assert expected_spread(LABELS, Loading(), 0) is None
    assert expected_spread(LABELS, Loading(101, "random"), 0) is None


@pytest.mark.parametrize(
    ("loading", "sentence"),
    [
        (Loading(0), "The batch size is 0"),
        (Loading(True), "The batch size is True"),
        (Loading(sampler="fair"), "no sampler 'fair'; there are: sequential, random, weighted"),
        (Loading(seed=-1), "The seed is -1"),
        (Loading(workers=-1), "The number of workers is -1"),
        (Loading(workers=99), "The number of workers is 99"),
    ],
)
def test_what_cannot_be_gets_a_sentence(loading: Loading, sentence: str) -> None:
    with pytest.raises(LabError, match=sentence):
        loading.batches(LABELS, 1)


def test_shuffling_and_a_sampler_in_torchs_own_words() -> None:
    with pytest.raises(ValueError) as theirs:
        DataLoader(PLACES, shuffle=True, sampler=SequentialSampler(PLACES))
    with pytest.raises(LabError) as ours:
        Loading(7, "weighted").loader(PLACES, LABELS, shuffle=True)
    assert str(theirs.value) in str(ours.value)


def test_json() -> None:
    loading = Loading(5, "weighted", True, 3, 2)
    assert Loading.from_json(loading.to_json()) == loading
