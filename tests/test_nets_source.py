"""The source of networks, run: the same names, weights, outputs and random numbers as the built model's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torchinfo
from architectures import Sample, architectures
from helpers import LARGE
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from nnlab.errors import LabError, ShapeError
from nnlab.nets import branches
from nnlab.nets.architecture import Architecture, LayerSpec, chain, sequence
from nnlab.nets.presets import preset, preset_names
from nnlab.nets.source import import_block, model_source

NET = '''\
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    """For images of 1 x 28 x 28: gives 10 values, one for each class."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 5, 3, padding=1)
        self.conv2 = nn.Conv2d(5, 10, 3, padding=1)
        self.linear1 = nn.Linear(490, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        return self.linear1(x)
'''


def in_shape_of(name: str) -> tuple[int, int, int]:
    return (3, 224, 224) if name in LARGE else (1, 28, 28)


def from_code(code: str, seed: int, class_name: str = "Net") -> nn.Module:
    """The model that the code makes."""
    names: dict[str, Any] = {}
    exec(compile(code, "net.py", "exec"), names)
    torch.manual_seed(seed)
    return names[class_name]()


def bits(tensor: Tensor) -> list[Any]:
    """What tells tensors apart that compare equal, and finds equal what is not a number in both."""
    return [tensor.dtype, tensor.shape, tensor.detach().numpy().tobytes()]


def assert_same_state(ours: nn.Module, theirs: nn.Module) -> None:
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, value in ours.state_dict().items():
        assert bits(value) == bits(theirs.state_dict()[name]), name


def assert_same_model(ours: nn.Module, theirs: nn.Module, in_shape: tuple[int, ...]) -> None:
    """In weights, outputs, gradients and what a step in training mode leaves behind."""
    assert_same_state(ours, theirs)
    x = torch.rand(3, *in_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert bits(ours.eval()(x)) == bits(theirs.eval()(x))
    found = []
    for model in (ours.train(), theirs.train()):
        torch.manual_seed(4)
        out = model(x)
        out.square().sum().backward()
        gradients = [p.grad if p.grad is not None else torch.zeros(()) for p in model.parameters()]
        found.append([*map(bits, (out, *gradients)), torch.rand(1).item()])
    assert found[0] == found[1]
    assert_same_state(ours, theirs)


@settings(max_examples=300)
@given(architectures())
def test_code_makes_the_built_model(sample: Sample) -> None:
    architecture, in_shape, classes = sample
    again = Architecture.from_json(json.loads(json.dumps(architecture.to_json())))
    torch.manual_seed(1)
    before = torch.get_rng_state()
    model = again.build(in_shape, classes, seed=3)
    code = architecture.code("Net", in_shape, classes)
    assert torch.equal(torch.get_rng_state(), before)
    assert code == again.code("Net", in_shape, classes)
    assert_same_model(from_code(code, 3), model, in_shape)


@settings(max_examples=200)
@given(architectures())
def test_trace_is_what_the_built_model_does(sample: Sample) -> None:
    architecture, in_shape, classes = sample
    rows = architecture.trace(in_shape, classes)
    model = architecture.build(in_shape, classes).eval()
    shapes: dict[str, tuple[Any, Any]] = {}
    for row in rows:
        model.get_submodule(row.name).register_forward_hook(
            lambda _, inputs, out, name=row.name: shapes.update({name: (inputs[0].shape, out.shape)})
        )
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.rand(1, *in_shape))
    for row in rows:
        assert shapes[row.name] == ((1, *row.in_shape), (1, *row.out_shape)), row.name
        own = [] if row.kind in branches.JOINS else model.get_submodule(row.name).parameters()
        assert row.params == sum(p.numel() for p in own), row.name
    assert sum(row.params for row in rows) == sum(p.numel() for p in model.parameters())
    assert 2 * sum(row.macs for row in rows) == counter.get_total_flops()


def test_code_is_as_ruff_leaves_it(tmp_path: Path) -> None:
    """As it is with 88 columns, with imports sorted and nothing unused."""
    written: list[str] = [preset(name).code("Net", in_shape_of(name)) for name in preset_names()]
    written += [network.code("Net", (3, 32, 32)) for network in BLOCKS.values()]

    @settings(max_examples=300)
    @given(architectures())
    def write(sample: Sample) -> None:
        written.append(sample.architecture.code("Net", sample.in_shape, sample.classes))

    @settings(max_examples=100)
    @given(stacks())
    def stack(architecture: Architecture) -> None:
        written.append(architecture.code("Net", (3, 12, 12)))

    write()
    stack()
    for number, code in enumerate(written):
        (tmp_path / f"net{number}.py").write_text(code)
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--check"], ["check", "--select", "F,E,I"]):
        done = subprocess.run([*ruff, *command, "--isolated", str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_imports_of_several_parts_merge(tmp_path: Path) -> None:
    script = frozenset({
        "import json", "import hashlib", "from pathlib import Path", "import torch", "from torch import nn",
        "from torch.utils.data import TensorDataset", "from torch.utils.data import DataLoader",
        "import torchvision", "from torchvision.transforms import v2", "from torch import Tensor",
    })  # fmt: skip
    block = import_block(script | model_source(preset("net"), (1, 28, 28), 10).imports)
    assert block == (
        "import hashlib\nimport json\nfrom pathlib import Path\n\n"
        "import torch\nimport torch.nn.functional as F\nimport torchvision\n"
        "from torch import Tensor, nn\nfrom torch.utils.data import DataLoader, TensorDataset\n"
        "from torchvision.transforms import v2"
    )
    (tmp_path / "imports.py").write_text(block + "\n")
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "I", str(tmp_path)]
    assert subprocess.run(check, capture_output=True).returncode == 0


@pytest.mark.parametrize("name", preset_names())
def test_presets_as_torchinfo_counts_them(name: str) -> None:
    in_shape = in_shape_of(name)
    rows = preset(name).trace(in_shape, 10)
    with torch.device("meta"):
        model = preset(name).build(in_shape, 10).eval()
        found = torchinfo.summary(model, input_data=torch.empty(1, *in_shape), verbose=0, device="meta")
    assert found.total_params == sum(row.params for row in rows)
    shapes = {info.var_name: tuple(info.output_size) for info in found.summary_list if info.depth == 1}
    assert shapes == {row.name: (1, *row.out_shape) for row in rows if len(row.path) == 1}


def test_net_is_what_one_would_write() -> None:
    assert preset("net").code() == NET


def conv(out_channels: int, kernel_size: int, **more: Any) -> tuple[str, Mapping[str, Any]]:
    return "conv2d", {"out_channels": out_channels, "kernel_size": kernel_size, **more}


def inception(a: int, b: int, c: int, d: int, e: int, f: int) -> LayerSpec:
    pool = ("max_pool2d", {"kernel_size": 3, "stride": 1, "padding": 1})
    return LayerSpec("concat", branches=(
        chain(conv(a, 1), "relu"),
        chain(conv(b, 1), "relu", conv(c, 3, padding=1), "relu"),
        chain(conv(d, 1), "relu", conv(e, 5, padding=2), "relu"),
        chain(pool, conv(f, 1), "relu"),
    ))  # fmt: skip


def bottleneck(width: int, out: int, stride: int = 1, shortcut: bool = True) -> LayerSpec:
    main = chain(conv(width, 1), "relu", conv(width, 3, stride=stride, padding=1), "relu", conv(out, 1))
    kept = chain(conv(out, 1, stride=stride)) if shortcut else ()
    return LayerSpec("residual", branches=(main, kept))


def network(*layers: Any) -> Architecture:
    return sequence("blocks", conv(8, 3), *layers, ("adaptive_avg_pool2d", {}), "flatten", "linear")


def linear(out_features: int) -> tuple[str, Mapping[str, Any]]:
    return "linear", {"out_features": out_features}


def dense(width: int, p: float) -> LayerSpec:
    branch = chain(linear(width), "relu", ("dropout", {"p": p}), "batch_norm1d")
    return LayerSpec("concat", branches=(branch, chain("layer_norm", "prelu"), ()))


def nested(width: int) -> LayerSpec:
    return LayerSpec("concat", branches=((bottleneck(2, width),), chain(conv(width, 1)), ()))


def normed(width: int) -> LayerSpec:
    left = chain(("layer_norm", {"elementwise_affine": False}), "hardswish", "dropout2d", "softplus")
    right = chain(conv(width, 1), "relu6", "dropout2d", "softsign")
    return LayerSpec("concat", branches=(left, right))


@st.composite
def stacks(draw: st.DrawFn) -> Architecture:
    """Blocks of few structures and widths, so that many are alike; with a shortcut where it takes one, and at
    times where it does not."""
    few = st.integers(1, 3)
    blocks: list[LayerSpec] = []
    width = 8
    for _ in range(draw(st.integers(2, 6))):
        if draw(st.integers(0, 3)) == 0:
            numbers = [draw(few) for _ in range(6)]
            blocks.append(inception(*numbers))
            width = numbers[0] + numbers[2] + numbers[4] + numbers[5]
        else:
            out, stride = draw(st.sampled_from((width, 4, 8))), draw(st.integers(1, 2))
            taken = out != width or stride != 1 or draw(st.integers(0, 5)) == 0
            blocks.append(bottleneck(draw(few), out, stride, taken))
            width = out
    return network(*blocks)


BLOCKS = {
    "inception": network(inception(2, 3, 4, 5, 6, 7), inception(3, 4, 5, 6, 7, 8), "max_pool2d"),
    "bottlenecks": network(
        bottleneck(2, 12), bottleneck(2, 12, shortcut=False), bottleneck(3, 16, stride=2),
        bottleneck(3, 16, shortcut=False),
    ),
    # The same widths come in and go out of both, so nothing tells which has layers in its second branch.
    "not told apart": network(
        bottleneck(2, 8), bottleneck(2, 8), bottleneck(2, 8, shortcut=False),
        bottleneck(3, 8, shortcut=False),
    ),
    "nested": network(nested(3), nested(4)),
    "shortcut first": network(
        *(LayerSpec("residual", branches=(kept, chain(conv(out, 3, padding=1), "relu", conv(out, 1))))
          for kept, out in (((), 8), (chain(conv(9, 1)), 9), ((), 9), (chain(conv(12, 1)), 12)))
    ),
    # What is given by name stands before what is given by its place.
    "names first": network(*(normed(width) for width in (4, 5, 6))),
    "all alike": network(inception(2, 3, 4, 5, 6, 7), conv(8, 1), inception(2, 3, 4, 5, 6, 7)),
    "vectors": sequence(
        "vectors", "flatten", linear(20), *(dense(width, p) for width, p in ((4, 0.1), (5, 0.2), (6, 0.5))),
        "linear",
    ),
    "no weights": sequence("no weights", conv(10, 1), ("adaptive_max_pool2d", {}), "flatten"),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_make_the_built_model(name: str) -> None:
    code = BLOCKS[name].code("Net", (3, 32, 32))
    assert_same_model(from_code(code, 2), BLOCKS[name].build((3, 32, 32), 10, seed=2), (3, 32, 32))


@settings(max_examples=150)
@given(stacks())
def test_stacks_of_blocks_make_the_built_model(architecture: Architecture) -> None:
    code = architecture.code("Net", (3, 12, 12))
    assert_same_model(from_code(code, 2), architecture.build((3, 12, 12), 10, seed=2), (3, 12, 12))


def test_blocks_that_differ_in_numbers_are_a_function() -> None:
    def called(architecture: Architecture) -> list[str]:
        """What constructs the joins."""
        return re.findall(r"self\.\w+ = (\w+_block\w*\(.*\))", architecture.code("Net", (3, 32, 32)))

    def head(architecture: Architecture) -> str:
        """The first function."""
        found = re.search(r"^def (.*?):$", architecture.code("Net", (3, 32, 32)), re.MULTILINE | re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    assert head(preset("resnet18")) == "residual_block(in_channels, out_channels, stride=1)"
    assert called(preset("resnet18"))[1:4] == [
        "residual_block(64, 64)", "residual_block(64, 128, stride=2)", "residual_block(128, 128)",
    ]  # fmt: skip
    assert called(BLOCKS["inception"]) == [
        "concat_block(8, 2, 3, 4, 5, 6, 7)", "concat_block(19, 3, 4, 5, 6, 7, 8)",
    ]  # fmt: skip
    assert head(BLOCKS["inception"]) == (
        "concat_block( in_channels, out_1x1, reduce_3x3, out_3x3, reduce_5x5, out_5x5, out_pool )"
    )
    assert head(BLOCKS["bottlenecks"]) == "residual_block(in_channels, mid_channels, out_channels, stride=1)"
    assert called(BLOCKS["all alike"]) == ["concat_block()", "concat_block()"]


def test_joins_in_the_code_are_ours() -> None:
    """Also for sums of more than two, in the same order of additions."""
    code = network(nested(2), LayerSpec("residual", branches=((), chain("relu"), chain("tanh")))).code()
    names: dict[str, Any] = {}
    exec(code, names)
    x = torch.randn(2, 3, 4, 4)
    parts = [nn.Tanh(), nn.Identity(), nn.Sigmoid()]
    for theirs, ours in ((names["Residual"], branches.Residual), (names["Concat"], branches.Concat)):
        assert bits(theirs(parts)(x)) == bits(ours(parts)(x))


@pytest.mark.parametrize(
    "name", ["", "1Net", "a b", "class", "None", "Net;import os", "Ünder-score", None, 3]
)
def test_what_is_no_name_of_a_class_is_refused(name: Any) -> None:
    with pytest.raises(LabError, match="cannot be the name of a class"):
        preset("net").code(name)


@pytest.mark.parametrize("name", ["F", "nn", "torch", "super", "x", "Residual", "residual_block"])
def test_a_name_that_the_code_uses_is_refused(name: str) -> None:
    with pytest.raises(LabError, match=f"cannot be called {name}: "):
        preset("resnet18").code(name, (3, 32, 32))


def test_other_names_are_taken() -> None:
    for name in ("Residual", "_Net", "신경망", "N" * 60):
        from_code(preset("net").code(name), 0, name)
    with pytest.raises(LabError, match="61 letters; at most 60"):
        preset("net").code("N" * 61)


def test_what_does_not_fit_is_told_as_by_the_trace() -> None:
    with pytest.raises(ShapeError, match="conv1"):
        sequence("small", conv(3, 31), "flatten", "linear").code()
    with pytest.raises(ShapeError, match="gives 7"):
        sequence("seven", "flatten", ("linear", {"out_features": 7})).code()
