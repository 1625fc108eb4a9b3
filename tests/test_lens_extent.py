"""Sizes of receptive fields, against the boxes of every unit."""

from __future__ import annotations

from architectures import Sample, architectures
from hypothesis import given, settings

from nnlab.lens import Reach, reach
from nnlab.lens.extent import extents
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.presets import preset


def largest(seen: Reach) -> tuple[int, int]:
    """Of all units."""
    heights = [max(places) + 1 - min(places) if places else 0 for places in seen.rows]
    widths = [max(places) + 1 - min(places) if places else 0 for places in seen.columns]
    return max(heights), max(widths)


def check(architecture: Architecture, in_shape: tuple[int, int, int], classes: int) -> None:
    rows = architecture.trace(in_shape, classes)
    found = extents(architecture, rows, in_shape)
    assert [found[row.path] for row in rows] == [largest(seen) for seen in reach(architecture, in_shape)]


@settings(max_examples=60, deadline=None)
@given(architectures())
def test_they_are_those_of_the_largest_box(sample: Sample) -> None:
    check(sample.architecture, sample.in_shape, sample.classes)


def test_of_joined_vectors_that_were_flattened_from_maps_of_different_sizes() -> None:
    half = LayerSpec("conv2d", {"kernel_size": 2, "stride": 2})
    branches = ((LayerSpec("flatten"),), (half, LayerSpec("flatten")))
    check(sequence("x", LayerSpec("concat", branches=branches), "linear"), (2, 4, 4), 10)


def test_of_the_presets() -> None:
    check(preset("resnet18"), (3, 224, 224), 10)
    check(preset("lenet"), (1, 28, 28), 10)
    alexnet = preset("alexnet")
    sizes = extents(alexnet, alexnet.trace((3, 224, 224), 10), (3, 224, 224))
    assert sizes[(0,)] == (11, 11)
    assert sizes[(2,)] == (19, 19)
    assert sizes[(3,)] == (51, 51)  # 11 + 2 * 4 + 4 * 8


def test_of_a_network_that_does_not_fit_as_far_as_it_does() -> None:
    branches = ((LayerSpec("conv2d", {"kernel_size": 5}),), ())
    architecture = sequence("cut", ("conv2d", {"padding": 1}), LayerSpec("residual", branches=branches))
    rows, problem = architecture.look((1, 28, 28), 10)
    assert problem is not None
    assert extents(architecture, rows, (1, 28, 28)) == {(0,): (3, 3), (1, 0, 0): (7, 7)}
