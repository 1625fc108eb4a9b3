"""Dividing a dataset: training, validation and test, with exact counts and the same parts for the same seed.

What is learned from, what is looked at while learning, and what is looked at once, at the end. Without a
share of its own the test part is the split that was published as such.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nnlab.data.dataset import Dataset, Split, measure
from nnlab.errors import Sentence, check

_VALIDATION, _TEST = Sentence("validation"), Sentence("test")


class Counts(NamedTuple):
    """Images in each part."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Division:
    """How a dataset is divided.

    Attributes:
        validation: the share of the training split that is held out to look at while training; where `test`
            is given too, the share of all images. 0 for none.
        test: None for the published test split; else the share of all images, drawn anew from both splits.
        stratified: whether each part has as many of each class as its share says, to within one image.
        seed: the same seed gives the same parts.
    """

    validation: float = 0.0
    test: float | None = None
    stratified: bool = True
    seed: int = 0

    def validate(self) -> Division:
        """Return self; raise `LabError` for shares that leave nothing to train on."""
        for name, share in ((_VALIDATION, self.validation), (_TEST, self.test)):
            check(
                (share is None and name is _TEST) or _is_share(share),
                "The {part} share is {value}; it should lie from 0 up to, but not at, 1.",
                part=name, value=share,
            )  # fmt: skip
        check(
            self.test is None or self.test > 0,
            "The test share is {value}; it should lie above 0. Without a share, the published test split is "
            "used.",
            value=self.test,
        )  # fmt: skip
        held = self.validation + (self.test or 0)
        check(
            held < 1, "Validation and test together take {held:.0%}: nothing is left to train on.", held=held
        )
        check(
            isinstance(self.seed, int) and not isinstance(self.seed, bool) and 0 <= self.seed < 2**63,
            "The seed of the split is {value}; it should be a whole number from 0 to 2^63 - 1.",
            value=self.seed,
        )
        return self

    def counts(self, train: int, test: int) -> Counts:
        """The images in each part of a dataset published with `train` and `test` of them.

        Raises:
            LabError: a part that is asked for would be empty.
        """
        whole = train if self.test is None else train + test
        held = 0 if self.test is None else _nearest(self.test, whole)
        validation = _nearest(self.validation, whole)
        rest = whole - held - validation
        for name, share, count in ((_VALIDATION, self.validation, validation), (_TEST, self.test, held)):
            check(
                not share or count > 0,
                "{share:.2%} of {whole} images is less than one: the {part} part would be empty.",
                share=share, whole=whole, part=name,
            )  # fmt: skip
        check(rest > 0, "Of {whole} images none is left to train on.", whole=whole)
        return Counts(rest, validation, test if self.test is None else held)

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Division:
        """The inverse of `to_json`; raises `LabError` as `validate`."""
        return cls(**value).validate()


class Places(NamedTuple):
    """The places (n,) int64 of each part's images, ascending, among all images: first those of the published
    training split, then those of the test split. Every place is in exactly one part."""

    train: Tensor
    validation: Tensor
    test: Tensor


def places(train: Tensor, test: Tensor, division: Division) -> Places:
    """Where the parts come from, for labels (N,) and (M,) of the published splits.

    Raises:
        LabError: as `Division.validate` and `Division.counts`.
    """
    counts = division.validate().counts(len(train), len(test))
    generator = torch.Generator().manual_seed(division.seed)
    labels = torch.cat([train, test])
    rest = torch.arange(len(labels))
    if division.test is None:
        rest, held = rest[: len(train)], rest[len(train) :]
    else:
        rest, held = _hold_out(labels, rest, counts.test, division.stratified, generator)
    rest, validation = _hold_out(labels, rest, counts.validation, division.stratified, generator)
    return Places(rest, validation, held)


def divide(data: Dataset, division: Division) -> Dataset:
    """`data` in the parts that `division` describes; mean and std are those of its training part.

    Raises:
        LabError: as `places`, or `data` has been divided in another way already.
    """
    found = data.division or Division()
    if found == division:
        return data
    check(found == Division(), "{name} has been divided already.", name=data.name)
    train, validation, test = places(data.train.labels, data.test.labels, division)
    if not len(validation) and division.test is None:
        return dataclasses.replace(data, division=division)
    learned = part_of(data, train)
    mean, std = measure(learned.images)
    return dataclasses.replace(
        data,
        train=learned,
        validation=part_of(data, validation) if len(validation) else None,
        test=data.test if division.test is None else part_of(data, test),
        mean=mean,
        std=std,
        division=division,
    ).validate()


def quotas(counts: Sequence[int], total: int) -> list[int]:
    """`total` shared out in proportion to `counts`, by the method of the largest remainder.

    Each part gets its exact share rounded down; what is left goes, one each, to the largest remainders, and
    to the first of equal ones. (A. Hamilton's method of apportionment.)
    """
    whole = max(1, sum(counts))
    given = [total * count // whole for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda i: -(total * counts[i] % whole))
    for i in by_remainder[: total - sum(given)]:
        given[i] += 1
    return given


def _hold_out(
    labels: Tensor, rest: Tensor, count: int, stratified: bool, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Take `count` of the places `rest` out at random: what stays and what is taken, both ascending."""
    if not count:
        return rest, rest[:0]
    # Without stratifying, all images are one class.
    kinds = labels[rest] if stratified else torch.zeros_like(rest)
    taken = []
    for kind, quota in enumerate(quotas(torch.bincount(kinds).tolist(), count)):
        of_kind = rest[kinds == kind]
        taken.append(of_kind[torch.randperm(len(of_kind), generator=generator)[:quota]])
    held = torch.cat(taken).sort().values
    return rest[~torch.isin(rest, held)], held


def part_of(data: Dataset, chosen: Tensor) -> Split:
    """The images at these places (see `Places`) of a dataset that is not divided, as a split of their own."""
    first = chosen[chosen < len(data.train)]
    second = chosen[chosen >= len(data.train)] - len(data.train)
    parts = [(data.train, first), (data.test, second)]
    taken = [Split(split.images[index], split.labels[index]) for split, index in parts if len(index)]
    if len(taken) == 1:
        return taken[0]  # large ones are not copied once more
    return Split(torch.cat([each.images for each in taken]), torch.cat([each.labels for each in taken]))


def _nearest(share: float, whole: int) -> int:
    """`share` of `whole`, to the nearest whole number; halves go up."""
    return math.floor(share * whole + 0.5)


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1
