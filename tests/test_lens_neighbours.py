"""Nearest training images, against distances computed one by one; their file; the process that writes it."""

from __future__ import annotations

import json
import subprocess
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from helpers import random_dataset
from torch import Tensor, nn

from nnlab.data import Dataset
from nnlab.errors import LabError
from nnlab.lens import neighbours, remembering
from nnlab.lens.neighbours import Remembered, features_of, remember
from nnlab.lens.remembering import remembered_file, tidy, weights_digest
from nnlab.nets.architecture import sequence
from nnlab.nets.presets import preset
from nnlab.program import own_command, own_environment
from nnlab.training.batches import normalise
from nnlab.training.weights import TrainedModel, WeightsInfo, save_weights


def trained(name: str, data: Dataset, seed: int = 0) -> TrainedModel:
    layers = preset(name).build(data.shape, len(data.classes), seed=seed)
    model = TrainedModel(OrderedDict(layers.named_children()))
    model.info = WeightsInfo.of(preset(name), data, 0)
    return model.eval()


def ended(model: TrainedModel, data: Dataset, most: int) -> Remembered:
    *counts, found = remember(model, data, most)
    assert counts[-1] == (most, most) and isinstance(found, Remembered)
    return found


@pytest.mark.parametrize("name", ["logistic", "mlp", "net", "convnet"])
def test_the_nearest_are_those_of_all_distances(name: str) -> None:
    data = random_dataset(train=800)
    model = trained(name, data)
    found = ended(model, data, 700)
    assert torch.equal(found.labels, data.train.labels[found.indices]) and len(found.indices.unique()) == 700
    x = normalise(data.test.images[:1], data.mean, data.std)

    def reference(batch: Tensor) -> Tensor:
        *body, last = model.children()
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            for layer in body:
                batch = layer(batch)
        return batch

    every = reference(normalise(data.train.images[found.indices], data.mean, data.std))
    assert torch.allclose(found.features, every, atol=1e-5)
    asked = reference(x)[0]
    assert torch.allclose(features_of(model, x), asked, atol=1e-6)
    distances = (every.double() - asked.double()).norm(dim=1)
    order = distances.argsort()[:5]
    near = found.nearest(features_of(model, x))
    assert [one.index for one in near] == found.indices[order].tolist()
    assert all(torch.equal(one.image, data.train.images[one.index]) for one in near)
    assert [one.distance for one in near] == pytest.approx(distances[order].tolist(), rel=1e-5)


def test_an_image_of_the_training_set_finds_itself_first() -> None:
    data = random_dataset(train=400)
    model = trained("convnet", data)
    found = ended(model, data, 300)
    for at in (0, 123, 299):
        index = int(found.indices[at])
        x = normalise(data.train.images[index : index + 1], data.mean, data.std)
        first, second = found.nearest(features_of(model, x), 2)
        assert first.index == index and first.distance < 1e-4 < second.distance


def test_memory_is_bounded_and_what_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random_dataset(train=200)
    monkeypatch.setattr(neighbours, "MOST_BYTES", (4 * 64 + 28 * 28) * 50)
    *_, found = remember(trained("convnet", data), data)
    assert isinstance(found, Remembered) and found.features.shape == (50, 64) and found.count == 200
    with pytest.raises(LabError, match="Compared are 64 features"):
        found.nearest(torch.zeros(3))
    ends = sequence("ends", ("conv2d", {"out_channels": 10, "kernel_size": 28}), "flatten")
    model = TrainedModel(OrderedDict(ends.build(data.shape, 10).named_children())).eval()
    model.info = WeightsInfo.of(ends, data, 0)
    with pytest.raises(LabError, match="no space"):
        list(remember(model, data))


def test_another_network_has_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = random_dataset()
    first, other = trained("net", data, seed=0), trained("net", data, seed=1)
    assert weights_digest(first) == weights_digest(trained("net", data, seed=0)) != weights_digest(other)
    assert remembered_file(first, "strokes") != remembered_file(first, "mnist")
    for number in range(30):
        (tmp_path / f"{number}.safetensors").touch()
    tidy(tmp_path)
    assert len(list(tmp_path.iterdir())) == 24


def test_what_is_written_is_what_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = random_dataset(train=500)
    model = trained("net", data)
    weights, file = tmp_path / "weights.safetensors", tmp_path / "made" / "features.safetensors"
    save_weights(weights, model.state_dict(), model.info)
    monkeypatch.setattr(remembering, "load_dataset", lambda name: data)
    threads = torch.get_num_threads()
    remembering.main(weights, data.name, file)
    torch.set_num_threads(threads)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == [500, 500]
    found, (*_, wanted) = Remembered.load(file), remember(model, data)
    assert isinstance(wanted, Remembered)
    for name in ("features", "indices", "labels", "images"):
        assert torch.equal(getattr(found, name), getattr(wanted, name))
    assert (found.dataset, found.count) == (data.name, 500)
    file.write_bytes(b"damaged")
    with pytest.raises(LabError, match="cannot be read"):
        Remembered.load(file)


def test_the_process_tells_what_is_wrong(tmp_path: Path) -> None:
    data = random_dataset()
    model = trained("logistic", data)
    save_weights(tmp_path / "weights", model.state_dict(), model.info)
    command = own_command(
        str(tmp_path / "weights"), "nosuch", str(tmp_path / "file"), module=remembering.__name__
    )
    done = subprocess.run(command, env=own_environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and 'There is no dataset "nosuch"' in done.stderr
    assert not (tmp_path / "file").exists()
