"""Ink against brute force, and MNIST's conventions of size and place."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from nnlab.data.ink import PEN_WIDTH, SIDE, Paths, centre_of_mass, ink, ink_strokes, place_and_ink
from nnlab.errors import LabError


def supersampled(start, end, radius, fine=40):
    """Share of each pixel that lies within `radius` of a segment, counted on a grid `fine` times as fine."""
    at = (torch.arange(SIDE * fine, dtype=torch.float64) + 0.5) / fine - 0.5
    x, y = at[None, :], at[:, None]
    (ax, ay), (bx, by) = start, end
    length2 = (bx - ax) ** 2 + (by - ay) ** 2
    t = (((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / max(length2, 1e-12)).clamp(0, 1)
    inside = (x - ax - t * (bx - ax)) ** 2 + (y - ay - t * (by - ay)) ** 2 <= radius**2
    return inside.double().view(SIDE, fine, SIDE, fine).mean((1, 3))


def inked(points, radius):
    points = torch.tensor([points], dtype=torch.float64)
    joined = torch.ones(1, points.shape[1] - 1, dtype=torch.bool)
    return ink(points, joined, torch.full(points.shape[:2], radius))[0].double()


def spiral(count=200):
    t = torch.linspace(0, 9, count, dtype=torch.float64)
    return torch.stack((t * t.cos(), 1.3 * t * t.sin()), 1)


def box(image, threshold=0):
    rows, columns = (image[0] > threshold).nonzero().T
    return int(columns.max() - columns.min()) + 1, int(rows.max() - rows.min()) + 1


@pytest.mark.parametrize("y", [14.0, 13.7, 12.5])
def test_horizontal_segment_is_exact(y):
    coverage, exact = inked([(6.0, y), (21.0, y)], 1.25), supersampled((6, y), (21, y), 1.25)
    # Away from the round ends the ramp is the covered share itself; the grid counts in steps of 1/40.
    assert (coverage[:, 8:20] - exact[:, 8:20]).abs().max() < 1 / 40
    assert torch.allclose(coverage[:, 8:20].sum(0), torch.tensor(2.5, dtype=torch.float64), atol=1e-5)
    assert (coverage - exact).abs().max() < 0.1


@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_slanted_segment_is_close(angle):
    dx, dy = 8 * math.cos(math.radians(angle)), 8 * math.sin(math.radians(angle))
    start, end = (14.2 - dx, 13.9 - dy), (14.2 + dx, 13.9 + dy)
    difference = inked([start, end], 1.2) - supersampled(start, end, 1.2)
    assert difference.abs().max() < 0.14
    assert difference.abs().mean() < 0.004


def test_a_path_is_the_union_of_its_segments():
    points = [(5.0, 6.0), (20.0, 8.0), (9.0, 15.0), (22.0, 21.0)]
    parts = torch.stack([inked(pair, 1.2) for pair in pairwise(points)])
    assert torch.allclose(inked(points, 1.2), parts.amax(0), atol=1e-5)


def test_lifted_pen_leaves_no_ink():
    points = torch.tensor([[[5.0, 14.0], [9.0, 14.0], [19.0, 14.0], [23.0, 14.0]]])
    joined = torch.tensor([[True, False, True]])
    image = ink(points, joined, torch.full((1, 4), 1.2))[0]
    assert image[:, 11:17].max() == 0
    assert image[14, 6] == 1 and image[14, 21] == 1


def test_width_grows_along_a_segment():
    points, joined = torch.tensor([[[4.0, 14.0], [24.0, 14.0]]]), torch.ones(1, 1, dtype=torch.bool)
    image = ink(points, joined, torch.tensor([[1.0, 3.0]]))[0]
    assert torch.allclose(image[:, 9].sum(), torch.tensor(3.0), atol=0.05)  # a quarter of the way
    assert torch.allclose(image[:, 19].sum(), torch.tensor(5.0), atol=0.05)


@pytest.mark.parametrize("width", [1.5, PEN_WIDTH, 4.0])
def test_place_is_mnists(width):
    image = ink_strokes([spiral()], width)
    assert image.shape == (1, 1, SIDE, SIDE) and image.dtype == torch.uint8
    assert max(box(image[0], threshold=127)) in (19, 20, 21)
    assert torch.allclose(centre_of_mass(image), torch.tensor(14.0, dtype=torch.float64), atol=0.03)


def test_longest_side_is_twenty_pixels_of_ink():
    image = ink_strokes([torch.tensor([[0.0, 0.0], [0.0, 100.0]])]).float() / 255
    # The column through the middle: a line 20 px long, its round ends included.
    assert image[0, 0, :, 14].sum() == pytest.approx(20, abs=0.2)
    assert image[0, 0, 14].sum() == pytest.approx(PEN_WIDTH, abs=0.01)


@pytest.mark.parametrize(("scale", "shift"), [(0.01, 0.0), (30.0, -5000.0), (1e-3, 77.0)])
def test_scale_and_position_do_not_matter(scale, shift):
    strokes = [spiral(), torch.tensor([[0.0, 0.0], [9.0, 3.0]], dtype=torch.float64)]
    moved = [stroke * scale + shift for stroke in strokes]
    difference = ink_strokes(strokes).int() - ink_strokes(moved).int()
    assert difference.abs().max() <= 1


def test_a_batch_is_the_same_as_one_by_one():
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(70, 12, 2, generator=generator)
    joined = torch.rand(70, 11, generator=generator) > 0.2
    joined[:, 0] = True
    widths = 0.6 + torch.rand(70, 12, generator=generator)
    together = place_and_ink(Paths(points, joined, widths))
    each = zip(points.split(1), joined.split(1), widths.split(1), strict=True)
    apart = [place_and_ink(Paths(*one)) for one in each]
    assert torch.equal(together, torch.cat(apart))


def test_a_width_for_each_path():
    points = spiral(40).expand(2, -1, -1)
    paths = Paths(points, torch.ones(2, 39, dtype=torch.bool), torch.ones(2, 40))
    thin, thick = place_and_ink(paths, torch.tensor([1.5, 4.0])).float().sum((1, 2, 3))
    assert thick > 2 * thin


def test_dot():
    image = ink_strokes([np.array([[120, 40]])])
    assert box(image[0]) == (3, 3)
    around = image[:, :, 1:, 1:]  # pixel 14 in its middle
    assert torch.equal(around, around.flip(2)) and torch.equal(around, around.flip(3))
    assert image[0, 0, 14, 14] == 255


def test_a_stroke_of_one_point_among_others():
    image = ink_strokes([np.array([[0, 0], [0, 60]]), np.array([[30, 60]])])
    rows = (image[0, 0, :, 18:] > 127).nonzero()
    assert len(rows) > 0 and rows[:, 0].min() > 15


def test_thousands_of_points_and_many_strokes():
    rng = np.random.default_rng(0)
    scribble = [rng.normal(size=(5000, 2)).cumsum(0) for _ in range(3)]
    dots = [rng.uniform(0, 100, size=(1, 2)) for _ in range(600)]
    for strokes in (scribble, dots, scribble + dots):
        image = ink_strokes(strokes)
        assert image.shape == (1, 1, SIDE, SIDE) and image.max() == 255


def test_sampling_keeps_the_shape():
    few = spiral(150)  # near enough to be joined by lines
    t = torch.linspace(0, 149, 4000, dtype=torch.float64)
    low = t.long().clamp(max=148)
    many = few[low] + (t - low)[:, None] * (few[low + 1] - few[low])  # the same polygon, more points
    difference = ink_strokes([few]).int() - ink_strokes([many]).int()
    assert difference.abs().max() <= 2


def test_mass_far_off_the_middle_stays_inside():
    blob = torch.rand(400, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([80.0, 25.0])
    image = ink_strokes([blob, torch.tensor([[40.0, 0.0], [40.0, 100.0]])])
    assert 19 <= box(image[0], threshold=127)[1] <= 21
    assert centre_of_mass(image)[0, 0, 1] < 13.6  # centring would take the lower end past the edge


@pytest.mark.parametrize("strokes", [[], [np.zeros((0, 2))], [torch.zeros(0)]])
def test_nothing_drawn(strokes):
    with pytest.raises(LabError, match="Nothing is drawn"):
        ink_strokes(strokes)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.7e308])
def test_numbers_that_are_not_finite(bad):
    with pytest.raises(LabError, match="not finite"):
        ink_strokes([np.array([[0.0, 0.0], [bad, 1.0], [1.7e308, 2.0]])])


@pytest.mark.parametrize("stroke", [np.zeros((4, 3)), np.zeros(6), np.zeros((1, 4, 2))])
def test_strokes_of_the_wrong_shape(stroke):
    with pytest.raises(LabError, match="should be"):
        ink_strokes([np.zeros((2, 2)), stroke])


@pytest.mark.parametrize("width", [0.0, 0.5, -2.0, 50.0, float("nan")])
def test_pens_that_cannot_be_drawn(width):
    with pytest.raises(LabError, match="pen"):
        ink_strokes([spiral()], width)


def test_thread_count_does_not_matter():
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(70, 40, 2, generator=generator)
    paths = Paths(points, torch.ones(70, 39, dtype=torch.bool), torch.ones(70, 40))
    before = torch.get_num_threads()
    try:
        images = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            images.append(place_and_ink(paths))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*images)
