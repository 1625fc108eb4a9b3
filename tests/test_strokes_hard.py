"""Rare ways of writing, unsteady hands, and what is no digit."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from nnlab.data.ink import ink_strokes
from nnlab.data.strokes import others, pen
from nnlab.data.strokes.glyphs import DIGITS, Way
from nnlab.data.strokes.hand import Hand, unsteady
from nnlab.data.strokes.hurried import HURRIED
from nnlab.data.strokes.rare import RARE
from nnlab.errors import LabError

STEADY = Hand(tremor=0.0, hook=0.0, gap=1, pixel=0.0)
# Two strokes of 9 and 5 points.
JOINED = torch.tensor([True] * 8 + [False] + [True] * 4)
ENDS = [0, 8, 9, 13]


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def paths(count: int = 40) -> torch.Tensor:
    return 30 * torch.randn(count, 14, 2, generator=seeded(), dtype=torch.float64)


@pytest.mark.parametrize("ways", [*RARE, *HURRIED, *others.OTHERS.values()])
def test_masters_of_a_way_fit_together(ways: tuple[Way, ...]) -> None:
    for way in ways:
        plans = {re.sub(r"-?[0-9.]+,-?[0-9.]+", "point", master) for master in way.masters}
        assert len(plans) == 1 and re.fullmatch(r"point!?(?: /? ?point!?)+", plans.pop())


def test_every_digit_has_rare_ways_and_the_dataset_few_of_them() -> None:
    assert len(RARE) == 10 and all(len(ways) >= 5 for ways in RARE)
    assert len(HURRIED) == 10 and all(len(ways) >= 4 for ways in HURRIED)
    for digit, rare in enumerate(RARE):
        usual, hurried = DIGITS[digit], HURRIED[digit]
        for hard, expected in ((False, (0.93, 0.07, 0)), (True, (0.3, 0.3, 0.4))):
            mixed = pen.ways_of(digit, hard)
            assert len(mixed) == len(usual) + len(rare) + hard * len(hurried)
            found = [
                sum(way.share for way in mixed if way.masters in {each.masters for each in ways})
                for ways in (usual, rare, hurried)
            ]
            assert found == pytest.approx(expected)


def test_hard_digits_follow_from_the_seed_and_are_others_than_the_usual() -> None:
    one, again, other = (pen.write_digits(100, seed, hard=True) for seed in (3, 3, 4))
    assert torch.equal(one.images, again.images) and torch.equal(one.labels, again.labels)
    assert not torch.equal(one.images, other.images)
    assert one.labels.bincount().tolist() == [10] * 10
    usual = pen.write_digits(500, 3).images.float()
    hard = pen.write_digits(500, 3, hard=True).images.float()
    # The pad has one pen, so the ink differs less than among writers with pens of their own.
    assert hard.sum((1, 2, 3)).log().std() < 0.8 * usual.sum((1, 2, 3)).log().std()


def test_a_steady_hand_changes_nothing() -> None:
    points = paths()
    assert torch.allclose(unsteady(points, JOINED, STEADY, seeded()), points, atol=1e-3)


def test_between_two_reports_the_path_is_straight_and_strokes_keep_their_ends() -> None:
    points = paths()
    drawn = unsteady(points, JOINED, replace(STEADY, gap=5), seeded())
    assert torch.allclose(drawn[:, ENDS], points[:, ENDS], atol=1e-3)
    kept = (drawn - points).norm(dim=-1) < 2e-3
    moved = 0
    for index in range(len(points)):
        where = kept[index].nonzero()[:, 0].tolist()
        for before, after in pairwise(where):
            for between in range(before + 1, after):
                share = (between - before) / (after - before)
                expected = points[index, before] + share * (points[index, after] - points[index, before])
                assert torch.allclose(drawn[index, between], expected, atol=3e-3)
                moved += 1
    assert moved > 50


def test_whole_pixels() -> None:
    drawn = unsteady(paths(), JOINED, replace(STEADY, pixel=10.0), seeded())
    for path in drawn.flatten(1):
        values = path.unique()
        steps = values.diff()
        smallest = steps[steps > 1e-9].min()
        assert torch.allclose(steps / smallest, (steps / smallest).round(), atol=1e-6)


def test_hooks_only_at_the_ends_and_tremor_everywhere() -> None:
    points = paths()
    hooked = unsteady(points, JOINED, replace(STEADY, hook=9.0), seeded()) - points
    inner = [i for i in range(14) if i not in ENDS]
    assert hooked[:, inner].abs().max() < 2e-3
    share = (hooked[:, ENDS].norm(dim=-1) > 0.01).double().mean()
    assert share == pytest.approx(1 / 3, abs=0.12)
    shaken = unsteady(points, JOINED, replace(STEADY, tremor=0.6), seeded()) - points
    assert (shaken.norm(dim=-1) > 0.001).double().mean() > 0.95


def test_what_is_no_digit_is_shared_out_among_kinds_scribbles_and_dots() -> None:
    kinds = ("A", "star", "wave")
    split = others.write_others(300, 2, kinds)
    assert split.images.shape == (300, 1, 28, 28) and split.images.dtype == torch.uint8
    *drawn, scribbled, dotted = split.labels.bincount().tolist()
    assert sum(drawn) == 219 and min(drawn) >= 72 and (scribbled, dotted) == (75, 6)
    again = others.write_others(300, 2, kinds)
    assert torch.equal(split.images, again.images) and torch.equal(split.labels, again.labels)
    ink = split.images[split.labels == 4].float().sum((1, 2, 3))  # dots
    dot = float(ink_strokes([torch.zeros(1, 2)]).float().sum())
    assert (ink > 0.8 * dot).all() and (ink < 12.5 * dot).all()


def test_drawings_that_cannot_be_shared_out() -> None:
    with pytest.raises(LabError, match="7 drawings cannot be shared out evenly among 2 classes"):
        pen.write_ways(RARE[:2], 7, 0)
