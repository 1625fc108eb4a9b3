"""Where a network's picture puts its layers: to scale, nothing on top of another, branches side by side."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from architectures import Sample, architectures
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.nets.architecture import Architecture, LayerSpec, Path, sequence
from nnlab.nets.editing import change
from nnlab.nets.layers import Shape
from nnlab.nets.presets import preset
from nnlab.ui.components.diagram_items import CAP, SIDE, THICK, Edge, Label, Sign, Slab
from nnlab.ui.components.diagram_layout import Drawing, Words, compact, layout

WORDS = Words("input", "as it is", "{count} not reached")


def drawn(network: Architecture, in_shape: Shape, classes: int = 10) -> Drawing:
    rows, problem = network.look(in_shape, classes)
    return layout(network, rows, in_shape, problem, WORDS)


def slabs(drawing: Drawing) -> dict[Path, Slab]:
    return {item.path: item for item in drawing.items if isinstance(item, Slab)}


def signs(drawing: Drawing) -> dict[Path, Sign]:
    return {item.path: item for item in drawing.items if isinstance(item, Sign)}


def edges(drawing: Drawing, role: str) -> dict[Path, Edge]:
    return {item.path: item for item in drawing.items if isinstance(item, Edge) and item.role == role}


Box = tuple[float, float, float, float]


def boxes(drawing: Drawing) -> list[Box]:
    """Left, top, right and bottom: of each slab with its caps as one, and of each sign and label."""
    found: list[Box] = []
    before: Slab | Sign | Label | None = None
    for item in drawing.items:
        if isinstance(item, Slab):
            box = (item.x, item.y - item.half, item.end, item.y + item.half)
            if found and isinstance(before, Slab) and item.x == pytest.approx(before.x + before.thick):
                found[-1] = (found[-1][0], *box[1:])
            else:
                found.append(box)
        elif isinstance(item, Sign):
            found.append((item.x - 10, item.y - 10, item.x + 10, item.y + 10))
        elif isinstance(item, Label):
            low = item.y + 13 * len(item.lines)
            found.append((item.x - item.wide / 2, item.y, item.x + item.wide / 2, low))
        if not isinstance(item, Edge):
            before = item
    return found


def tell_apart(drawing: Drawing) -> None:
    """Everything is inside, has a name of its own, and covers nothing else."""
    ids = [item.to_json()["id"] for item in drawing.items]
    assert len(ids) == len(set(ids))
    for left, top, right, bottom in boxes(drawing):
        assert left >= 0 and top >= 0 and right <= drawing.width and bottom <= drawing.height
    for a, b in combinations(boxes(drawing), 2):
        shared = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        assert min(shared) < 0.01, (a, b)


@settings(max_examples=60)
@given(sample=architectures())
def test_every_layer_is_drawn_once_and_covers_no_other(sample: Sample) -> None:
    rows = sample.architecture.trace(sample.in_shape, sample.classes)
    drawing = drawn(*sample)
    tell_apart(drawing)
    assert set(slabs(drawing)) == {()} | {row.path for row in rows if row.kind != "residual"}
    joins = {
        row.path: "sum" if row.kind == "residual" else "cat"
        for row in rows
        if row.kind in ("residual", "concat")
    }
    assert {path: sign.form for path, sign in signs(drawing).items()} == joins
    for row in rows:
        if len(row.path) > 1:  # inside a branch: behind where it forks, before where it joins
            owner = row.path[:-2]
            here = slabs(drawing).get(row.path) or signs(drawing)[row.path]
            assert edges(drawing, "fork")[owner].to_x < here.x < signs(drawing)[owner].x


@settings(max_examples=60)
@given(sample=architectures(), data=st.data())
def test_a_broken_network_is_drawn_up_to_the_fault(sample: Sample, data: st.DataObject) -> None:
    """A layer somewhere is replaced by a linear layer that expects too much."""
    paths = [row.path for row in sample.architecture.trace(sample.in_shape, sample.classes)]
    path = data.draw(st.sampled_from(paths))
    wrong = LayerSpec("linear", {"in_features": 9999})
    broken = change(sample.architecture, path, wrong)
    rows, problem = broken.look(sample.in_shape, sample.classes)
    assert problem is not None
    drawing = layout(broken, rows, sample.in_shape, problem, WORDS)
    tell_apart(drawing)
    assert [one.path for one in signs(drawing).values() if one.wrong] == [path]
    assert set(slabs(drawing)) == {()} | {row.path for row in rows if row.kind != "residual"}
    texts = [
        line
        for item in drawing.items
        if isinstance(item, Label) and item.role == "more"
        for line in item.lines
    ]
    unfinished = {path[:length] for length in range(1, len(path), 2)}  # the joins around the fault
    whole = sum(layer.count() for layer in broken.layers)
    assert sum(int(text.split()[0]) for text in texts) == whole - len(rows) - 1 - len(unfinished)


def test_the_layer_that_does_not_fit_has_its_name() -> None:
    drawing = drawn(preset("alexnet"), (1, 28, 28))
    (lost,) = (item for item in drawing.items if isinstance(item, Label) and item.role == "lost")
    assert lost.lines == ("pool2",)


def test_branches_that_cannot_be_joined_are_all_drawn() -> None:
    conv = LayerSpec("conv2d", {"padding": 1})
    network = sequence("x", LayerSpec("residual", branches=((conv,), ())), "flatten", "linear")
    drawing = drawn(network, (1, 28, 28))
    assert set(slabs(drawing)) == {(), (0, 0, 0)} and signs(drawing)[0,].wrong
    assert [item.lines for item in drawing.items if isinstance(item, Label)][-1] == ("2 not reached",)


def test_an_output_that_is_not_one_value_for_each_class_is_marked() -> None:
    network = sequence("x", "flatten", ("linear", {"out_features": 7}))
    drawing = drawn(network, (1, 28, 28))
    assert [slab.path for slab in slabs(drawing).values() if slab.wrong] == [(1,)]


def test_boxes_are_to_scale() -> None:
    network = preset("lenet")
    rows = {row.name: row for row in network.trace((1, 32, 32), 10)}
    drawing = drawn(network, (1, 32, 32))
    found = slabs(drawing)
    assert not drawing.scale.root  # 32 down to 6: in proportion
    for name in ("conv1", "pool1", "conv2", "pool2"):
        channels, height, width = rows[name].out_shape
        slab = found[rows[name].path]
        assert slab.high == pytest.approx(SIDE * height / 32)
        assert slab.right == pytest.approx(0.3 * SIDE * width / 32)
        assert slab.thick == pytest.approx(THICK * math.sqrt(channels / 16))
        assert found[rows["relu1"].path].thick == CAP
    for name in ("flatten1", "linear1", "linear2", "linear3"):
        slab = found[rows[name].path]
        assert slab.high == pytest.approx(SIDE * math.sqrt(rows[name].out_shape[0] / 576))
    leading = edges(drawing, "in")
    largest = max(row.params for row in rows.values())
    for name in ("conv1", "conv2", "linear1", "linear2", "linear3"):
        assert leading[rows[name].path].weight == pytest.approx(math.sqrt(rows[name].params / largest))
    assert leading[rows["linear1"].path].text == "69.2k" and leading[rows["pool1"].path].text == ""


def test_sides_that_differ_too_much_go_by_their_square_root() -> None:
    network = sequence("x", "conv2d", ("adaptive_avg_pool2d", {"output_size": 7}), "flatten", "linear")
    drawing = drawn(network, (3, 224, 224))
    assert drawing.scale.root
    assert slabs(drawing)[1,].high == pytest.approx(SIDE * math.sqrt(7 / 224))


def test_a_concatenation_shows_what_each_branch_gives() -> None:
    branches = ((LayerSpec("conv2d", {"out_channels": 6, "padding": 1}),), (), ())
    network = sequence("x", LayerSpec("concat", branches=branches), "flatten", "linear")
    drawing = drawn(network, (1, 8, 8))
    assert slabs(drawing)[0,].parts == (0.75, 0.125, 0.125)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (10, "10"),
        (999, "999"),
        (1000, "1k"),
        (9472, "9.47k"),
        (999_949, "1M"),
        (102_764_544, "103M"),
        (2_000_000_000, "2G"),
    ],
)
def test_counts_are_short(count: int, text: str) -> None:
    assert compact(count) == text
