"""The Build page without a browser: what the list of layers asks for, the address, presets, files."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from architectures import Sample, architectures
from datasets_page import component, show_page
from hypothesis import given, settings
from streamlit.testing.v1 import AppTest

from nnlab.data import load_dataset
from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.layers import LAYERS
from nnlab.nets.link import from_link, to_link
from nnlab.nets.presets import preset
from nnlab.nets.templates import TEMPLATES
from nnlab.training.weights import WeightsInfo, save_weights
from nnlab.ui.build.data import Target
from nnlab.ui.build.opening import read_network
from nnlab.ui.build.rows import Look

LIST = "build-layers"


def show(**query: object) -> AppTest:
    page = show_page("build", query)
    assert not page.exception
    return page


def told(page: AppTest) -> dict[str, Any]:
    """What the list of layers was sent."""
    return component(page, LIST)[0]


def ask(page: AppTest, *ops: dict[str, Any], first: int = 0, client: str = "test") -> dict[str, Any]:
    """Let the list ask for `ops`, numbered on from what is done or from `first`; what it is sent then."""
    before = told(page)
    number = first or (before["done"] if before["client"] == client else 0) + 1
    numbered = [{"n": number + at, **op} for at, op in enumerate(ops)]
    page.session_state[LIST] = {"ops": {"client": client, "ops": numbered}}
    page.run()
    assert not page.exception
    return told(page)


def names(header: dict[str, Any]) -> list[str]:
    return [item["name"] for item in header["items"] if "name" in item]


def network(page: AppTest) -> Architecture:
    """That of the address."""
    return from_link(query(page, "net"))


def query(page: AppTest, name: str) -> str:
    """What the address says; a test that has set it gets a list."""
    value = page.query_params[name]
    return value[0] if isinstance(value, list) else value


def test_a_preset_is_shown_with_the_numbers_of_its_trace() -> None:
    page = show(model="resnet18", data="imagenet")
    header = told(page)
    assert header["totals"]["params"] == 11_689_512
    assert header["totals"]["layers"] == 69
    rows = {row.name: row for row in preset("resnet18").trace((3, 224, 224), 1000)}
    listed = [item for item in header["items"] if "name" in item]
    assert {item["name"] for item in listed} == set(rows)
    for item in listed:
        row = rows[item["name"]]
        assert item["path"] == ".".join(map(str, row.path))
        assert item["shape"] == " × ".join(map(str, row.out_shape))
        assert (item["params"], item["macs"]) == (row.params, row.macs)
        assert item["bytes"] == row.activation_bytes
    assert listed[0]["sees"] == "7 × 7"
    assert "net" not in page.query_params


def test_options_are_edited_and_undone() -> None:
    page = show()
    assert "model" not in page.query_params  # the usual one
    header = ask(page, {"op": "set", "path": "0", "field": "kernel_size", "text": "3x5"})
    assert header["items"][0]["shape"] == "16 × 26 × 24"
    assert network(page).layers[0].options["kernel_size"] == (3, 5)
    assert header["undo"] and not header["redo"]
    header = ask(page, {"op": "set", "path": "0", "field": "kernel_size", "text": "5"})
    assert "net" not in page.query_params  # the preset again
    header = ask(page, {"op": "undo"})
    assert header["items"][0]["shape"] == "16 × 26 × 24" and header["redo"]
    header = ask(page, {"op": "redo"}, {"op": "undo"}, {"op": "undo"}, {"op": "undo"})
    assert header["items"][0]["shape"] == "16 × 24 × 24" and not header["undo"]


def test_what_is_typed_letter_by_letter_is_one_change_to_undo() -> None:
    page = show()
    for text in ("6", "64", "641"):
        header = ask(page, {"op": "set", "path": "0", "field": "out_channels", "text": text, "run": "a"})
    header = ask(page, {"op": "set", "path": "0", "field": "out_channels", "text": "7", "run": "b"})
    assert header["items"][0]["shape"] == "7 × 24 × 24"
    assert ask(page, {"op": "undo"})["items"][0]["shape"] == "641 × 24 × 24"
    assert ask(page, {"op": "undo"})["items"][0]["shape"] == "16 × 24 × 24"


def test_changes_that_wait_together_all_land_and_none_twice() -> None:
    page = show()
    ops = [{"op": "duplicate", "path": "0"}, {"op": "remove", "path": "3"}]
    header = ask(page, *ops)
    assert header["done"] == 2 and names(header)[:4] == ["conv1", "conv2", "pool1", "conv3"]
    assert ask(page, *ops, first=1)["items"] == header["items"]  # an answer that did not arrive
    again = ask(page, *ops, {"op": "remove", "path": "0"}, first=1)
    assert names(again)[:3] == ["conv1", "pool1", "conv2"]
    assert names(ask(page, {"op": "undo"}, client="another tab of the list")) == names(header)


def test_layers_and_branches_are_added_moved_and_removed() -> None:
    page = show()
    header = ask(page, {"op": "add", "path": "3", "kind": "residual_block"})
    assert header["problem"] is None
    join = next(item for item in header["items"] if item["path"] == "3")
    assert join["name"] == "residual1" and join["branches"] == 2 and join["shape"] == "16 × 12 × 12"
    assert [item["layers"] for item in header["items"] if "branch" in item] == [5, 0]
    header = ask(page, {"op": "move", "path": "2", "to": "3.1.0"})  # the activation into the empty branch
    assert network(page).layers[2].branches[1] == (LayerSpec("relu"),)
    header = ask(page, {"op": "branch", "path": "2"})
    assert [item["layers"] for item in header["items"] if "branch" in item] == [5, 1, 0]
    header = ask(page, {"op": "unbranch", "path": "2.1"}, {"op": "unbranch", "path": "2.0"})
    assert [item["layers"] for item in header["items"] if "branch" in item] == [5, 0]
    assert list(header["said"].values()) == ["residual needs at least two branches."]
    header = ask(page, {"op": "kind", "path": "1", "kind": "avg_pool2d"}, {"op": "rename", "name": "mine"})
    assert header["items"][1]["kind"] == "avg_pool2d" and header["name"] == "mine"


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("shape", [(8, 6, 6), (1, 6, 6), (12,), None])
def test_blocks_fit_where_they_are_put(name: str, shape: tuple[int, ...] | None) -> None:
    layers = TEMPLATES[name].layers(shape)
    in_shape = shape if shape and len(shape) == 3 else (16, 6, 6)
    if shape == (12,):
        if name in ("conv_block", "inception_block"):
            return  # of images alone
        layers = (LayerSpec("flatten"), LayerSpec("linear", {"out_features": 12}), *layers)
    planned = Architecture("block", layers).plan(in_shape, 10)
    if name in ("residual_block", "residual"):
        assert planned[-1].out_shape == (shape or in_shape)


MISTAKES = [
    ({"op": "set", "path": "0", "field": "out_channels", "text": "many"}, "out_channels of Conv2d is 'many'"),
    ({"op": "set", "path": "0", "field": "out_channels", "text": "-3"}, "out_channels of Conv2d is -3"),
    ({"op": "set", "path": "0", "field": "height", "text": "3"}, "conv2d has no option height"),
    ({"op": "set", "path": "99", "field": "bias", "text": "1"}, "There is no layer at 99."),
    ({"op": "remove", "path": "0.0"}, "There is no layer at 0.0."),
    ({"op": "remove", "path": ["0"]}, "There is no layer at"),
    ({"op": "remove", "path": "-1"}, "There is no layer at -1."),
    ({"op": "remove"}, "There is no layer at None."),
    ({"op": "add", "path": "0", "kind": "lstm"}, "lstm reads sequences"),
    ({"op": "add", "path": "0", "kind": "magic"}, "There is no layer 'magic'"),
    ({"op": "add", "path": "0"}, "There is no layer 'None'"),
    ({"op": "move", "path": "0", "to": "77"}, "There is no layer at 77."),
    ({"op": "branch", "path": "0"}, "There is no layer at 0."),
    ({"op": "rename", "name": ""}, "A name should have"),
    ({"op": "rename", "name": "x" * 101}, "A name should have"),
    ({"op": "repair", "about": "all of it"}, "The network is another one by now"),
    ({"op": "explode"}, "explode is no change to a network."),
    ({}, "None is no change to a network."),
]


def test_nonsense_changes_nothing_and_is_told() -> None:
    page = show()
    before = told(page)
    for number, (op, sentence) in enumerate(MISTAKES, 1):
        header = ask(page, op)
        assert header["said"][str(number)].startswith(sentence), op
        assert header["items"] == before["items"]
    for state in (
        {"ops": 3},
        {"ops": {"client": None}},
        {"ops": {"client": 4, "ops": [None, 3, {"n": "1"}]}},
    ):
        page.session_state[LIST] = state
        page.run()
        assert not page.exception and told(page)["items"] == before["items"]


def test_a_mistake_is_told_where_it_is_and_mended_in_one_step() -> None:
    page = show()
    header = ask(page, {"op": "remove", "path": "6"})  # flatten
    assert header["problem"]["text"].startswith("linear1 does not fit behind relu2")
    wrong = next(item for item in header["items"] if item.get("wrong"))
    assert wrong["name"] == "linear1" and "shape" not in wrong
    assert header["items"][5]["shape"] == "32 × 5 × 5"
    assert "shape" not in header["items"][-1]
    assert not header["ready"]
    offered = header["problem"]["repairs"]
    assert offered[0]["text"] == "Put a flatten before linear1"
    header = ask(page, {"op": "repair", "about": offered[0]["id"]})
    assert header["problem"] is None and "net" not in page.query_params  # convnet, as it was


def test_alexnet_on_small_images_is_offered_a_resize() -> None:
    page = show(model="alexnet")
    header = told(page)
    offered = [repair["id"] for repair in header["problem"]["repairs"]]
    assert "Resize the images to 64 x 64 first" in offered
    header = ask(page, {"op": "repair", "about": "Resize the images to 64 x 64 first"})
    assert header["problem"] is None and names(header)[0] == "resize1"


def test_the_address_brings_a_network_and_back_is_undo(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = sequence("mine", "flatten", "linear")
    page = show(net=to_link(mine))
    assert told(page)["name"] == "mine"
    ask(page, {"op": "set", "path": "1", "field": "bias", "text": "False"})
    edited = network(page)
    assert edited != mine
    page.query_params["net"] = to_link(mine)  # a browser that has not heard of the edit
    page.run()
    assert network(page) == edited
    for place in ("build.draft", "url"):
        monkeypatch.setattr(f"nnlab.ui.{place}.went_back", lambda: True)
    page.query_params["net"] = to_link(mine)
    page.run()
    header = told(page)
    assert header["items"][1]["options"]["bias"] == "True" and header["redo"]
    page.query_params.pop("net")  # and back to where nothing was said
    page.run()
    assert told(page)["name"] == "convnet"


@pytest.mark.parametrize("query", [{"net": "nonsense"}, {"model": "nonsense"}, {"data": "nonsense"}])
def test_a_damaged_address_is_told(query: dict[str, str]) -> None:
    page = show(**query)
    assert len(page.warning) == 1
    assert told(page)["name"] == "convnet"


def test_the_network_stays_while_other_parts_and_pages_are_open() -> None:
    page = show()
    ask(page, {"op": "remove", "path": "2"}, {"op": "rename", "name": "mine"})
    page.switch_page("pages/lab/home.py").run()
    page.switch_page("pages/lab/build.py").run()
    assert told(page)["name"] == "mine" and network(page).name == "mine"
    menu = page.menu_button(key="build-start")
    assert "mine (built)" in menu.options
    menu.click("mlp").run()
    assert told(page)["totals"]["params"] == 669_706
    assert query(page, "model") == "mlp" and "net" not in page.query_params
    page.menu_button(key="build-start").click("own").run()
    assert told(page)["name"] == "mine"


def test_the_data_decide_shapes_and_stand_in_the_address() -> None:
    page = show(model="vgg16", data="imagenet")
    assert told(page)["totals"]["params"] == 138_357_544
    page.selectbox(key="build-data").select("strokes").run()
    assert "data" not in page.query_params
    assert told(page)["input"] == "1 × 28 × 28"


def test_train_leads_to_the_train_page_with_network_and_data() -> None:
    page = show(data="strokes")
    ask(page, {"op": "remove", "path": "2"})
    page.session_state[LIST] = {"ops": {"client": "test", "ops": [{"n": 2, "op": "train"}]}}
    page.run()
    assert not page.exception
    assert query(page, "model") == "own" and network(page).layers[2].kind == "conv2d"
    assert page.selectbox(key="train-model").value == "own"


def test_a_layer_is_opened_on_the_layers_page() -> None:
    page = show()
    page.session_state[LIST] = {"ops": {"client": "test", "ops": [{"n": 1, "op": "layers", "path": "3"}]}}
    page.run()
    assert not page.exception
    assert (query(page, "network"), query(page, "stage")) == ("new-convnet", "conv2")


def test_what_does_not_fit_is_not_opened_on_the_layers_page() -> None:
    header = ask(show(model="alexnet"), {"op": "layers", "path": "0"})
    assert header["said"]["1"] == "A layer can be opened in Layers once every layer fits."
    header = ask(show(model="alexnet", data="imagenet"), {"op": "layers", "path": "0"})
    assert "images that are on this machine" in header["said"]["1"]


def test_a_network_for_a_size_without_images_is_opened_with_images_that_fit() -> None:
    page = show(model="mlp", data="imagenet")
    page.session_state[LIST] = {"ops": {"client": "test", "ops": [{"n": 1, "op": "layers", "path": "1"}]}}
    page.run()
    assert not page.exception
    assert (query(page, "network"), query(page, "dataset")) == ("new-mlp", "strokes")


def test_it_is_saved_as_the_file_that_opens_it() -> None:
    page = show(model="resnet18")
    file = ask(page, {"op": "rename", "name": "mine / and yours"}, {"op": "save"})["file"]
    assert (file["n"], file["name"]) == (2, "mine-and-yours.json")
    assert read_network(file["name"], file["text"].encode()) == network(page)


def test_a_network_too_long_for_a_link_says_so() -> None:
    draw = random.Random(0).randrange
    layers = [LayerSpec("conv2d", {"out_channels": draw(1, 900), "padding": draw(1, 4)}) for _ in range(600)]
    page = show()
    page.session_state["networks:own"] = sequence("long", *layers, "flatten", "linear")
    page.run()
    header = told(page)
    assert header["name"] == "long" and header["note"].startswith("This network is too long for a link")
    assert "net" not in page.query_params


def test_a_network_is_opened_from_its_file() -> None:
    page = show()
    mine = sequence("mine", "flatten", "linear")
    page.file_uploader[0].set_value(("mine.json", mine.to_text().encode(), "application/json")).run()
    assert told(page)["name"] == "mine" and network(page) == mine
    bad = b'{"name": "x", "layers": [{"kind": "conv2d", "stride": -1}]}'
    page.file_uploader[0].set_value(("bad.json", bad, "application/json")).run()
    assert page.error[0].value.startswith("layers[0].stride")
    assert told(page)["name"] == "mine"


def test_weights_name_their_network(tmp_path: Any) -> None:
    mine = sequence("mine", "flatten", "linear")
    data = load_dataset("strokes")
    path = tmp_path / "mine.safetensors"
    save_weights(path, mine.build(data.shape, 10).state_dict(), WeightsInfo.of(mine, data, 3))
    content = path.read_bytes()
    assert read_network("mine.safetensors", content) == mine
    for bad in (content[:5], content[:40], b"\xff" * 100, b"", b"\x02" + 7 * b"\0" + b"{}"):
        with pytest.raises(LabError, match=r"safetensors file|names no|not text|no JSON|cut off|but not of"):
            read_network("mine.safetensors", bad)
    header = json.dumps({"__metadata__": {"format": "pt"}}).encode()
    with pytest.raises(LabError, match="not written by this lab"):
        read_network("other.SAFETENSORS", len(header).to_bytes(8, "little") + header)


@settings(max_examples=40, deadline=None)
@given(architectures())
def test_every_layer_of_any_network_is_listed_where_it_stands(sample: Sample) -> None:
    look = Look.at(sample.architecture, Target("any", sample.in_shape, sample.classes))
    assert look.problem is None
    items = [item for item in look.items() if "name" in item]
    rows = {".".join(map(str, row.path)): row for row in look.rows}
    assert [item["path"] for item in items] == sorted(
        rows, key=lambda path: [int(n) for n in path.split(".")]
    )
    assert all(item["name"] == rows[item["path"]].name and "sees" in item for item in items)


def test_every_kind_for_images_can_be_added() -> None:
    kinds = json.loads(component(show(), LIST)[1][0])["kinds"]
    assert set(kinds) == {kind.name for kind in LAYERS.values() if kind.takes not in ("sequence", "tokens")}
