"""Every format and mode, brought to size: the tensors are those of plain Pillow and torchvision."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from own_images_kit import encoded, noise, packed
from PIL import Image, ImageOps
from torchvision.transforms.functional import pil_to_tensor

from nnlab.data import load_dataset
from nnlab.data.images import FITS, ImageOptions, import_images, look_at, prepare_picture
from nnlab.errors import DataError

WIDE, TALL, SQUARE = (40, 23), (9, 50), (32, 32)


def pictures() -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of a file, for every format and every mode that it can hold."""
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        for size in (WIDE, TALL, SQUARE):
            yield f"png-{mode}-{size[0]}".replace(";", ""), encoded(noise(mode, size), "PNG")
    yield "png-P-clear", encoded(noise("P", WIDE), "PNG", transparency=3)
    yield "png-P-half", encoded(noise("P", WIDE), "PNG", transparency=bytes(range(0, 256, 16)))
    yield "png-L-clear", encoded(noise("L", (64, 64)), "PNG", transparency=7)
    yield "png-RGB-clear", encoded(noise("P", WIDE).convert("RGB"), "PNG",
                                   transparency=noise("P", WIDE).convert("RGB").getpixel((0, 0)))  # fmt: skip
    for mode in ("L", "RGB", "CMYK"):
        for size in (WIDE, TALL, SQUARE):
            yield f"jpeg-{mode}-{size[0]}", encoded(noise(mode, size), "JPEG")
    for turn in range(1, 10):  # 9 is none
        exif = Image.Exif()
        exif[0x0112] = turn
        yield f"jpeg-turned-{turn}", encoded(noise("RGB", WIDE), "JPEG", exif=exif)
        yield f"png-turned-{turn}", encoded(noise("LA", WIDE), "PNG", exif=exif)
        yield f"webp-turned-{turn}", encoded(noise("RGB", WIDE), "WEBP", exif=exif)
    yield "jpeg-progressive", encoded(noise("RGB", WIDE), "JPEG", progressive=True)
    for mode in ("RGB", "RGBA"):
        for lossless in (False, True):
            yield f"webp-{mode}-{lossless}", encoded(noise(mode, WIDE), "WEBP", lossless=lossless)
    frames = [noise("RGB", WIDE, seed) for seed in range(3)]
    yield "webp-moving", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    yield "png-moving", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    moving = [noise("P", WIDE, seed) for seed in range(3)]
    yield "gif-moving", encoded(moving[0], "GIF", save_all=True, append_images=moving[1:])
    yield "gif-clear", encoded(noise("P", TALL), "GIF", transparency=2)
    for mode in ("1", "L", "P", "RGB"):
        yield f"gif-{mode}", encoded(noise(mode, WIDE), "GIF")
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"bmp-{mode}", encoded(noise(mode, WIDE), "BMP")


PICTURES = dict(pictures())


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pictures, by turns in two classes, under names that say nothing of their format."""
    files = {f"{'ab'[i % 2]}/{name}": data for i, (name, data) in enumerate(PICTURES.items())}
    return packed(tmp_path_factory.mktemp("pixels") / "pictures.zip", files)


@pytest.fixture(scope="module", autouse=True)
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNLAB_DATA", str(tmp_path_factory.mktemp("root")))
        yield


def seen(data: bytes) -> Image.Image:
    """By hand: the picture upright, in eight bits, over white, grey or coloured."""
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if picture.mode == "I;16":
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    grey = picture.mode in ("1", "L", "LA")
    if "A" in picture.mode or "transparency" in picture.info:
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    return picture.convert("L") if grey else picture.convert("RGB")


def expected(data: bytes, size: int, channels: int, fit: str) -> torch.Tensor:
    """By hand: the tensor of a file."""
    picture = seen(data).convert({1: "L", 3: "RGB"}[channels])
    if fit == "fit":
        picture = ImageOps.pad(picture, (size, size), Image.Resampling.BILINEAR, color="black")
    elif fit == "fill":
        picture = ImageOps.fit(picture, (size, size), Image.Resampling.BILINEAR)
    else:
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    return pil_to_tensor(picture)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_tensor_is_the_one_by_hand(archive: Path, fit: str, channels: int) -> None:
    size = {"fit": 28, "fill": 17, "stretch": 32}[fit]
    info = import_images(archive, ImageOptions(size, channels, fit))
    data = load_dataset(info.name)
    found = set()
    for split in ("train", "test"):
        images = getattr(data, split).images
        for index in range(len(images)):
            name = info.source.place(split, index).file.split("/")[1]
            found.add(name)
            assert torch.equal(images[index], expected(PICTURES[name], size, channels, fit)), name
    assert found == set(PICTURES)


def test_where_each_picture_comes_from(archive: Path) -> None:
    info = import_images(archive, ImageOptions(8))
    with zipfile.ZipFile(info.source.archive) as source:
        for split, count in (("train", info.train_count), ("test", info.test_count)):
            for index in range(count):
                place = info.source.place(split, index)
                name = place.file.split("/")[1]
                plain = Image.open(io.BytesIO(PICTURES[name]))
                assert (place.format, place.mode, place.size) == (plain.format, plain.mode, plain.size)
                assert place.bytes == len(PICTURES[name])
                assert source.read(place.file) == PICTURES[name]
                assert place.where == "in pictures.zip"


def test_examples_are_the_pictures_before_they_are_brought_to_size(archive: Path) -> None:
    examples = look_at(archive).examples
    assert len(examples) == 8 and {example.label for example in examples} == {"a", "b"}
    for example in examples:
        picture = np.asarray(seen(PICTURES[example.file.split("/")[1]]))
        assert example.picture.ndim == 3 and example.picture.dtype == np.uint8
        assert np.array_equal(example.picture, picture.reshape(example.picture.shape))


def test_large_examples_are_made_smaller(tmp_path: Path) -> None:
    large = encoded(noise("L", (700, 350)), "PNG")
    files = {f"{label}/{i}": large for label in "ab" for i in range(2)}
    example = look_at(packed(tmp_path / "large.zip", files)).examples[0]
    assert example.picture.shape == (128, 256, 1)
    assert example.place.size == (700, 350)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_a_picture_of_any_mode_can_be_prepared(mode: str) -> None:
    picture = noise(mode, WIDE)
    data = encoded(picture, "JPEG", quality=100) if mode == "CMYK" else encoded(picture, "PNG")
    opened = Image.open(io.BytesIO(data))
    for fit in FITS:
        for channels in (1, 3):
            prepared = prepare_picture(opened, 20, channels, fit)
            assert torch.equal(pil_to_tensor(prepared), expected(data, 20, channels, fit))


def test_nothing_would_be_left_of_a_line(tmp_path: Path, archive: Path) -> None:
    line = noise("L", (1000, 3))
    with pytest.raises(DataError, match="1000 x 3 pixels; fitted into 32 x 32 nothing of it is left"):
        prepare_picture(line, 32, 1, "fit")
    assert prepare_picture(line, 32, 1, "fill").size == prepare_picture(line, 32, 1, "stretch").size
    files = {f"{label}/{i}.png": encoded(line, "PNG") for label in "ab" for i in range(2)}
    with pytest.raises(DataError) as failure:
        import_images(packed(tmp_path / "lines.zip", files), ImageOptions())
    assert [problem.file for problem in failure.value.problems] == sorted(files)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_facts_of_the_camera_that_cannot_be_read_are_left_out() -> None:
    from nnlab.pictures import open_picture

    whole = encoded(noise("RGB", WIDE), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01")
    assert open_picture(whole).picture.size == WIDE
