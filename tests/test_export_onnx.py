"""Networks in the formats that others read: ONNX against onnxruntime, torch.export against the network."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch
from architectures import Sample, architectures
from helpers import SMALL
from hypothesis import HealthCheck, Phase, given, settings
from torch import Tensor, nn

from nnlab.errors import LabError
from nnlab.export.onnx import INPUT, OUTPUT, TOLERANCE, export_onnx
from nnlab.export.program import export_program
from nnlab.nets.architecture import sequence
from nnlab.nets.layers import Shape
from nnlab.nets.presets import preset

ROOT = str(Path(__file__).parents[1]).encode()
PRESETS = [*((name, (1, 28, 28)) for name in SMALL), ("resnet18", (3, 32, 32))]


def run(content: bytes, images: Tensor) -> Tensor:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run([OUTPUT], {INPUT: images.numpy()})[0])


def used(model: nn.Module, shape: Shape) -> nn.Module:
    """With statistics of its own in batch normalisation, and in training mode, as a run may leave it."""
    with torch.no_grad():
        model.train()(torch.rand(8, *shape) + 1)
    return model


def scores(model: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return model.eval()(images)


@pytest.mark.parametrize(("name", "shape"), PRESETS)
def test_presets_as_onnx(name: str, shape: Shape, capfd: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model = used(preset(name).build(shape, 10, seed=1), shape)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = torch.get_rng_state()
    content = export_onnx(model, shape)
    assert model.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert capfd.readouterr() == ("", "")
    onnx.checker.check_model(content, full_check=True)
    assert ROOT not in content
    graph = onnx.load_from_string(content).graph
    assert [dim.dim_param or dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim] == [
        "batch", *shape,
    ]  # fmt: skip
    for count in (1, 2, 7):  # any size of the batch
        images = torch.rand(count, *shape)
        assert torch.allclose(run(content, images), scores(model, images), rtol=0, atol=TOLERANCE)


# Smaller examples of what fails are not looked for: that takes minutes.
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate])
@given(architectures(most=4))
def test_random_networks_in_both_formats(sample: Sample) -> None:
    model = sample.architecture.build(sample.in_shape, sample.classes, seed=1)
    images = torch.rand(3, *sample.in_shape)
    expected = scores(model, images)
    again = torch.export.load(io.BytesIO(export_program(model, sample.in_shape))).module()
    assert torch.equal(again(images).nan_to_num(), expected.nan_to_num())
    if expected.isfinite().all():  # a pooling that sees nothing but padding gives minus infinity
        found = run(export_onnx(model, sample.in_shape), images)
        assert torch.allclose(found, expected, rtol=0, atol=TOLERANCE * max(1.0, float(expected.abs().max())))


@pytest.mark.parametrize("size", [1, (4, 7), (11, 2)])
def test_adaptive_max_pooling_which_onnx_does_not_have(size: int | tuple[int, int]) -> None:
    architecture = sequence("x", ("adaptive_max_pool2d", {"output_size": size}), "flatten", "linear")
    model = architecture.build((2, 9, 8), 3, seed=1)
    images = torch.rand(4, 2, 9, 8)
    assert torch.allclose(run(export_onnx(model, (2, 9, 8)), images), scores(model, images), atol=TOLERANCE)


def test_what_the_optimizer_of_onnxscript_gets_wrong_is_written_without_it() -> None:
    """Of two clippings it makes one, which for ranges that do not overlap is another."""
    clips = (("hardtanh", {"min_val": -9, "max_val": -5}), ("hardtanh", {"min_val": -1, "max_val": 0}))
    model = sequence("x", "flatten", *clips, "linear").build((1, 3, 4), 3, seed=1)
    images = torch.rand(4, 1, 3, 4)
    assert torch.allclose(run(export_onnx(model, (1, 3, 4)), images), scores(model, images), atol=TOLERANCE)


@pytest.mark.parametrize("kind", ["max_pool2d", "avg_pool2d"])
def test_pooling_with_ceil_mode_has_as_many_windows_there(kind: str) -> None:
    """The last window, which would start in the padding, is left out."""
    pooling = (kind, {"kernel_size": 2, "stride": 4, "padding": 1, "ceil_mode": True})
    model = sequence("x", pooling, "flatten", "linear").build((3, 8, 7), 4, seed=1)
    content = export_onnx(model, (3, 8, 7))
    graph = onnx.shape_inference.infer_shapes(onnx.load_from_string(content), strict_mode=True).graph
    sizes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim[1:]]
        for value in graph.value_info
    }
    assert sizes[kind] == [3, 3, 2]
    images = torch.rand(4, 3, 8, 7)
    assert torch.allclose(run(content, images), scores(model, images), atol=TOLERANCE)


@pytest.mark.parametrize(("name", "shape"), PRESETS)
def test_presets_as_programs_of_torch(name: str, shape: Shape, capfd: pytest.CaptureFixture[str]) -> None:
    model = used(preset(name).build(shape, 10, seed=1), shape)
    content = export_program(model, shape)
    assert model.training and ROOT not in content and capfd.readouterr() == ("", "")
    again = torch.export.load(io.BytesIO(content)).module()
    assert set(again.state_dict()) == set(model.state_dict())
    for count in (1, 2, 7):
        images = torch.rand(count, *shape)
        assert torch.equal(again(images), scores(model, images))


def test_a_program_runs_without_nnlab(tmp_path: Path) -> None:
    model = preset("resnet18").build((3, 32, 32), 10, seed=1)
    images = torch.rand(2, 3, 32, 32)
    (tmp_path / "net.pt2").write_bytes(export_program(model, (3, 32, 32)))
    torch.save((images, scores(model, images)), tmp_path / "expected.pt")
    code = (
        "import sys, torch\n"
        "images, expected = torch.load('expected.pt', weights_only=True)\n"
        "model = torch.export.load('net.pt2').module()\n"
        "assert torch.equal(model(images), expected)\n"
        "assert not any(name.startswith('nnlab') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True)


def test_while_one_exports_others_go_on() -> None:
    """Other threads build, trace, run and export meanwhile; everything is as it is alone."""
    model = preset("net").build((1, 28, 28), 10, seed=3)
    images = torch.rand(5, 1, 28, 28)
    expected, rows = scores(model, images), preset("lenet").trace((1, 28, 28), 10)
    alone = export_program(model, (1, 28, 28))
    found: list[bytes] = []

    def export() -> None:
        found.append(export_onnx(model, (1, 28, 28)))
        found.append(export_program(model, (1, 28, 28)))

    threads = [threading.Thread(target=export) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        # torch leaves out oneDNN while it traces, everywhere in the process: other roundings.
        assert torch.allclose(scores(model, images), expected, rtol=0, atol=1e-6)
        assert preset("lenet").trace((1, 28, 28), 10) == rows
        again = preset("net").build((1, 28, 28), 10, seed=3)
        assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))
    assert torch.backends.mkldnn.enabled and torch.equal(scores(model, images), expected)
    assert len(found) == 4
    for content in found:
        if content[:2] == alone[:2]:
            assert torch.equal(torch.export.load(io.BytesIO(content)).module()(images), expected)
        else:
            assert torch.allclose(run(content, images), expected, atol=TOLERANCE)


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_without_the_packages_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as Python does for what cannot be imported
    sentence = rf"not installed here \({package}\): pip install -r requirements-export\.txt"
    with pytest.raises(LabError, match=sentence):
        export_onnx(preset("logistic").build((1, 28, 28), 10), (1, 28, 28))


class Eigenvalues(nn.Module):
    """What ONNX cannot say."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.eigvalsh(x[:, 0])


def test_what_cannot_be_written_as_onnx_is_told() -> None:
    with pytest.raises(LabError, match=r"cannot write the network as ONNX.*eig"):
        export_onnx(Eigenvalues(), (1, 4, 4))
    with torch.device("meta"):
        huge = nn.Sequential(nn.Flatten(), nn.Linear(2**16, 2**14))
    with pytest.raises(LabError, match=r"4.3 GB of weights; an ONNX file holds 2 GB"):
        export_onnx(huge, (1, 256, 256))


def test_scores_that_differ_or_are_none_are_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = preset("logistic").build((1, 28, 28), 10)
    diverged = preset("logistic").build((1, 28, 28), 10)
    nn.init.constant_(diverged.linear1.weight, float("nan"))
    with pytest.raises(LabError, match="not all finite"):
        export_onnx(diverged, (1, 28, 28))

    class Wrong(onnxruntime.InferenceSession):
        def run(self, *arguments: object) -> list[object]:
            return [super().run(*arguments)[0] + 1e-3]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Wrong)
    with pytest.raises(LabError, match=r"other scores .* by up to 0\.001"):
        export_onnx(model, (1, 28, 28))
