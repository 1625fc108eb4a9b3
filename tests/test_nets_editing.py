"""Edits, repairs and links of architectures, on random networks with branches."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator

import pytest
from architectures import architectures
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.data import dataset_info, dataset_names
from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, Path, chain, sequence
from nnlab.nets.editing import add_branch, change, duplicate, insert, layer_at, move, remove, remove_branch
from nnlab.nets.layers import Shape
from nnlab.nets.link import MAX_LINK, from_link, to_link
from nnlab.nets.presets import preset, preset_names
from nnlab.nets.repair import repairs
from nnlab.nets.spec import Chain, LayerSpec

EMPTY_FORK = LayerSpec("residual", branches=((), ()))


def paths(layers: Chain, before: Path = ()) -> Iterator[Path]:
    """Where layers stand, by a walk of our own."""
    for place, layer in enumerate(layers):
        yield (*before, place)
        for number, branch in enumerate(layer.branches):
            yield from paths(branch, (*before, place, number))


def as_lists(layers: Chain) -> list:
    """The layers as nested lists, which Python itself can edit."""
    return [
        [layer.kind, dict(layer.options), [as_lists(branch) for branch in layer.branches]] for layer in layers
    ]


def chain_in(lists: list, path: Path) -> list:
    for place, branch in zip(path[:-1:2], path[1::2], strict=True):
        lists = lists[place][2][branch]
    return lists


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_edits_are_those_of_lists(data: st.DataObject) -> None:
    architecture, _, _ = data.draw(architectures())
    path = data.draw(st.sampled_from(list(paths(architecture.layers))))
    layer = layer_at(architecture, path)
    new = LayerSpec("relu")
    for edited, edit in (
        (insert(architecture, path, new), lambda found, at: found.insert(at, ["relu", {}, []])),
        (change(architecture, path, new), lambda found, at: found.__setitem__(at, ["relu", {}, []])),
        (duplicate(architecture, path), lambda found, at: found.insert(at, found[at])),
        (remove(architecture, path), lambda found, at: found.pop(at)),
    ):
        expected = as_lists(architecture.layers)
        edit(chain_in(expected, path), path[-1])
        assert as_lists(edited.layers) == expected
    assert layer_at(insert(architecture, path, new), path) == new
    assert remove(insert(architecture, path, new), path) == architecture
    assert change(architecture, path, layer) == architecture


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_move_takes_out_and_puts_in(data: st.DataObject) -> None:
    architecture, _, _ = data.draw(architectures())
    path = data.draw(st.sampled_from(list(paths(architecture.layers))))
    marked = change(architecture, path, LayerSpec("pad_to", {"size": 999}))  # so that it can be found again
    to = data.draw(st.sampled_from([*paths(marked.layers), (len(marked.layers),)]))
    moved = move(marked, path, to)
    found = [at for at in paths(moved.layers) if layer_at(moved, at).options.get("size") == 999]
    assert len(found) == 1
    assert sorted(str(one) for one in flat(moved.layers)) == sorted(str(one) for one in flat(marked.layers))
    # What stood at `to` stands behind it now, unless it was the layer itself, or nothing stood there.
    if to in list(paths(marked.layers)) and to != path:
        behind = (*found[0][:-1], found[0][-1] + 1)
        assert layer_at(moved, behind).kind == layer_at(marked, to).kind


def flat(layers: Chain) -> Iterator[LayerSpec]:
    for layer in layers:
        yield LayerSpec(layer.kind, layer.options)
        for branch in layer.branches:
            yield from flat(branch)


def test_moves_along_a_chain() -> None:
    kinds = ["relu", "sigmoid", "tanh", "flatten"]
    architecture = sequence("x", *kinds)
    for start in range(4):
        for to in range(5):
            expected = kinds[:start] + kinds[start + 1 :]
            expected.insert(to - (to > start), kinds[start])
            assert [layer.kind for layer in move(architecture, (start,), (to,)).layers] == expected


def test_layers_move_into_branches_and_out_of_them() -> None:
    fork = LayerSpec("residual", branches=(chain("tanh"), ()))
    architecture = Architecture("x", (*chain("relu"), fork, *chain("sigmoid")))
    inside = move(architecture, (0,), (1, 1, 0))
    assert inside.layers[0].branches == (chain("tanh"), chain("relu"))
    out = move(architecture, (1, 0, 0), (0,))
    assert [layer.kind for layer in out.layers] == ["tanh", "relu", "residual", "sigmoid"]
    assert out.layers[2].branches == ((), ())
    with pytest.raises(LabError, match="own branches"):
        move(architecture, (1,), (1, 0, 0))


def test_branches_come_and_go() -> None:
    architecture = sequence("x", EMPTY_FORK)
    three = add_branch(architecture, (0,))
    assert three.layers[0].branches == ((), (), ())
    assert remove_branch(three, (0, 2)) == architecture
    with pytest.raises(LabError, match="at least two"):
        remove_branch(architecture, (0, 0))


@pytest.mark.parametrize("path", [(), (1,), (-1,), (0, 0), (0, 2, 0), (0, 0, 0), (0, 0, 0, 0, 0)])
def test_where_no_layer_is_nothing_is_edited(path: Path) -> None:
    architecture = sequence("x", EMPTY_FORK)
    for act in (layer_at, remove, duplicate):
        with pytest.raises(LabError, match="no layer at"):
            act(architecture, path)


def shape(name: str) -> tuple[Shape, int]:
    info = dataset_info(name)
    return info.shape, len(info.classes)


@pytest.mark.parametrize(
    ("layers", "about"),
    [
        (["conv2d", "linear"], "flatten before linear1"),
        (["flatten", "conv2d", "flatten", "linear"], "Take out flatten1"),
        (["flatten", ("linear", {"in_features": 400})], "in_features = auto in linear1"),
        ([("conv2d", {"in_channels": 3}), "flatten", "linear"], "in_channels = auto in conv1"),
        ([("conv2d", {"kernel_size": 31}), "flatten", "linear"], "kernel_size = 28 in conv1"),
        (["conv2d"], "Add a linear layer"),
        (["flatten", ("linear", {"out_features": 7})], "last layer give one value"),
    ],
)
def test_a_mistake_has_a_repair(layers: list, about: str) -> None:
    found = repairs(sequence("x", *layers), (1, 28, 28), 10)
    assert about in found[0].about
    assert found[0].architecture.look((1, 28, 28), 10)[1] is None


@pytest.mark.parametrize("shortcut", [(), chain("relu")])
def test_branches_of_other_shapes_are_brought_together(shortcut: Chain) -> None:
    fork = LayerSpec(
        "residual", branches=(chain(("conv2d", {"out_channels": 16, "stride": 2, "padding": 1})), shortcut)
    )
    for layers in ((fork,), (*chain("relu"), fork)):
        broken = Architecture("x", (*layers, *chain("flatten", "linear")))
        (repair,) = repairs(broken, (3, 32, 32), 10)
        assert repair.architecture.look((3, 32, 32), 10)[1] is None


def conv(out_channels: int, kernel_size: int = 3, **more: int) -> tuple[str, dict[str, int]]:
    return "conv2d", {"out_channels": out_channels, "kernel_size": kernel_size, **more}


@pytest.mark.parametrize(
    ("kind", "branches"),
    [
        ("residual", [[conv(10)], []]),
        ("residual", [[], [conv(10, padding=1)]]),
        ("residual", [[conv(10, stride=2), "relu", conv(10)], []]),
        ("residual", [["flatten", ("linear", {"out_features": 20})], []]),
        (
            "concat",
            [[conv(4, 1)], [conv(4)], [conv(4, 5)], [("max_pool2d", {"kernel_size": 3, "stride": 1})]],
        ),
        ("concat", [[conv(10, stride=2)], []]),
        ("concat", [[conv(4, 2)], []]),
        ("concat", [["flatten"], []]),
        ("concat", [[("resize", {"size": (40, 31)})], []]),
        ("concat", [[("adaptive_avg_pool2d", {"output_size": 5})], ["relu"]]),
        ("residual", [[("pad_to", {"size": 33})], []]),
        ("residual", [[conv(10, stride=2), ("resize", {"size": 19})], [("max_pool2d", {"stride": 3})]]),
    ],
)
def test_branches_of_any_shapes_are_mended(kind: str, branches: list) -> None:
    fork = LayerSpec(kind, branches=tuple(chain(*branch) for branch in branches))
    for layers in ((fork, *chain("flatten", "linear")), (*chain("relu"), fork, *chain("flatten", "linear"))):
        broken = Architecture("x", layers)
        assert broken.look((1, 28, 28), 10)[1] is not None
        assert repairs(broken, (1, 28, 28), 10)[0].architecture.look((1, 28, 28), 10)[1] is None


def test_a_join_at_the_end_is_mended_step_by_step() -> None:
    found = Architecture("x", (LayerSpec("residual", branches=(chain(conv(10)), ())),))
    for _ in range(2):
        found = repairs(found, (1, 28, 28), 10)[0].architecture
    assert found.look((1, 28, 28), 10)[1] is None


def test_what_mends_all_is_offered_first() -> None:
    """AlexNet on small images: one window after the other could be made smaller, larger images are enough."""
    for in_shape in ((1, 28, 28), (3, 32, 32)):
        first = repairs(preset("alexnet"), in_shape, 10)[0]
        assert "Resize" in first.about
        assert first.architecture.look(in_shape, 10)[1] is None
    first = repairs(sequence("x", "flatten", conv(8)), (1, 28, 28), 10)[0]
    assert "Take out flatten1" in first.about


@pytest.mark.parametrize("dataset", dataset_names())
@pytest.mark.parametrize("name", preset_names())
def test_every_preset_fits_every_dataset_after_a_repair(name: str, dataset: str) -> None:
    in_shape, classes = shape(dataset)
    architecture = preset(name)
    if architecture.look(in_shape, classes)[1] is not None:
        assert any(
            repair.architecture.look(in_shape, classes)[1] is None
            for repair in repairs(architecture, in_shape, classes)
        )


def unreached(architecture: Architecture, rows: list) -> int:
    """How many layers no sample comes through."""
    return len(list(paths(architecture.layers))) - len(rows)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_repairs_lead_on(data: st.DataObject) -> None:
    """A damaged network: each repair leaves fewer layers out of reach; none is offered where all is well."""
    architecture, in_shape, classes = data.draw(architectures())
    assert repairs(architecture, in_shape, classes) == []
    path = data.draw(st.sampled_from(list(paths(architecture.layers))))
    damage = data.draw(st.sampled_from(["remove", "flatten", "linear", "conv"]))
    if damage == "remove" and len(architecture.layers) > 1:
        broken = remove(architecture, path)
    else:
        new = {
            "linear": LayerSpec("linear", {"in_features": 3}),
            "conv": LayerSpec("conv2d", {"kernel_size": 9}),
        }
        broken = insert(architecture, path, new.get(damage, LayerSpec("flatten")))
    rows, problem = broken.look(in_shape, classes)
    left = unreached(broken, rows)
    for repair in repairs(broken, in_shape, classes):
        further, rest = repair.architecture.look(in_shape, classes)
        assert rest is None or (problem is not None and unreached(repair.architecture, further) < left)


@settings(max_examples=60, deadline=None)
@given(found=architectures())
def test_a_link_brings_the_same_network(found: tuple[Architecture, Shape, int]) -> None:
    architecture = found[0]
    link = to_link(architecture)
    if link is not None:
        assert len(link) <= MAX_LINK and from_link(link) == architecture


def test_presets_fit_a_link() -> None:
    for name in preset_names():
        link = to_link(preset(name))
        assert link is not None and from_link(link) == preset(name)


def packed(text: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text, 9)).decode().rstrip("=")


@pytest.mark.parametrize(
    "link",
    [
        "", "!!!", "eNq", "ä", "A" * 5000, packed(b"{"), packed(b"[" * 100_000), packed(b" " * 10**7),
        packed(b"3"), packed(b'{"name": "x", "layers": 3}'),
        packed(b'{"name": "x", "layers": [{"kind": "conv9d"}]}'),
    ],
)  # fmt: skip
def test_links_that_nobody_wrote_are_refused(link: str) -> None:
    with pytest.raises(LabError):
        from_link(link)
