"""Files of weights: what is written is what is read, other readers read it too, and damage is told."""

from __future__ import annotations

import json
import resource
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import SMALL, random_dataset
from safetensors.torch import load_file, save, save_file

from nnlab.errors import RunError
from nnlab.nets.architecture import Architecture
from nnlab.nets.presets import preset
from nnlab.training.weights import TrainedModel, WeightsInfo, load_model, load_tensors, save_weights


def info_of(name: str = "logistic", shape: tuple[int, int, int] = (1, 28, 28)) -> WeightsInfo:
    return WeightsInfo.of(preset(name), random_dataset(shape, train=20, test=10), step=7)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    info = info_of()
    model = info.architecture.build(info.in_shape, 10, seed=3)
    save_weights(tmp_path / "w.safetensors", model.state_dict(), info)
    return tmp_path / "w.safetensors"


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
@pytest.mark.parametrize("name", SMALL)
def test_a_model_comes_back_as_it_was(tmp_path: Path, name: str, shape: tuple[int, int, int]) -> None:
    info, path = info_of(name, shape), tmp_path / "w.safetensors"
    model = info.architecture.build(shape, 10, seed=3).eval()
    save_weights(path, model.state_dict(), info)
    again = load_model(path)
    assert isinstance(again, TrainedModel) and not again.training and again.info == info
    images = torch.rand(4, *shape)
    assert torch.equal(again(images), model(images))
    assert list(again.state_dict()) == list(model.state_dict())
    others = load_file(path)  # safetensors' own reader
    assert all(torch.equal(others[key], value) for key, value in model.state_dict().items())
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_the_file_is_the_one_safetensors_would_write(tmp_path: Path) -> None:
    info, path = info_of(), tmp_path / "w.safetensors"
    tensors = {
        "norm.weight": torch.rand(5), "norm.batches": torch.tensor(7), "conv.weight": torch.rand(4, 3, 2, 2),
        "gewöhnlich": torch.rand(3, 1), "none": torch.empty(0, 2), "half": torch.rand(3).bfloat16(),
    }  # fmt: skip
    save_weights(path, tensors, info)
    metadata = {"format": "pt", "nnlab": json.dumps(info.to_json())}
    theirs, ours = save(tensors, metadata), path.read_bytes()
    lengths = [struct.unpack("<Q", content[:8])[0] for content in (ours, theirs)]
    headers = [json.loads(content[8 : 8 + n]) for content, n in zip((ours, theirs), lengths, strict=True)]
    assert headers[0] == headers[1]
    assert ours[8 + lengths[0] :] == theirs[8 + lengths[1] :]


def test_the_loaded_model_can_be_trained_on(written: Path) -> None:
    model = load_model(written)
    loss = model(torch.rand(2, 1, 28, 28)).square().sum()
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    before = written.read_bytes()
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    assert written.read_bytes() == before


def test_absent_weights(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"There are no weights in .*nowhere\.safetensors"):
        load_tensors(tmp_path / "nowhere.safetensors")
    with pytest.raises(RunError, match="cannot be read"):
        load_tensors(tmp_path)


def test_a_file_cut_off_at_any_place(written: Path) -> None:
    whole = written.read_bytes()
    for size in [*range(0, 3000, 37), len(whole) // 2, len(whole) - 1]:
        written.write_bytes(whole[:size])
        with pytest.raises(RunError, match="cannot be read"):
            load_model(written)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    torch.save({"linear1.weight": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(RunError, match="cannot be read"):
        load_model(tmp_path / "w.safetensors")


def test_a_file_of_somebody_else(tmp_path: Path) -> None:
    save_file({"w": torch.zeros(2)}, tmp_path / "w.safetensors")
    with pytest.raises(RunError, match="cannot be read"):
        load_model(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        {"step": "many"}, {"step": None}, {"in_shape": [1, 28]}, {"in_shape": 5},
        {"in_shape": ["a", "b", "c"]},
        {"in_shape": [1, -1, 28]}, {"in_shape": [1, 14, 14]}, {"classes": 5}, {"classes": ["a"]},
        {"mean": None}, {"std": ["wide"]},
        {"architecture": None}, {"architecture": []}, {"architecture": "net"}, {"architecture": {}},
        {"architecture": {"name": "x", "layers": []}}, {"architecture": {"name": "x", "layers": [{}]}},
        {"architecture": {"name": "x", "layers": [{"kind": "eval"}]}},
        {"architecture": {"name": "x", "layers": [{"kind": "linear", "out_features": 2**70}]}},
        {"architecture": {"name": "x", "layers": [{"kind": "linear", "out_features": "2"}]}},
        {"architecture": preset("net").to_json()},
    ],
    ids=str,
)  # fmt: skip
def test_a_header_that_makes_no_sense(written: Path, change: dict[str, Any]) -> None:
    _rewrite(written, info_of().to_json() | change)
    with pytest.raises(RunError, match=r"cannot be read|do not fit their network"):
        load_model(written)


@pytest.mark.parametrize(
    "header", ["", "{", "null", "[]", "5", '{"step": 1}', "[" * 100_000], ids=lambda h: h[:9]
)
def test_a_header_that_is_none(written: Path, header: str) -> None:
    _rewrite(written, header)
    with pytest.raises(RunError, match="cannot be read"):
        load_model(written)


def _rewrite(path: Path, ours: Any) -> None:
    """Put `ours` in the place of our part of the header."""
    whole = path.read_bytes()
    (size,) = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8 : 8 + size])
    header["__metadata__"]["nnlab"] = ours if isinstance(ours, str) else json.dumps(ours)
    data = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(data)) + data + whole[8 + size :])


def test_a_refused_write_leaves_the_old_file(written: Path) -> None:
    before, tensors = written.read_bytes(), load_tensors(written)[0]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))  # the weights take six times as much
    try:
        with pytest.raises(OSError, match="too large"):
            save_weights(written, tensors, info_of())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert written.read_bytes() == before and [p.name for p in written.parent.iterdir()] == [written.name]


def test_info_survives_json() -> None:
    info = info_of("convnet", (3, 32, 32))
    assert WeightsInfo.from_json(json.loads(json.dumps(info.to_json()))) == info
    assert isinstance(info.architecture, Architecture)
