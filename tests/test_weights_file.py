"""Weights that people bring: by our names, by torchvision's, by numbers; what does not fit is told name by
name, and nothing in a file is run."""

from __future__ import annotations

import ast
import json
import os
import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import LARGE, by_hand
from safetensors.torch import load_file, save, save_file
from torch import Tensor, nn
from torchvision import models

from nnlab.cli import main
from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.naming import all_names
from nnlab.nets.presets import preset
from nnlab.training.state_dict import read_state_dict
from nnlab.training.weights import WeightsInfo, load_model, save_weights, weights_bytes
from nnlab.training.weights_file import MisfitError, WeightsFile, fit_weights, fitted_model, read_weights

MNIST, PHOTO = (1, 28, 28), (3, 64, 64)


def info_of(
    architecture: Architecture, shape: tuple[int, int, int] = MNIST, classes: int = 10
) -> WeightsInfo:
    zeros, ones = (0.0,) * shape[0], (1.0,) * shape[0]
    return WeightsInfo(7, architecture, shape, tuple(map(str, range(classes))), "mnist", zeros, ones)


def theirs(name: str, classes: int = 10) -> nn.Module:
    torch.manual_seed(1)
    return getattr(models, name)(num_classes=classes).eval()


def misfit(
    tensors: Mapping[str, Tensor],
    architecture: Architecture,
    shape: tuple[int, ...] = MNIST,
    classes: int = 10,
) -> MisfitError:
    with pytest.raises(MisfitError) as caught:
        fit_weights(tensors, architecture, shape, classes)
    return caught.value


def test_a_file_of_ours_says_what_it_is(tmp_path: Path) -> None:
    info = info_of(preset("net"))
    model = info.architecture.build(MNIST, 10, seed=3).eval()
    save_weights(tmp_path / "w.safetensors", model.state_dict(), info)
    content = weights_bytes(model.state_dict(), info)
    assert content == (tmp_path / "w.safetensors").read_bytes()
    x = torch.rand(3, *MNIST)
    for source in (tmp_path / "w.safetensors", content):
        file = read_weights(source)
        assert file.info == info
        again = fitted_model(file)
        assert again.info == info and not again.training
        assert torch.equal(again(x), model(x))


def test_a_file_of_anybody_is_fitted_to_a_network() -> None:
    model = by_hand("lenet").eval()  # an nn.Sequential without names: its tensors are called 1.weight, ...
    file = read_weights(save(model.state_dict()))
    assert file.info is None and "1.weight" in file.tensors
    with pytest.raises(LabError, match="choose one"):
        fitted_model(file)
    fitted = fitted_model(file, info_of(preset("lenet")))
    x = torch.rand(3, *MNIST)
    assert torch.equal(fitted(x), model(x))


@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_torchvisions_weights_by_their_names(name: str) -> None:
    given = theirs(name)
    tensors = {f"module.{key}": value for key, value in given.state_dict().items()}  # of DataParallel
    model = fitted_model(WeightsFile(tensors), info_of(preset(name), PHOTO))
    x = torch.rand(2, *PHOTO)
    with torch.no_grad():
        assert torch.equal(model(x), given(x))


@pytest.mark.parametrize("name", LARGE)
def test_names_line_up_with_torchvisions(name: str) -> None:
    """Kind by kind: what is a weight there is one here, and the blocks follow each other."""
    names = all_names(preset(name), (3, 224, 224), 1000)[name]
    with torch.device("meta"):
        assert list(names) == list(getattr(models, name)().state_dict())
    for their, our in names.items():
        assert their.rsplit(".")[-1] == our.rsplit(".")[-1]
    assert len(set(names.values())) == len(names)
    if name == "resnet18":
        assert names["layer1.0.conv1.weight"] == "residual1.0.0.weight"
        assert names["layer2.0.downsample.0.weight"] == "residual3.1.0.weight"
        assert names["layer4.1.bn2.running_var"] == "residual8.0.4.running_var"
        assert names["fc.bias"] == "linear1.bias"
    else:
        assert names["features.0.weight"] == "conv1.weight"
        assert names["classifier.6.bias"] == "linear3.bias"


def test_edited_presets_still_take_the_weights() -> None:
    """A resize in front and another dropout have no tensors."""
    layers = (LayerSpec("resize", {"size": 64}), *preset("resnet18").layers[:-1], LayerSpec("dropout"))
    edited = Architecture("mine", (*layers, preset("resnet18").layers[-1])).validate()
    given = theirs("resnet18")
    fitted = fit_weights(given.state_dict(), edited, (3, 32, 32), 10)
    assert torch.equal(fitted["conv1.weight"], given.conv1.weight)
    assert torch.equal(fitted["linear1.bias"], given.fc.bias)


def test_what_is_missing_unknown_and_of_another_shape() -> None:
    tensors = preset("net").build(MNIST, 10).state_dict()
    tensors["conv2.weight"] = torch.zeros(10, 4, 3, 3)
    tensors["conv1.bias"] = torch.zeros(5, dtype=torch.int64)
    tensors["extra\n"] = tensors.pop("linear1.bias")
    error = misfit(tensors, preset("net"))
    assert error.missing == ["linear1.bias"] and error.unexpected == ["extra\n"]
    assert error.shapes == [("conv2.weight", (10, 4, 3, 3), (10, 5, 3, 3))]
    assert error.types == ["conv1.bias"]
    assert str(error) == (
        "The weights do not fit net. Missing: linear1.bias. Not known there: 'extra\\n'. Of another shape "
        "(there / right): conv2.weight 10 x 4 x 3 x 3 / 10 x 5 x 3 x 3. Of another type: conv1.bias."
    )


def test_of_many_differences_ten_are_named_and_all_counted() -> None:
    error = misfit(preset("net").build(MNIST, 10).state_dict(), preset("resnet18"), PHOTO)
    assert len(error.missing) > 90 and f"({len(error.missing)})" in str(error)
    assert len(str(error)) < 1000
    assert str(misfit({}, preset("logistic"))) == (
        "The weights do not fit logistic. Missing: linear1.weight, linear1.bias."
    )


def test_other_classes_and_channels_are_told_in_torchvisions_names() -> None:
    tensors = theirs("resnet18", classes=1000).state_dict()
    assert misfit(tensors, preset("resnet18"), MNIST).shapes == [
        ("conv1.weight", (64, 3, 7, 7), (64, 1, 7, 7)),
        ("fc.weight", (1000, 512), (10, 512)),
        ("fc.bias", (1000,), (10,)),
    ]


def test_halves_and_doubles_become_floats_and_old_files_have_no_counters() -> None:
    architecture = sequence("x", "conv2d", "batch_norm2d", "flatten", "linear")
    given = architecture.build(MNIST, 10, seed=1).state_dict()
    half = {name: tensor.half() for name, tensor in given.items() if not name.endswith("tracked")}
    fitted = fit_weights(half, architecture, MNIST, 10)
    assert {name: tensor.dtype for name, tensor in fitted.items()} == {
        name: tensor.dtype for name, tensor in given.items()
    }
    assert torch.equal(fitted["conv1.weight"], given["conv1.weight"].half().float())
    assert fitted["norm1.num_batches_tracked"] == 0
    double = {
        name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in given.items()
    }
    assert all(torch.equal(fit, given[n]) for n, fit in fit_weights(double, architecture, MNIST, 10).items())


def test_damaged_and_foreign_files(tmp_path: Path) -> None:
    whole = weights_bytes(preset("net").build(MNIST, 10).state_dict(), info_of(preset("net")))
    for size in [*range(0, 2000, 97), len(whole) // 2, len(whole) - 1]:
        with pytest.raises(LabError, match="mine is not a whole safetensors file"):
            read_weights(whole[:size], "mine")
    with pytest.raises(LabError, match="no file absent"):
        read_weights(tmp_path / "absent.safetensors")
    with pytest.raises(LabError, match="not a whole"):
        read_weights(tmp_path)
    torch.save({"w": torch.zeros(1)}, tmp_path / "w.pth")
    torch.save({"w": torch.zeros(1)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for path in (tmp_path / "w.pth", tmp_path / "old.pth"):
        for source in (path, path.read_bytes()):
            with pytest.raises(LabError, match=r"written by torch\.save.*python -m nnlab weights"):
                read_weights(source)


@pytest.mark.parametrize(
    ("ours", "why"),
    [
        ("[" * 100_000, "makes no sense"), ("null", "makes no sense"), ("[]", "makes no sense"),
        ({"step": 1e999}, "makes no sense"), ({"step": -1}, "not possible"),
        ({"classes": []}, "not possible"),
        ({"in_shape": [1, 2**70, 28]}, "not possible"), ({"mean": [0, 0]}, "normalise"),
        ({"std": [float("nan")]}, "normalise"),
        ({"architecture": {"name": "x", "layers": [{"kind": "conv2d", "stride": -1}]}}, r"layers\[0\]\.str"),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_headers_that_make_no_sense(ours: Any, why: str) -> None:
    header = json.dumps(info_of(preset("net")).to_json() | ours) if isinstance(ours, dict) else ours
    with pytest.raises(LabError, match=why):
        read_weights(save({"w": torch.zeros(1)}, {"nnlab": header}))


def test_a_header_that_claims_the_impossible() -> None:
    for length in (2**63, 2**62, 100_000_001):
        with pytest.raises(LabError, match="not a whole"):
            read_weights(struct.pack("<Q", length) + b"{}")


class Hostile:
    """What unpickling it would run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_pickle_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    flag = tmp_path / "run"
    value = {"conv1.weight": Hostile(flag)}
    torch.save(value, tmp_path / "evil.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(LabError, match=r"holds more than tensors: it would run \w+\.system"):
        read_state_dict(tmp_path / "evil.pth")
    with pytest.raises(LabError, match=r"torch\.save"):
        read_weights((tmp_path / "evil.pth").read_bytes())
    assert not flag.exists()
    torch.load(tmp_path / "evil.pth", weights_only=False)  # it is indeed a hostile one
    assert flag.exists()


def test_what_torch_save_wrote(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    tensors = by_hand("net").state_dict()
    for content in (tensors, {"epoch": 3, "state_dict": tensors}, {"model": tensors, "optimizer": {"lr": 1}}):
        torch.save(content, path)
        found = read_state_dict(path)
        assert list(found) == list(tensors) and all(torch.equal(found[n], t) for n, t in tensors.items())
    bad: list[tuple[Any, str]] = [
        (by_hand("net"), "whole model"), ([torch.zeros(1)], "'list'"), ({}, "'dict'"),
        ({"w": 3}, "'w' is 'int'"), ({3: torch.zeros(1)}, "3 is 'Tensor'"),
        ({"w": torch.zeros(2, 2).to_sparse()}, "'w' is 'Tensor'"),
    ]  # fmt: skip
    for content, why in bad:
        torch.save(content, path)
        with pytest.raises(LabError, match=why):
            read_state_dict(path)
    torch.save(by_hand("net"), path)
    with pytest.raises(LabError, match=r"it would run torch\.nn\.modules\.container\.Sequential\."):
        read_state_dict(path)
    path.write_bytes(pickle.dumps(Hostile(tmp_path / "run")))  # with words that torch's unpickler lacks
    with pytest.raises(
        LabError, match=r"w\.pth cannot be read by torch\.load \(Unsupported operand 149\)\.$"
    ):
        read_state_dict(path)
    with pytest.raises(LabError, match=r"\(Is a directory\)\.$"):
        read_state_dict(tmp_path)
    torch.save(tensors, path)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"no pickle", b"\x80\x02]q\x00."):
        path.write_bytes(damaged)
        with pytest.raises(LabError, match=r"w\.pth"):
            read_state_dict(path)
    with pytest.raises(LabError, match="no file"):
        read_state_dict(tmp_path / "absent.pth")


def test_no_page_can_unpickle() -> None:
    """Only the command imports the module that calls torch.load."""
    root = Path(__file__).parents[1]
    for path in [*root.glob("nnlab/**/*.py"), *root.glob("pages/**/*.py"), root / "app.py"]:
        text, home = path.read_text(), path.relative_to(root).as_posix()
        if home == "nnlab/training/state_dict.py":
            assert 'torch.load(path, map_location="cpu", weights_only=True)' in text
            continue
        imported = {n.module for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom)}
        assert "nnlab.training.state_dict" not in imported or home == "nnlab/cli/weights.py"
        if home.startswith(("nnlab/ui", "pages")):
            calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)}
            assert not calls & {"torch.load", "pickle.load", "pickle.loads"}


def test_the_command_turns_torchvisions_weights_into_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = theirs("resnet18", classes=1000)
    torch.save(given.state_dict(), tmp_path / "resnet18.pth")
    out = tmp_path / "mine.safetensors"
    asked = ["weights", str(tmp_path / "resnet18.pth"), "--model", "resnet18", "--to", str(out), "--beside"]
    assert main([*asked, "--shape", "3", "64", "64", "--classes", "1000"]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    model = load_model(out)
    x = torch.rand(2, *PHOTO)
    with torch.no_grad():
        assert torch.equal(model(x), given(x))
    assert model.info.mean == (0.485, 0.456, 0.406) and model.info.classes[1] == "goldfish"
    assert Architecture.from_text((tmp_path / "mine.json").read_bytes()) == preset("resnet18")
    # With the wrong number of classes, it says which tensors are of another shape.
    assert main([*asked, "--shape", "3", "64", "64", "--classes", "10"]) == 2
    assert "fc.weight 1000 x 512 / 10 x 512" in capsys.readouterr().err
    assert main([*asked, "--classes", "1000"]) == 0  # on 3 x 224 x 224, as torchvision's are made for
    assert load_model(out).info.in_shape == (3, 224, 224)
    with pytest.raises(SystemExit):
        main([*asked, "--shape", "3", "64", "64"])


def test_the_command_with_a_file_of_layers_and_a_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    architecture = sequence("small", "flatten", ("linear", {"out_features": 5}), "relu", "linear")
    (tmp_path / "small.json").write_text(architecture.to_text())
    hand = nn.Sequential(OrderedDict(a=nn.Flatten(), b=nn.Linear(784, 5), c=nn.ReLU(), d=nn.Linear(5, 10)))
    numbers = nn.Sequential(*hand)
    save_file(numbers.state_dict(), tmp_path / "numbers.safetensors")
    out = tmp_path / "out.safetensors"
    asked = ["--model", str(tmp_path / "small.json"), "--dataset", "strokes", "--to"]
    assert main(["weights", str(tmp_path / "numbers.safetensors"), *asked, str(out)]) == 0
    x = torch.rand(2, *MNIST)
    assert torch.equal(load_model(out)(x), hand(x)) and load_model(out).info.dataset == "strokes"
    torch.save(hand.state_dict(), tmp_path / "letters.pth")
    assert main(["weights", str(tmp_path / "letters.pth"), *asked, str(out)]) == 2
    told = capsys.readouterr().err
    assert "Missing: linear1.weight" in told and "Not known there: b.weight" in told
    assert main(["weights", str(tmp_path / "letters.pth"), *asked, str(tmp_path / "out.pth")]) == 2
    numbers_file = str(tmp_path / "numbers.safetensors")
    assert main(["weights", numbers_file, *asked, str(out), "--mean", "0.25", "--std", "0.5"]) == 0
    assert (load_model(out).info.mean, load_model(out).info.std) == ((0.25,), (0.5,))
    assert main(["weights", numbers_file, *asked, str(out), "--shape", "1", "28", "28"]) == 2
    capsys.readouterr()
    assert main(["weights", numbers_file, *asked, str(tmp_path / "absent" / "out.safetensors")]) == 2
    assert capsys.readouterr().err.endswith(
        "out.safetensors cannot be written (No such file or directory).\n"
    )
    assert main(["weights", str(tmp_path / "absent.pth"), *asked, str(out)]) == 2
    assert set(load_file(out)) == {"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"}
