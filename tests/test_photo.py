"""Photographs of digits: every step from the file to the images that a network is given."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from hostile import PICTURES
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy import ndimage

from nnlab.data.ink import centre_of_mass
from nnlab.data.strokes.pen import write_digits
from nnlab.drawing import image_logits, logits_score, shipped_facts, shipped_model
from nnlab.drawing.photo import Photo, read_photo
from nnlab.drawing.photo.digits import cut_out
from nnlab.drawing.photo.examples import EXAMPLES, example_photo
from nnlab.drawing.photo.light import even_light
from nnlab.drawing.photo.lines import without_lines
from nnlab.drawing.photo.pieces import MOST, Box, part, reading_order
from nnlab.drawing.photo.reading import SIDE, read_picture
from nnlab.drawing.photo.thin import paths, thinned
from nnlab.drawing.photo.threshold import ink_level, otsu
from nnlab.errors import DataError, LabError
from tests import photos


def png(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def page(height: int = 240, width: int = 320, shade: int = 230) -> np.ndarray:
    return np.full((height, width), shade, np.uint8)


def said(photo: Photo) -> list[int]:
    model = shipped_model()
    return [int(image_logits(model, image[None]).argmax()) for image in photo.images()]


# Whole photographs, with light that is not even


def matched(photo: photos.Taken) -> tuple[int, int]:
    """How many of the digits written are found, and how many of these read right."""
    read = read_photo(photo.data)
    places = [read.place(digit) for digit in read.digits]
    found, right, _ = photos.matched(photo.written, list(zip(places, said(read), strict=True)))
    return found, right


def taken(scene: photos.Scene, seed: int, page: photos.Page) -> photos.Taken:
    rng = np.random.default_rng(seed)
    digits = photos.stranger_digits(page.count, rng, page.tall, page.pen)
    return photos.photograph(digits, scene, rng, size=page.size, columns=page.columns, spread=page.spread)


SMALL = photos.Page(10, 5, (60, 110), (0.05, 0.14), (700, 330))


@pytest.mark.parametrize("name", [*photos.CLEAN, *photos.UNEVEN])
def test_at_least_nine_of_ten_digits_are_found_and_right(name: str) -> None:
    found, right = matched(taken(photos.SCENES[name], 3, SMALL))
    assert found >= 9 and right >= 9


@pytest.mark.parametrize(
    "name",
    ["blackboard, light from one side", "squared paper, gradient, turned", "on a dark table", "pencil"],
)
def test_other_pages_are_read_as_well(name: str) -> None:
    photo = taken(photos.SCENES[name], 5, SMALL)
    assert read_photo(photo.data).light.ink == ("light" if name.startswith("blackboard") else "dark")
    assert matched(photo)[1] >= 9


def test_digits_come_in_reading_order_with_their_boxes_in_the_files_pixels() -> None:
    photo = taken(photos.Scene(), 1, photos.Page(10, 5, (180, 300), (0.06, 0.1), (2400, 1100)))
    read = read_photo(photo.data)
    assert read.picture.colour.shape[1] == SIDE and read.picture.scale == pytest.approx(1.5)
    assert said(read) == [digit for digit, _ in photo.written]
    for digit, (_, box) in zip(read.digits, photo.written, strict=True):
        assert read.place(digit) == pytest.approx(box, abs=8)


def test_the_same_digits_dark_and_light_give_nearly_the_same_images() -> None:
    dark = page()
    ImageDraw.Draw(drawn := Image.fromarray(dark)).line([(100, 60), (180, 60), (130, 190)], 30, 9)
    first = read_photo(png(np.asarray(drawn))).images()
    second = read_photo(png(255 - np.asarray(drawn))).images()
    assert first.shape == second.shape == (1, 1, 28, 28)
    assert (first.int() - second.int()).abs().float().mean() < 6


def test_the_ink_can_be_told() -> None:
    drawn = Image.fromarray(page())
    ImageDraw.Draw(drawn).line([(100, 60), (130, 190)], 30, 9)
    assert read_photo(png(np.asarray(drawn)), "dark").light.ink == "dark"
    assert read_photo(png(np.asarray(drawn)), "light").light.ink == "light"


@pytest.mark.parametrize("name", EXAMPLES)
def test_in_the_examples_every_digit_is_found_and_looks_like_one(name: str) -> None:
    read = read_photo(example_photo(name))
    assert len(read.digits) == 15 and read.light.ink == ("light" if name == "board" else "dark")
    model, facts = shipped_model(), shipped_facts()
    scores = [logits_score(image_logits(model, image[None])) for image in read.images()]
    assert sum(score >= facts["threshold"] for score in scores) >= 14


# The file


def test_a_photograph_is_turned_as_its_camera_says() -> None:
    wide = Image.fromarray(page(200, 400))
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    wide.save(buffer, "JPEG", exif=exif)
    picture = read_picture(buffer.getvalue())
    assert picture.size == (200, 400) and picture.grey.shape == (400, 200)


def test_a_large_jpeg_is_read_at_a_fraction_of_its_size() -> None:
    picture = read_picture(png(page(4400, 6000), "JPEG"))  # 26 million pixels
    assert picture.size == (6000, 4400) and picture.grey.shape == (1173, SIDE)
    with pytest.raises(DataError, match="more than 16 million pixels"):
        read_picture(png(page(4400, 6000)))


def test_a_tiny_picture_is_enlarged_and_read() -> None:
    test = taken(photos.Scene(), 2, photos.Page(1, 1, (20, 21), (0.12, 0.13), (28, 28), 0.0))
    read = read_photo(test.data)
    assert max(read.picture.grey.shape) == 320 and len(read.digits) == 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_gives_grey(mode: str) -> None:
    picture = Image.fromarray(page())
    ImageDraw.Draw(picture).line([(150, 60), (150, 190)], 30, 9)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    elif mode == "LA":
        picture.putalpha(255)
    else:
        picture = picture.convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG" if mode == "CMYK" else "PNG")
    read = read_photo(buffer.getvalue())
    assert said(read) == [1]


# Uneven light


def test_a_slope_of_light_leaves_a_bare_page_bare() -> None:
    slope = np.linspace(60, 250, 400).round().astype(np.uint8)
    even = even_light(np.tile(slope, (300, 1)))
    assert even.contrast.max() < 0.1 and ink_level(even.contrast) is None


def test_the_same_ink_has_the_same_contrast_in_the_light_and_in_the_shadow() -> None:
    light = np.where(np.arange(600) < 300, 1.0, 0.45)[None] * np.ones((400, 1))
    paper = np.full((400, 600), 0.9)
    paper[100:300, 140:150] = paper[100:300, 440:450] = 0.2
    even = even_light((255 * paper * light).round().astype(np.uint8))
    bright, dim = even.contrast[200, 145], even.contrast[200, 445]
    assert bright == pytest.approx(np.log(0.9 / 0.2), rel=0.12) and dim == pytest.approx(bright, rel=0.12)
    level = ink_level(even.contrast)
    assert level is not None and set(np.unique(np.nonzero((even.contrast > level)[200])[0] // 10)) <= {
        13, 14, 15, 43, 44, 45,
    }  # fmt: skip


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_otsu_is_the_threshold_with_the_greatest_variance_between(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.concatenate((rng.normal(0, 1, 300), rng.normal(rng.uniform(2, 6), 1, 200)))
    counts, edges = np.histogram(values, 128)
    middles = (edges[:-1] + edges[1:]) / 2

    def between(cut: int) -> float:
        low, high = counts[:cut].sum(), counts[cut:].sum()
        first = np.average(middles[:cut], weights=counts[:cut])
        second = np.average(middles[cut:], weights=counts[cut:])
        return float(low * high * (first - second) ** 2)

    chosen = int(np.argmin(np.abs(edges - otsu(values))))
    best = max(between(cut) for cut in range(1, 128) if counts[:cut].any() and counts[cut:].any())
    assert between(chosen) == pytest.approx(best)


# Lines and pieces


def test_printed_lines_go_and_the_strokes_across_them_stay() -> None:
    ink = np.zeros((400, 600), bool)
    ink[100:300, 290:304] = True  # a 1
    stroke = ink.copy()
    for y in range(40, 400, 60):
        ink[y : y + 3] = True
    ink[:, 100:103] = ink[:, 500:503] = True
    cleaned, count = without_lines(ink)
    assert count == 8
    assert (cleaned & stroke).sum() > 0.97 * stroke.sum()
    assert (cleaned & ~stroke).sum() < 0.02 * ink.sum()


def test_digits_in_a_row_or_a_column_are_no_printed_line() -> None:
    level = np.zeros((200, 600), bool)
    for x in (60, 240, 420):
        level[96:102, x : x + 120] = True  # three strokes, six tenths of the width
    cleaned, count = without_lines(level)
    assert count == 0 and (cleaned == level).all()
    assert without_lines(level.T)[1] == 0


def test_a_hat_apart_belongs_to_its_five_and_neighbours_stay_apart() -> None:
    ink = np.zeros((200, 400), bool)
    ink[40:140, 60:70] = ink[130:140, 60:110] = True  # the body
    ink[25:33, 72:112] = True  # its hat, eight pixels off
    ink[30:140, 150:160] = ink[30:140, 172:182] = True  # 1 1
    boxes = [box for box, _ in part(ink).digits]
    assert boxes == [Box(60, 25, 112, 140), Box(150, 30, 160, 140), Box(172, 30, 182, 140)]


def test_specks_and_the_pages_edge_are_dropped_and_counted() -> None:
    ink = np.zeros((300, 400), bool)
    ink[100:200, 150:160] = True
    ink[:, :12] = True  # the edge
    ink[20::40, 60::60] = True
    ink[20:22, 60:62] = True
    found = part(ink, 10)
    assert [box for box, _ in found.digits] == [Box(150, 100, 160, 200)]
    assert found.edges == 1 and found.specks >= 30


def test_rows_that_rise_are_read_one_after_the_other() -> None:
    steps = [(40 * i, 100 * row - 9 * i) for row in (2, 1) for i in range(8)]
    boxes = [Box(x, y, x + 20, y + 40) for x, y in steps]
    order = [box for box, _ in reading_order([(box, ()) for box in boxes])]
    assert order == boxes[8:] + boxes[:8]


def test_many_digits_are_counted_but_not_all_read() -> None:
    ink = np.zeros((1000, 1000), bool)
    for y in range(20, 980, 60):
        for x in range(20, 980, 60):
            ink[y : y + 30, x : x + 5] = True
    found = part(ink, 5)
    assert len(found.digits) == MOST and found.more == 256 - MOST


# One digit


def test_thinning_keeps_what_is_connected_and_every_hole() -> None:
    eight = np.ones((3, 3), bool)
    for image in write_digits(20, 3).images[:, 0].numpy():
        ink = np.pad(ndimage.zoom(image, 3, order=1) > 110, 2)
        thin = thinned(ink)
        assert (thin <= ink).all()
        assert ndimage.label(thin, eight)[1] == ndimage.label(ink, eight)[1]
        assert ndimage.label(~thin)[1] == ndimage.label(~ink)[1]
        # Along every line at most a corner is thicker than one pixel.
        assert not ndimage.binary_erosion(thin, np.ones((3, 3), bool)).any()


def test_paths_cover_the_skeleton_and_spurs_are_cut() -> None:
    ink = np.zeros((60, 80), bool)
    ink[20:30, 10:70] = True
    ink[16:20, 38:42] = True  # a bump
    (path,) = paths(thinned(ink), 10.0)
    assert np.abs(path[:, 1] - 24.5).max() <= 2
    assert path[:, 0].min() < 18 and path[:, 0].max() > 62
    ring = np.zeros((60, 60), bool)
    y, x = np.mgrid[:60, :60]
    ring[np.abs(np.hypot(y - 30, x - 30) - 20) < 4] = True
    (around,) = paths(thinned(ring), 8.0)
    assert (around[0] == around[-1]).all()
    assert np.abs(np.hypot(around[:, 0] - 30, around[:, 1] - 30) - 20).max() < 2


@pytest.mark.parametrize(("pen", "redrawn"), [(2, True), (20, False), (90, True)])
def test_a_digits_image_has_mnists_place_whatever_the_pen(pen: int, redrawn: bool) -> None:
    drawn = Image.new("L", (200, 260))
    ImageDraw.Draw(drawn).line([(60, 40), (140, 40), (90, 220)], 255, pen, joint="curve")
    contrast = np.asarray(drawn, np.float32) / 255
    ys, xs = np.nonzero(contrast > 0.5)
    box = Box(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
    digit = cut_out(box, contrast, contrast[box.top : box.bottom, box.left : box.right] > 0.5)
    assert digit.redrawn == redrawn
    image = torch.from_numpy(digit.image)
    x, y = centre_of_mass(image).tolist()
    assert abs(x - 14) <= 0.6 and abs(y - 14) <= 0.6
    rows = torch.nonzero(image.amax(1) > 60).flatten()
    assert 19 <= int(rows[-1] - rows[0]) + 1 <= 21
    where = digit.in_photo(np.concatenate(digit.strokes))
    inside = contrast[where[:, 1].round().astype(int), where[:, 0].round().astype(int)]
    assert (inside > 0.4).mean() > 0.95


# What is no photograph of digits


def odd() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    specks = page(1200, 1600)
    specks[rng.integers(0, 1200, 50_000), rng.integers(0, 1600, 50_000)] = 20
    frames = [Image.fromarray(rng.integers(0, 255, (60, 80), dtype=np.uint8)) for _ in range(3)]
    moving = io.BytesIO()
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    checks = (np.add.outer(np.arange(1000) // 9, np.arange(1000) // 9) % 2 * 255).astype(np.uint8)
    half = np.zeros((300, 400), np.uint8)
    half[:, 200:] = 255
    return {
        "white": png(page(300, 400, 255)),
        "black": png(page(300, 400, 0)),
        "one pixel": png(page(1, 1)),
        "flat": png(page(30, 900)),
        "clear": png(np.zeros((50, 60, 4), np.uint8)),
        "half": png(half),
        "checks": png(checks),
        "specks": png(specks),
        "noise": png(rng.integers(0, 256, (900, 1200, 3), dtype=np.uint8)),
        "moving": moving.getvalue(),
    }


def test_odd_pictures_are_read() -> None:
    for name, data in odd().items():
        read = read_photo(data)
        assert len(read.digits) <= MOST and read.images().shape[1:] == (1, 28, 28)
        if name in ("white", "black", "one pixel", "flat", "clear"):
            assert not read.digits, name


def bomb() -> bytes:
    """A PNG that says it has 2,500 million pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This file is empty."),
        (b"hello, I am a text", "no picture in PNG, JPEG"),
        (b"\x80\x04\x95" + b"K\x01" * 20, "no picture"),
        (bomb(), "more than 16 million pixels"),
        (png(page())[:200], "damaged or cut off"),
        (png(page(), "JPEG")[:300], "damaged or cut off"),
        (png(page(10, 1000)), "too narrow for digits"),
    ],
)
def test_what_is_no_picture_gets_a_sentence(data: bytes, sentence: str) -> None:
    with warnings.catch_warnings(action="ignore"), pytest.raises(DataError, match=sentence):
        read_photo(data)


@pytest.mark.parametrize("name", list(PICTURES))
def test_hostile_pictures_get_a_sentence_or_are_read(name: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        try:
            read_photo(PICTURES[name]())
        except LabError as error:
            assert str(error)
