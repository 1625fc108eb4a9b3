"""Dividing a dataset: against largest remainders worked out by hand, and over many random settings."""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest
import torch
from helpers import random_dataset
from torch import Tensor

from nnlab.data.dataset import Dataset, Split, measure
from nnlab.data.division import Counts, Division, divide, places, quotas
from nnlab.errors import LabError
from nnlab.nets.presets import preset
from nnlab.training.evaluate import evaluate
from nnlab.training.events import Event
from nnlab.training.loop import train
from nnlab.training.recipe import Recipe, RunSpec

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return random_dataset(train=203, test=57)


def by_hand(counts: list[int], total: int) -> list[int]:
    """Hamilton's method with fractions, one seat after the other."""
    exact = [Fraction(total * count, sum(counts)) for count in counts]
    given = [int(share) for share in exact]
    while sum(given) < total:
        rests = [share - got for share, got in zip(exact, given, strict=True)]
        given[rests.index(max(rests))] += 1
    return given


def settings(count: int) -> list[tuple[Tensor, Tensor, Division]]:
    """Labels of both splits and a division, at random; also with classes of one image and of none."""
    rng = random.Random(7)
    found = []
    for _ in range(count):
        classes, train, test = rng.randint(1, 12), rng.randint(60, 400), rng.randint(20, 200)
        weights = torch.tensor([rng.choice([0.02, 1.0, 1.0, 3.0]) for _ in range(classes)])
        generator = torch.Generator().manual_seed(rng.randrange(1000))
        labels = torch.multinomial(weights, train + test, replacement=True, generator=generator)
        division = Division(
            validation=rng.choice([0.0, 0.05, 0.1, 1 / 3, 0.5]),
            test=rng.choice([None, None, 0.1, 0.25, 0.45]),
            stratified=rng.random() < 0.6,
            seed=rng.randrange(10**6),
        )
        found.append((labels[:train], labels[train:], division))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_largest_remainders(seed: int) -> None:
    rng = random.Random(seed)
    counts = [rng.randint(0, 50) for _ in range(rng.randint(1, 15))] + [1]
    total = rng.randint(0, sum(counts))
    assert quotas(counts, total) == by_hand(counts, total)


def test_every_image_is_in_exactly_one_part_and_the_counts_are_exact() -> None:
    for first, second, division in settings(60):
        found = places(first, second, division)
        everything = torch.cat(found).sort().values
        assert torch.equal(everything, torch.arange(len(first) + len(second)))
        assert tuple(map(len, found)) == division.counts(len(first), len(second))
        assert all(torch.equal(part, part.sort().values) for part in found)
        again = places(first, second, division)
        assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))
        if division.test is None:
            assert torch.equal(found.test, torch.arange(len(first), len(first) + len(second)))


def test_stratified_parts_have_the_classes_of_the_whole() -> None:
    for first, second, division in settings(60):
        if not division.stratified:
            continue
        labels = torch.cat([first, second])
        rest = torch.arange(len(labels))
        found = places(first, second, division)
        if division.test is None:
            rest = rest[: len(first)]
        for part in (found.validation,) if division.test is None else (found.test, found.validation):
            counts = torch.bincount(labels[rest]).tolist()
            expected = by_hand(counts, len(part))
            assert torch.bincount(labels[part], minlength=len(counts)).tolist() == expected
            rest = rest[~torch.isin(rest, part)]


def test_without_stratifying_it_is_one_permutation(data: Dataset) -> None:
    division = Division(validation=0.2, stratified=False, seed=11)
    order = torch.randperm(203, generator=torch.Generator().manual_seed(11))
    found = places(data.train.labels, data.test.labels, division)
    assert torch.equal(found.validation, order[:41].sort().values)
    assert torch.equal(found.train, order[41:].sort().values)


def test_another_seed_is_another_split(data: Dataset) -> None:
    one, other = (
        places(data.train.labels, data.test.labels, Division(0.2, seed=seed)).validation for seed in (0, 1)
    )
    assert not torch.equal(one, other)


@pytest.mark.parametrize("division", [Division(0.1, seed=3), Division(0.2, 0.3, stratified=False)])
def test_a_divided_dataset_holds_the_images_of_its_places(data: Dataset, division: Division) -> None:
    found = divide(data, division)
    images = torch.cat([data.train.images, data.test.images])
    labels = torch.cat([data.train.labels, data.test.labels])
    where = places(data.train.labels, data.test.labels, division)
    assert found.validation is not None and found.division == division
    for split, index in zip((found.train, found.validation, found.test), where, strict=True):
        assert torch.equal(split.images, images[index]) and torch.equal(split.labels, labels[index])
    values = images[where.train].double() / 255
    assert found.mean == pytest.approx(values.mean((0, 2, 3)).tolist())
    assert found.std == pytest.approx(values.std((0, 2, 3), correction=0).tolist())
    assert divide(found, division) is found
    with pytest.raises(LabError, match="has been divided already"):
        divide(found, Division(0.15))


def test_no_validation_and_the_published_test_split_is_the_dataset_itself(data: Dataset) -> None:
    assert divide(data, Division()) is data
    assert divide(data, Division(seed=9)).train is data.train


@pytest.mark.parametrize(
    ("division", "sentence"),
    [
        (Division(validation=1.0), "validation share is 1.0"),
        (Division(validation=-0.1), "validation share is -0.1"),
        (Division(validation=float("nan")), "validation share is nan"),
        (Division(validation=True), "validation share is True"),
        (Division(test=0), "test share is 0"),
        (Division(test=1.5), "test share is 1.5"),
        (Division(validation=0.5, test=0.5), "take 100%"),
        (Division(validation=0.001), "validation part would be empty"),
        (Division(test=0.001), "test part would be empty"),
        (Division(validation=0.999), "none is left to train on"),
        (Division(seed=-1), "seed of the split is -1"),
    ],
)
def test_a_split_that_cannot_be_gets_a_sentence(data: Dataset, division: Division, sentence: str) -> None:
    with pytest.raises(LabError, match=sentence):
        divide(data, division)


def test_counts() -> None:
    assert Division(0.1).counts(60000, 10000) == Counts(54000, 6000, 10000)
    assert Division(0.1, 0.2).counts(60000, 10000) == Counts(49000, 7000, 14000)
    assert Division(0.5).counts(3, 1) == Counts(1, 2, 1)


def test_a_specification_keeps_it_and_one_of_before_there_was_any_has_none() -> None:
    spec = RunSpec("random", preset("logistic"), Recipe(), Division(0.1, 0.2, False, 5))
    value = json.loads(json.dumps(spec.to_json()))
    assert RunSpec.from_json(value) == spec
    del value["division"]
    assert RunSpec.from_json(value).division == Division()
    with pytest.raises(LabError, match="validation share is 2"):
        RunSpec.from_json({**value, "division": {"validation": 2}})


def trained(data: Dataset, division: Division) -> list[Event]:
    recipe = Recipe(batch_size=32, epochs=2, lr=0.01)
    return list(train(RunSpec("random", preset("net"), recipe, division), data, device=CPU, tick_seconds=1e9))


def test_training_looks_at_the_validation_part_and_tests_once(data: Dataset) -> None:
    division = Division(0.2, seed=4)
    parts = divide(data, division)
    events = trained(data, division)
    assert events[0].values["samples"] == len(parts.train) == 162
    told = [event.values for event in events if event.kind == "evaluated"]
    assert len(told) == 2
    assert "validation_loss" in told[0] and "test_loss" not in told[0]

    spec = RunSpec("random", preset("net"))
    model = spec.architecture.build(data.shape, len(data.classes), 0)
    last = next(event.snapshot for event in events if event.values.get("reason") == "last")
    assert last is not None
    model.load_state_dict(dict(last.tensors))
    assert parts.validation is not None
    for name, split in (("validation", parts.validation), ("test", data.test)):
        by_itself = evaluate(model, split, parts.mean, parts.std)
        assert told[1][f"{name}_accuracy"] == by_itself.accuracy
        assert told[1][f"{name}_loss"] == pytest.approx(by_itself.loss, rel=1e-5)
        assert events[-1].values[f"{name}_loss"] == told[1][f"{name}_loss"]


def test_training_on_a_part_is_training_on_a_dataset_of_that_part(data: Dataset) -> None:
    division = Division(0.2, seed=4)
    where = places(data.train.labels, data.test.labels, division).train
    images, labels = data.train.images[where], data.train.labels[where]
    mean, std = measure(images)
    part = Dataset("random", "Random", Split(images, labels), data.test, data.classes, mean, std)
    ours, theirs = (
        next(e.snapshot for e in events if e.values.get("reason") == "last")
        for events in (trained(data, division), trained(part, Division()))
    )
    assert ours is not None and theirs is not None
    for name, weight in theirs.tensors.items():
        assert torch.equal(ours.tensors[name], weight)


def test_without_a_validation_part_nothing_speaks_of_one(data: Dataset) -> None:
    for event in trained(data, Division()):
        assert not any("validation" in name for name in event.values)
