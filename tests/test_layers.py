"""Every layer of the registry: its code, its functional form, its shapes and fixes, against torch."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import random_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_settings import layers, output, random_input
from torch import nn
from torch.nn import functional as F

import nnlab
from nnlab.errors import LabError, ShapeError
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.layers import LAYERS, layer_kind, make_layer, out_shape, shape_arithmetic
from nnlab.nets.layers.code import layer_code
from nnlab.randomness import seeded

EACH = pytest.mark.parametrize("name", list(LAYERS))
EXAMPLES = 30
SEQUENCES = [name for name, kind in LAYERS.items() if kind.takes in ("sequence", "tokens")]


def example_shape(name: str) -> tuple[int, ...]:
    shapes: dict[str, tuple[int, ...]] = {
        "any": (2, 5, 6), "image": (2, 8, 7), "vector": (6,), "sequence": (4, 3), "tokens": (4,),
    }  # fmt: skip
    return (6,) if name == "linear" else shapes[layer_kind(name).takes]


@EACH
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_module_code_and_function_give_the_same_bits(name: str, data: st.DataObject) -> None:
    in_shape, options = data.draw(layers(name))
    training = data.draw(st.booleans())
    with seeded(3):
        layer = make_layer(name, in_shape, options).train(training)
    code = layer_code(name, in_shape, options)
    known: dict[str, Any] = {"torch": torch, "nn": nn, "F": F}
    with seeded(3):
        written = eval(code.module, known).train(training)
    assert repr(written) == repr(layer)
    assert layer.state_dict().keys() == written.state_dict().keys()
    for ours, theirs in zip(layer.state_dict().values(), written.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    with seeded(4):
        x = random_input(name, in_shape, options)
    # Copies, because batch normalisation moves its running statistics.
    own = {key: getattr(layer, key) for key in code.names}
    own = {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in own.items()}
    with seeded(5):
        expected = output(name, layer, x)
    with seeded(5):
        found = eval(code.functional, known | {"x": x} | own)
    assert torch.equal(found, expected)
    with seeded(5):
        assert torch.equal(eval(f"layer(x){code.part}", {"layer": written, "x": x}), expected)


@EACH
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_shapes_are_those_that_come_out(name: str, data: st.DataObject) -> None:
    in_shape, options = data.draw(layers(name))
    x = random_input(name, in_shape, options)
    found = tuple(output(name, make_layer(name, in_shape, options), x).shape[1:])
    assert out_shape(name, in_shape, options) == found
    lines = shape_arithmetic(name, options, in_shape)
    if lines:
        assert [line.out for line in lines] == list(found[-len(lines) :])
        for line in lines:
            assert line.text.endswith(f"= {line.out}")
            steps = line.text.split(" = ")
            python = steps[0].replace("floor", "math.floor").replace("ceil", "math.ceil")
            if line.formula not in ("output_size", "size"):
                assert eval(python, {"math": math}) == line.out
    elif layer_kind(name).arithmetic is layer_kind("relu").arithmetic and name not in SEQUENCES:
        assert found == in_shape or name == "linear"


@EACH
def test_the_script_runs_as_it_is(name: str) -> None:
    code = layer_code(name, example_shape(name), {})
    known: dict[str, Any] = {}
    with seeded(0):
        exec(compile(code.script(seed=7), name, "exec"), known)
    assert tuple(known["y"].shape[1:]) == out_shape(name, example_shape(name), {})
    with seeded(7):
        expected = make_layer(name, example_shape(name), {}).state_dict()
    for key, value in known["layer"].state_dict().items():
        assert torch.equal(value, expected[key]) or "running" in key or "batches" in key


def test_a_script_on_an_input_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    options = {"kernel_size": (3, 5), "stride": (2, 1), "padding": (1, 2), "padding_mode": "circular"}
    script = layer_code("conv2d", (3, 9, 9), options).script("x = torch.ones(1, 3, 9, 9)")
    with seeded(0):
        exec(script, {})
    assert capsys.readouterr().out == "torch.Size([1, 8, 5, 9]) True\n"


@settings(max_examples=100)
@given(data=st.data())
def test_multiply_adds_and_parameters_of_convolutions(data: st.DataObject) -> None:
    in_shape, o = data.draw(layers("conv2d"))
    options = {key: value for key, value in o.items() if value != layer_kind("conv2d").options({})[key]}
    rows = sequence("x", ("conv2d", options), "flatten", "linear").trace(in_shape, 10)
    channels, height, width = rows[0].out_shape
    kh, kw = make_layer("conv2d", in_shape, o).kernel_size
    weights = channels * in_shape[0] // o["groups"] * kh * kw
    assert rows[0].params == weights + (channels if o["bias"] else 0)
    assert rows[0].macs == weights * height * width


@EACH
def test_networks_of_images_take_all_but_sequences(name: str) -> None:
    kind = layer_kind(name)
    if name in SEQUENCES:
        with pytest.raises(LabError, match=f"{name} reads sequences"):
            sequence("x", name)
        return
    before = ["flatten"] if kind.takes == "vector" or name == "linear" else []
    architecture = sequence("x", *before, name, "flatten", "linear")
    assert Architecture.from_json(json.loads(json.dumps(architecture.to_json()))) == architecture
    rows = architecture.trace((2, 8, 7), 4)
    model = architecture.build((2, 8, 7), 4).eval()
    x = torch.randn(3, 2, 8, 7)
    for row, (layer_name, layer) in zip(rows, model.named_children(), strict=True):
        x = layer(x)
        assert (row.name, row.out_shape) == (layer_name, tuple(x.shape[1:]))
        assert row.params == sum(p.numel() for p in layer.parameters())


def test_options_are_kept_in_one_form() -> None:
    spec = LayerSpec.from_json({"kind": "conv2d", "kernel_size": [3, 5], "stride": [2, 2], "padding": "same"})
    assert spec.options == {"kernel_size": (3, 5), "stride": 2, "padding": "same"}
    assert LayerSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_a_network_with_batch_norm_trains_and_is_saved_with_its_statistics(tmp_path: Path) -> None:
    from nnlab.training.weights import WeightsInfo, load_model, save_weights

    data = random_dataset()
    architecture = sequence(
        "normed", ("conv2d", {"out_channels": 4, "padding": "same", "bias": False}), "batch_norm2d", "silu",
        "avg_pool2d", ("dropout", {"p": 0.2}), "flatten", "layer_norm", "linear",
    )  # fmt: skip
    spec = nnlab.RunSpec("random", architecture, nnlab.Recipe(epochs=1, batch_size=50))
    snapshots = [event.snapshot for event in nnlab.train(spec, data) if event.snapshot is not None]
    tensors = snapshots[-1].tensors
    assert int(tensors["norm1.num_batches_tracked"]) == 3
    assert float(tensors["norm1.running_mean"].abs().sum()) > 0
    path = tmp_path / "normed.safetensors"
    save_weights(path, tensors, WeightsInfo.of(architecture, data, 3))
    assert torch.equal(load_model(path).norm1.running_var, tensors["norm1.running_var"])


def test_a_batch_of_one_is_refused_before_a_batch_norm_would() -> None:
    architecture = sequence("normed", "flatten", "batch_norm1d", "linear")
    spec = nnlab.RunSpec("random", architecture, nnlab.Recipe(epochs=1, batch_size=149))
    with pytest.raises(LabError, match=r"norm1 compares .* 150 samples in batches of 149 the last"):
        nnlab.train(spec, random_dataset())
    fine = sequence("normed", "batch_norm2d", "flatten", "linear")  # many values a channel even so
    events = list(nnlab.train(nnlab.RunSpec("random", fine, spec.recipe), random_dataset()))
    assert events[-1].kind == "finished"


def test_networks_of_earlier_runs_load_as_they_were() -> None:
    """As `config.json` of a run had it before layers had pairs and words."""
    stored = {
        "name": "lenet",
        "layers": [
            {"kind": "pad_to", "size": 32},
            {"kind": "conv2d", "out_channels": 6, "kernel_size": 3, "padding": 0}, {"kind": "relu"},
            {"kind": "max_pool2d"},
            {"kind": "conv2d", "out_channels": 16, "kernel_size": 3, "padding": 0}, {"kind": "relu"},
            {"kind": "max_pool2d", "kernel_size": 3},
            {"kind": "flatten"},
            {"kind": "linear", "out_features": 120}, {"kind": "relu"}, {"kind": "linear"},
        ],
    }  # fmt: skip
    architecture = Architecture.from_json(stored)
    assert architecture.to_json() == stored
    assert [row.name for row in architecture.trace((1, 28, 28), 10)] == [
        "pad1", "conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "flatten1", "linear1", "relu3",
        "linear2",
    ]  # fmt: skip
    torch.manual_seed(4)
    expected = nn.Sequential(
        nn.ZeroPad2d(2), nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Conv2d(6, 16, 3), nn.ReLU(),
        nn.MaxPool2d(3, 2), nn.Flatten(), nn.Linear(576, 120), nn.ReLU(), nn.Linear(120, 10),
    )  # fmt: skip
    x = torch.randn(2, 1, 28, 28)
    torch.manual_seed(4)
    assert torch.equal(architecture.build((1, 28, 28), 10, seed=4)(x), expected(x))


@pytest.mark.parametrize(
    ("kind", "options", "in_shape", "sentence", "fix"),
    [
        ("conv2d", {"kernel_size": 31}, (1, 28, 28),
         r"window of 31 does not fit the height of 28 \+ 2\*0 = 28.*floor\(\(28 - 31\)/1\) \+ 1 = -2",
         {"kernel_size": 28}),
        ("conv2d", {"kernel_size": (3, 31)}, (1, 28, 20), r"the width of 20", {"kernel_size": (3, 20)}),
        ("conv2d", {"kernel_size": 5, "dilation": 2, "padding": 1}, (1, 6, 6),
         r"2\*\(5 - 1\) \+ 1 = 9 does not fit the height of 6 \+ 2\*1 = 8.* = 0", {"kernel_size": 4}),
        ("conv2d", {"groups": 2}, (3, 8, 8), r"3 input channels.*3/2 leaves a rest of 1", {"groups": 1}),
        ("conv2d", {"groups": 3, "out_channels": 8}, (3, 8, 8), r"8 output channels.*8/3 .*rest of 2",
         {"out_channels": 6}),
        ("conv2d", {"padding": "same", "stride": 2}, (1, 8, 8), r"'same'.*stride is 2", {"stride": 1}),
        ("conv2d", {"padding": 8, "padding_mode": "reflect"}, (1, 8, 9), r"height of 8 has only 8 - 1 = 7",
         {"padding": (7, 8)}),
        ("conv2d", {"padding": 8, "padding_mode": "reflect"}, (1, 8, 8), r"mirrors 8 places", {"padding": 7}),
        ("conv2d", {"padding": 9, "padding_mode": "circular"}, (1, 8, 8), r"has only 8", {"padding": 8}),
        ("conv2d", {"padding": "same", "kernel_size": 9, "padding_mode": "reflect"}, (1, 4, 9),
         r"height of 4", {"kernel_size": (7, 9)}),
        ("max_pool2d", {"padding": 2}, (1, 8, 8), r"floor\(2/2\) = 1; it is 2", {"padding": 1}),
        ("avg_pool2d", {"kernel_size": 9}, (1, 8, 8), r"AvgPool2d: a window of 9", {"kernel_size": 8}),
        ("max_pool2d", {"kernel_size": 12, "stride": 4, "ceil_mode": True}, (1, 8, 8),
         r"ceil\(\(8 - 12\)/4\) \+ 1 = 0", {"kernel_size": 11}),
        ("max_pool2d", {"kernel_size": 4, "padding": 3, "dilation": 5}, (1, 8, 8), r"does not fit",
         {"kernel_size": 2, "padding": 1}),
        ("conv2d", {}, (784,), r"takes an image .*784 reaches it", None),
        ("batch_norm1d", {}, (1, 8, 8), r"takes a vector, but 1 x 8 x 8", None),
        ("linear", {}, (1, 8, 8), r"put a flatten before it", None),
        ("hardtanh", {"min_val": 3.0}, (8,), r"3.0 must be less than 1.0",
         {"min_val": 1.0, "max_val": 3.0}),
        ("hardtanh", {"min_val": 1.0}, (8,), r"1.0 must be less than 1.0", {"min_val": 0.0}),
        ("hardtanh", {"min_val": -100, "max_val": -100}, (8,), r"must be less", {"max_val": -99}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_what_would(
    kind: str, options: dict[str, Any], in_shape: tuple[int, ...], sentence: str, fix: dict[str, Any] | None
) -> None:
    with pytest.raises(ShapeError, match=sentence) as caught:
        make_layer(kind, in_shape, options)
    assert caught.value.fix == fix
    if fix:
        make_layer(kind, in_shape, {**options, **fix})(torch.zeros(2, *in_shape))


def test_a_network_tells_which_layer_and_what_would_fit() -> None:
    with pytest.raises(ShapeError, match=r"conv2 does not fit behind conv1.*Conv2d: a window") as caught:
        sequence("x", "conv2d", ("conv2d", {"kernel_size": 9}), "flatten", "linear").trace((1, 8, 8), 10)
    assert (caught.value.layer, caught.value.fix) == ("conv2", {"kernel_size": 6})


def test_a_window_of_nothing_but_padding_is_refused() -> None:
    """torch gives minus infinity for it, and its gradient goes to a place before the image."""
    options = {"kernel_size": (2, 1), "stride": 5, "padding": (1, 0), "dilation": (2, 3)}
    assert nn.MaxPool2d(**options)(torch.zeros(1, 1, 1, 1)).isinf().all()
    with pytest.raises(
        ShapeError, match="height, places 2 apart leave a window without any of the 1 places"
    ) as caught:
        make_layer("max_pool2d", (1, 1, 1), options)
    assert caught.value.fix == {"dilation": (1, 3)}


@settings(max_examples=300)
@given(data=st.data())
def test_torch_refuses_what_is_refused(data: st.DataObject) -> None:
    """What the arithmetic calls impossible, torch cannot do either, and the other way round."""
    name = data.draw(st.sampled_from(["conv2d", "max_pool2d", "avg_pool2d"]))
    options = {"kernel_size": data.draw(st.integers(1, 6)), "stride": data.draw(st.integers(1, 3))}
    options |= {"padding": data.draw(st.integers(0, 4)), "dilation": data.draw(st.integers(1, 3))}
    more: dict[str, Any] = {}
    if name == "avg_pool2d":
        del options["dilation"]
    if name == "conv2d":
        more["padding_mode"] = data.draw(st.sampled_from(["zeros", "reflect", "circular"]))
    else:
        more["ceil_mode"] = data.draw(st.booleans())
    in_shape = (1, data.draw(st.integers(1, 8)), data.draw(st.integers(1, 8)))
    try:
        make_layer(name, in_shape, {**options, **more})
        refused = False
    except ShapeError:
        refused = True
    module = {"conv2d": nn.Conv2d, "max_pool2d": nn.MaxPool2d, "avg_pool2d": nn.AvgPool2d}[name]
    channels = (1, 8) if name == "conv2d" else ()
    try:
        found = module(*channels, **options, **more)(torch.zeros(1, *in_shape))
        raised = bool(found.isinf().any())  # a window of nothing but padding
    except RuntimeError:
        raised = True
    # torch takes more padding than half the window where dilation makes it larger; its page says half.
    if name == "max_pool2d" and options["padding"] > options["kernel_size"] // 2:
        assert refused
    else:
        assert refused == raised


@pytest.mark.parametrize("name", list(LAYERS))
def test_the_nearest_value_of_an_option_is_allowed(name: str) -> None:
    for field in LAYERS[name].fields:
        for value in ("abc", -3, 0, 10**30, 1.5, float("inf"), (0, 3), (10**9, -1), None, [], True):
            near = field.nearest(value)
            assert field.clean(name, near) == near


def test_a_number_beyond_its_limits_goes_back_to_them() -> None:
    fields = {field.name: field for field in LAYERS["conv2d"].fields}
    assert fields["kernel_size"].nearest(0) == 1 and fields["kernel_size"].nearest(5000) == 1024
    assert fields["stride"].nearest((0, 3)) == (1, 3) and fields["padding"].nearest((-1, -2)) == 0
    assert fields["padding"].nearest("sam") == 0 and fields["padding_mode"].nearest("zero") == "zeros"
    [p] = LAYERS["dropout"].fields
    assert p.nearest(1.5) == 1.0 and p.nearest(float("nan")) == 0.5
