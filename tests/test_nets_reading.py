"""Architectures read from JSON that anyone may have written: one comes back, or the path to what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from architectures import Sample, architectures
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.link import from_link, to_link
from nnlab.nets.presets import preset, preset_names
from nnlab.nets.reading import MAX_TEXT
from nnlab.nets.spec import MAX_BRANCHES, MAX_DEPTH, MAX_LAYERS

INCEPTION = sequence(
    "inception", ("conv2d", {"out_channels": 4}), "relu",
    LayerSpec("concat", branches=(
        (LayerSpec("conv2d", {"kernel_size": (1, 3), "padding": "same"}),),
        (LayerSpec("residual", branches=(
            (LayerSpec("relu"), LayerSpec("batch_norm2d", {"eps": 0.001})), (),
        )),),
    )),
    "flatten", "linear",
)  # fmt: skip
ROOT = "The architecture"
STEPS = re.compile(r"\.?([A-Za-z_]\w*)|\[(\d+)\]")


def refused(value: Any) -> tuple[str, str]:
    """The path to the fault, and the whole sentence."""
    with pytest.raises(LabError) as caught:
        Architecture.from_text(value) if isinstance(value, str | bytes) else Architecture.from_json(value)
    assert type(caught.value) is LabError
    path, sentence = str(caught.value.values["path"]), str(caught.value)
    assert path in sentence and len(sentence) < 1000
    return path, sentence


def layers(*given: Any) -> dict[str, Any]:
    return {"name": "x", "layers": list(given)}


def nodes(value: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each layer, list of layers and option in JSON with its path, and the object or list it is in."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        if isinstance(key, int) and isinstance(child, int):
            return  # two numbers are one option
        where = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else key
        yield where, value, key
        yield from nodes(child, where)


def plain(architecture: Architecture) -> Any:
    return json.loads(json.dumps(architecture.to_json()))


@given(architectures())
def test_text_and_json_both_ways(sample: Sample) -> None:
    architecture = sample.architecture
    assert Architecture.from_text(architecture.to_text()) == architecture
    assert Architecture.from_text(architecture.to_text().encode()) == architecture
    assert Architecture.from_json(architecture.to_json()) == architecture
    assert json.loads(architecture.to_text()) == plain(architecture)


@pytest.mark.parametrize("name", preset_names())
def test_presets_both_ways(name: str) -> None:
    architecture = preset(name)
    assert Architecture.from_text("\ufeff" + architecture.to_text()) == architecture
    link = to_link(architecture)
    assert link is not None and from_link(link) == architecture


CASES: list[tuple[Any, str | None, str]] = [
    (layers({"kind": "relu"}, {"kind": "conv2d", "stride": -3}), "layers[1].stride", "-3.*1 to 1024"),
    (layers({"kind": "conv2d", "kernel_size": [3, 0]}), "layers[0].kernel_size", r"\[3, 0\]"),
    (layers({"kind": "conv2d", "out_channels": 10**5000}), "layers[0].out_channels", r"10\*\*5000"),
    (layers({"kind": "conv2d", "out_channels": True}), "layers[0].out_channels", "True"),
    (layers({"kind": "conv2d", "bias": 1}), "layers[0].bias", "true or false"),
    (layers({"kind": "dropout", "p": float("nan")}), "layers[0].p", "nan.*0 to 1"),
    (layers({"kind": "dropout", "p": 10**5000}), "layers[0].p", "0 to 1"),
    (layers({"kind": "conv2d", "colour": 3}), "layers[0].colour", "conv2d has: in_channels"),
    (layers({"kind": "flatten", "size": 3}), "layers[0].size", "flatten has no options"),
    (layers({"kind": "conv2d", "branches": []}), "layers[0].branches", "conv2d has: in_channels"),
    (layers({"kind": "conv9d"}), "layers[0].kind", "'conv9d'; it should be one of: conv2d.*residual, concat"),
    (layers({"kind": ["conv2d"]}), "layers[0].kind", "one of"),
    (layers({"kind": "lstm"}), "layers[0].kind", "reads sequences"),
    (layers({"options": {}}), "layers[0].kind", "missing.*conv2d"),
    (layers("relu"), "layers[0]", "'relu'; it should be an object"),
    (layers({"kind": "residual"}), "layers[0].branches", "missing.*list of branches"),
    (layers({"kind": "residual", "branches": "two"}), "layers[0].branches", "'two'.*list of branches"),
    (layers({"kind": "residual", "branches": [[]]}), "layers[0].branches", "has 1 branches.*2 to 32"),
    (layers({"kind": "residual", "branches": [[], {}]}), "layers[0].branches[1]", "a list of layers"),
    (
        layers({"kind": "relu"}, {"kind": "concat", "branches": [[{"kind": "relu"}, {"kind": "x"}], []]}),
        "layers[1].branches[0][1].kind", "'x'",
    ),
    (layers({"kind": "concat", "p": 1, "branches": [[], []]}), "layers[0].p", "concat has: branches"),
    (layers({"kind": "residual", "branches": [[]] * (MAX_BRANCHES + 1)}), "layers[0].branches", "33"),
    (layers(*[{"kind": "relu"}] * 10_000), "layers", f"there are 10000 layers; at most {MAX_LAYERS}"),
    (layers(), "layers", "empty"),
    ({"name": "x", "layers": "relu"}, "layers", "a list of layers"),
    ({"name": "x", "layers": {"0": "relu"}}, "layers", "a list of layers"),
    ({"name": "x"}, "layers", "missing"),
    ({"layers": [{"kind": "relu"}]}, "name", "missing"),
    ({"name": 3, "layers": [{"kind": "relu"}]}, "name", "3; it should be a text"),
    ({"name": "", "layers": [{"kind": "relu"}]}, "name", "1 to 100"),
    ({"name": "two\nlines", "layers": [{"kind": "relu"}]}, "name", "visible"),
    ({"name": "\u202egnp", "layers": [{"kind": "relu"}]}, "name", "visible"),
    ({"name": "\ud800", "layers": [{"kind": "relu"}]}, "name", "visible"),
    ({"name": "n" * 101, "layers": [{"kind": "relu"}]}, "name", "1 to 100"),
    ({"name": "x", "layers": [{"kind": "relu"}], "seed": 3}, "seed", "has: name, layers"),
    ({"name": "x", "layers": [{"kind": "relu"}], "a\tb" * 99: 3}, None, r"\['a\\tb"),
    ({"name": "x", "layers": [{"kind": "relu", 3: 4}]}, "layers[0][3]", "relu has no options"),
    ([1, 2], ROOT, 'an object with "name" and "layers"'),
    (None, ROOT, "None"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "path", "why"), CASES)
def test_what_is_wrong_and_where(value: Any, path: str | None, why: str) -> None:
    found, sentence = refused(value)
    assert path in (None, found)
    assert re.search(why, sentence)


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ('{"name": "x", "layers": [{"kind": "relu"}, {"kind": "conv2d", "stride": ', "layers[1].stride",
         "cut off at line 1, column 73"),
        ('{"name": "x", "layers": [{"kind": "concat", "branches": [[], [{"ki', "layers[0].branches[1][0]",
         "cut off"),
        ('{"name": "x",\n "layers": [{"kind": relu}]}', "layers[0].kind", "line 2, column 22, where 'relu"),
        ('{"name": "x", "layers": [{"kind": "relu"}]} {}', ROOT, "column 45, but '{}' follows"),
        ('{"name": "x", "layers": [{"kind": "relu"}]}x', ROOT, "column 44, but 'x' follows"),
        ('{"name": "x", "layers": [{"kind": "relu", "kind": "relu"}]}', "layers[0].kind", "twice"),
        ('{"name": "x", "name": "y", "layers": []}', "name", "twice"),
        ('{"name": "x", "layers": [{"kind": "dropout", "p": NaN}]}', "layers[0].p", "nan"),
        ('{"name": "x", "layers": [{"kind": "dropout", "p": 1e999}]}', "layers[0].p", "inf"),
        ('{"name": "x", "layers": [{"kind": "conv2d", "stride": ' + "1" * 9999 + "}]}", "layers[0].stride",
         "inf"),
        ('{"name": "x", "layers": ' + "[" * 100_000, "layers" + "[0]" * 24, "too deep"),
        ("[" * 500, "[0]" * 25, "cut off"),
        ("", ROOT, "cut off at line 1, column 1"),
        (" " * (MAX_TEXT + 1), ROOT, "characters long"),
        (b'{"name": "\xff"}', ROOT, "byte 10 is not UTF-8"),
    ],
)  # fmt: skip
def test_text_that_is_not_json(text: str | bytes, path: str, why: str) -> None:
    found, sentence = refused(text)
    assert found.startswith(path)
    assert re.search(why, sentence)


def loop() -> Any:
    layer: dict[str, Any] = {"kind": "residual"}
    layer["branches"] = [[layer], [layer]]
    return layers(layer)


def endless() -> Any:
    found: list[Any] = []
    found.append(found)
    return {"name": "x", "layers": found}


def doubling() -> Any:
    """Few objects, shared: 100 ** MAX_DEPTH layers."""
    inner: list[Any] = [{"kind": "relu"}]
    for _ in range(MAX_DEPTH):
        inner = [{"kind": "residual", "branches": [inner, inner]}] * 100
    return {"name": "x", "layers": inner}


@pytest.mark.parametrize(
    ("make", "path", "why"),
    [
        (loop, "layers[0]" + ".branches[0][0]" * MAX_DEPTH, f"at most {MAX_DEPTH}"),
        (endless, "layers[0]", "it should be an object"),
        (doubling, "layers[0]" + ".branches[0][0]" * 6 + ".branches[1]", "there are 1100 layers"),
    ],
)
def test_loops_and_bombs(make: Callable[[], Any], path: str, why: str) -> None:
    found, sentence = refused(make())
    assert path == found
    assert re.search(why, sentence)


def test_the_deepest_and_the_longest_that_are_possible() -> None:
    chain: tuple[LayerSpec, ...] = (LayerSpec("relu"),)
    for _ in range(MAX_DEPTH):
        chain = (LayerSpec("residual", branches=(chain, ())),)
    deepest = Architecture("deep", chain).validate()
    assert Architecture.from_text(deepest.to_text()) == deepest
    longest = Architecture("long", (LayerSpec("relu"),) * MAX_LAYERS).validate()
    assert Architecture.from_text(longest.to_text()) == longest
    with pytest.raises(LabError, match="nested"):
        Architecture("deeper", (LayerSpec("residual", branches=(chain, ())),)).validate()
    with pytest.raises(LabError, match="33 branches"):
        Architecture("wide", (LayerSpec("residual", branches=((),) * 33),)).validate()
    with pytest.raises(LabError, match="name"):
        Architecture("", chain).validate()


def test_wherever_the_text_is_cut_the_path_leads_to_it() -> None:
    text, whole = INCEPTION.to_text().rstrip(), plain(INCEPTION)
    deepest = 0
    for end in range(len(text)):
        path, sentence = refused(text[:end])
        assert "cut off" in sentence
        value = whole
        for key, place in [] if path == ROOT else STEPS.findall(path):
            assert value or text[end - 1] == "["  # what would be first in a list that is empty
            value = value and (value[key] if key else value[int(place)])
        deepest = max(deepest, path.count("["))
    assert deepest == 5  # layers[2].branches[1][0].branches[0][1].eps


JUNK = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from(["relu", "conv2d", "residual", "auto", "classes", "same", 10**40, -1, 0, 3]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["kind", "branches", "name", "layers", "kernel_size", "\x00"]), inner, max_size=3
    ),
)  # fmt: skip


@settings(max_examples=300)
@given(st.data())
def test_one_changed_value_gives_a_network_or_its_own_path(data: st.DataObject) -> None:
    value = plain(data.draw(st.sampled_from([INCEPTION, preset("net")])))
    found = list(nodes(value))
    path, owner, key = found[data.draw(st.integers(0, len(found) - 1))]
    if data.draw(st.booleans()) and isinstance(owner, dict):
        del owner[key]
    else:
        owner[key] = data.draw(JUNK)
    try:
        read = Architecture.from_text(json.dumps(value))
    except LabError as error:
        blamed = str(error.values["path"])
        # A kind that was changed to another has other options and branches; then these are wrong.
        inside = path.removesuffix(".kind") if key == "kind" else path
        assert blamed.startswith(inside)
        assert f"{error}".startswith(blamed)
    else:
        assert Architecture.from_text(read.to_text()) == read == read.validate()


@settings(max_examples=300)
@given(st.data())
def test_text_changed_anywhere_gives_a_network_or_a_path(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([INCEPTION, preset("lenet")])).to_text()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 5)))
        text = text[:start] + data.draw(st.text('{}[]",:\\ 0123.e-\nNaN\x00relu', max_size=3)) + text[end:]
    try:
        read = Architecture.from_text(text)
    except LabError as error:
        assert str(error.values["path"]) in str(error)
    else:
        assert Architecture.from_text(read.to_text()) == read


@given(JUNK | st.binary(max_size=50) | st.text(max_size=50))
def test_anything_at_all(value: Any) -> None:
    refused(value)
