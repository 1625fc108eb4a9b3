"""Browse: the path of an image, its histogram, its channels, and what is told of its class."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets_page import component, facts, show
from PIL import Image
from published import NAMES, torchvision_items, write_dataset
from torchvision.transforms import v2

from nnlab.data import load_dataset
from nnlab.data.images import ImageOptions, import_images
from nnlab.data.moments import class_moments


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    return tmp_path


def uneven(root: Path) -> None:
    """A small MNIST whose classes have 12, 1, 0, 0, ... images of 16 in both splits."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    labels = np.array([0] * 12 + [9] + [4] * 3, np.uint8)
    for split in ("train", "t10k"):
        head = np.array([len(labels), 28, 28], ">u4").tobytes()
        images = np.random.default_rng(0).integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
        (folder / f"{split}-images-idx3-ubyte").write_bytes(bytes((0, 0, 8, 3)) + head + images.tobytes())
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(bytes((0, 0, 8, 1)) + head[:4] + labels.tobytes())


def floats(blob: bytes) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(blob, "<f4").copy())


def as_told(values: torch.Tensor) -> dict[str, str]:
    """A tensor's numbers as the page writes them, computed by NumPy."""
    array = values.numpy().astype(np.float64)
    places = 4 if values.is_floating_point() else 2
    whole = places if values.is_floating_point() else 0
    told = {
        "dtype": str(values.dtype).removeprefix("torch."),
        "shape": " × ".join(map(str, values.shape)),
        "min": f"{array.min():.{whole}f}",
        "max": f"{array.max():.{whole}f}",
        "mean": f"{array.mean():.{places}f}",
        "std": f"{array.std():.{places}f}",
    }
    return {name: text.replace("-", "−") for name, text in told.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_path_of_an_image_is_torchvisions(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(name, root, monkeypatch)
    page = show(dataset=name, split="test", sample=11)
    assert not page.exception and not page.warning
    header, (pixels, scaled, normalised, file) = component(page, "datasets-path")
    data = load_dataset(name)
    picture, _ = torchvision_items(name, root, train=False)[11]
    image = v2.functional.to_image(picture)
    image = image.mT if name.startswith("emnist") else image  # stored column by column
    shown = torch.from_numpy(np.frombuffer(pixels, np.uint8).copy()).view(*header["shape"])
    assert torch.equal(shown, image)

    # What the page says becomes of each byte, looked up for the pixels, is what torchvision makes of them.
    to_float = v2.functional.to_dtype(image, torch.float32, scale=True)
    assert torch.equal(floats(scaled)[shown.long()], to_float)
    table = floats(normalised).view(len(image), 256)
    mine = torch.stack([line[channel.long()] for line, channel in zip(table, shown, strict=True)])
    theirs = v2.functional.normalize(to_float, data.mean, data.std)
    assert torch.equal(mine, theirs)
    for step, values in zip(header["steps"][2:], (shown, to_float, theirs), strict=True):
        assert dict(step["facts"]) == as_told(values)
    assert dict(header["steps"][1]["facts"])["mode"] == picture.mode
    assert dict(header["steps"][1]["facts"])["size"] == f"{picture.width} × {picture.height}"

    path = root / dict(header["steps"][0]["facts"])["folder"].lstrip("/") / header["steps"][0]["code"]
    assert path.is_file()
    if header["first"] is not None:  # these are the very bytes of the file, in the order that is said
        assert path.read_bytes()[header["first"] : header["first"] + len(file)] == file
    if file:
        order = shown.mT if header["byColumns"] else shown
        assert order.contiguous().numpy().tobytes() == file
    assert bool(file) == (name not in ("usps", "svhn"))


def test_the_path_of_strokes_has_no_file() -> None:
    header, (*_, file) = component(show(dataset="strokes", sample=2_003), "datasets-path")
    assert file == b"" and header["steps"][0]["code"] == ""
    assert dict(header["steps"][0]["facts"]) == {
        "place": "written by the pen: image 3 of write_digits(2000, seed=1001)"
    }


def test_the_path_of_an_own_image_begins_with_its_file(root: Path) -> None:
    files = {}
    for name in ("cat", "dog"):
        for i in range(5):
            file = io.BytesIO()
            pixels = np.random.default_rng(i).integers(0, 256, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(file, "JPEG")
            files[f"{name}/{i}.jpg"] = file.getvalue()
    with zipfile.ZipFile(root / "pets.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    info = import_images(root / "pets.zip", ImageOptions(image_size=16), name="pets")
    page = show(dataset=info.name, split="test", sample=1)
    assert not page.exception and not page.warning
    header, (pixels, _scaled, _normalised, begin) = component(page, "datasets-path")
    first, picture = (dict(step["facts"]) for step in header["steps"][:2])
    path = f"{first['folder']}/{header['steps'][0]['code']}"
    assert begin and files[path].startswith(begin)
    assert first["bytes"] == f"{len(files[path]):,}" and "JPEG" in header["packed"]
    assert picture == {"format": "JPEG", "mode": "RGB", "size": "50 × 40", "brought to": "RGB, 16 × 16"}
    assert pixels == load_dataset(info.name).test.images[1].numpy().tobytes()


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_the_histogram_counts_each_byte(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(name, root, monkeypatch)
    page = show(dataset=name, sample=3)
    header, (counts, axes) = component(page, "datasets-histogram")
    data = load_dataset(name)
    image = data.train.images[3]
    found = np.frombuffer(counts, "<i4").reshape(len(image), 256)
    expected = np.stack([np.bincount(c.flatten().numpy(), minlength=256) for c in image])
    assert np.array_equal(found, expected)
    assert np.array_equal(floats(axes).view(-1, 256)[0], np.arange(256))
    assert len(header["axes"]) == 2 + len(image)

    page.session_state["datasets-histogram-table"] = True  # its twin
    table = page.run().dataframe[0].value
    assert table["uint8"].tolist() == expected.sum(0).nonzero()[0].tolist()
    assert table.iloc[:, -len(image) :].to_numpy().sum() == image.numel()


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_pixels_as_a_table_and_channels_as_pictures(
    name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(name, root, monkeypatch)
    image = load_dataset(name).train.images[5]
    page = show(dataset=name, sample=5, detail="pixels")
    assert len(page.dataframe) == len(image)
    for frame, channel in zip(page.dataframe, image, strict=True):
        assert np.array_equal(frame.value.to_numpy(), channel.numpy())
    page = show(dataset=name, sample=5, detail="channels")
    if len(image) == 1:
        assert "channels" in page.warning[0].value  # a grey image has none to take apart
    else:
        header, _ = component(page, "datasets-channels")
        assert header["shape"] == [3, 1, 32, 32]
        assert header["captions"] == ["Red [0]", "Green [1]", "Blue [2]"]


def test_mean_and_variance_of_each_class(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("cifar10", root, monkeypatch)
    page = show(dataset="cifar10", split="test", detail="classes")
    moments = class_moments(load_dataset("cifar10").test, 10)
    for key, expected in (("mean", moments.mean), ("variance", moments.variance)):
        header, (blob,) = component(page, f"datasets-{key}-cifar10")
        assert header["kind"] == "light" and header["captions"] == list(load_dataset("cifar10").classes)
        assert torch.equal(floats(blob).view(10, 3, 32, 32).nan_to_num(-1), expected.float().nan_to_num(-1))


def test_class_balance_in_numbers(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("mnist", root, monkeypatch)
    page = show(dataset="mnist", detail="balance")
    table = page.dataframe[-1].value
    data = load_dataset("mnist")
    counts = {
        "Training": np.bincount(data.train.labels, minlength=10),
        "Test": np.bincount(data.test.labels, minlength=10),
    }
    assert table["Class"].tolist() == list(data.classes)
    for title, expected in counts.items():
        assert table[title].tolist() == expected.tolist()
    assert len(page.get("plotly_chart")) == 1
    ratio = counts["Training"].max() / counts["Training"].min()
    assert facts(page)["Class balance"] == f"{ratio:.2f} : 1"
    told = next(text.value for text in page.markdown if "Training" in text.value)
    assert f"{ratio:.2f} times as many" in told and ":material/warning:" in told


def test_a_class_without_images_is_told(root: Path) -> None:
    uneven(root)
    page = show(dataset="mnist", detail="balance")
    assert facts(page)["Class balance"] == "12 : 0"
    told = [text.value for text in page.markdown if ":material/warning:" in text.value]
    assert len(told) == 2 and all("no image at all" in text and "12" in text for text in told)


@pytest.mark.parametrize("detail", ["histogram", "pixels", "classes", "balance"])
def test_details_are_in_the_url(detail: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("mnist", root, monkeypatch)
    page = show(dataset="mnist")
    assert page.segmented_control(key="datasets-detail").value == "histogram"
    page.segmented_control(key="datasets-detail").set_value(detail).run()
    wanted: dict[str, Any] = {"dataset": "mnist"} | ({} if detail == "histogram" else {"detail": detail})
    assert page.query_params == wanted and not page.exception


def test_channels_do_not_follow_to_a_grey_dataset(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("cifar10", root, monkeypatch)
    write_dataset("mnist", root, monkeypatch)
    page = show(dataset="cifar10", detail="channels")
    page.selectbox(key="datasets-dataset").select("mnist").run()
    assert page.query_params == {"dataset": "mnist"} and not page.warning
