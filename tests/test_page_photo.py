"""The source "A photograph" of the Draw page: examples, uploads, the selected digit, whole pictures."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from datasets_page import component, show_page
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest
from torchvision.transforms import functional as transforms

from nnlab.drawing import image_logits, shipped_model
from nnlab.drawing.photo import read_photo
from nnlab.drawing.photo.examples import example_photo
from nnlab.nets.presets import preset
from nnlab.training.weights import WeightsInfo
from nnlab.ui.draw.photo_shots import take_shot
from nnlab.ui.draw.photo_whole import fitted
from tests import photos

playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page


def photo_page(**query: object) -> AppTest:
    return show_page("draw", {"from": "photo", **query})


def shown(page: AppTest, data: bytes) -> tuple[dict[str, object], list[bytes]]:
    """What the component of that photograph was sent."""
    return component(page, f"photo-{take_shot('', data).key}")


def test_an_example_is_there_at_once_with_every_digit_its_answer() -> None:
    page = photo_page(photo="board")
    assert not page.exception and not page.error
    header, blobs = shown(page, example_photo("board"))
    model = shipped_model()
    images = read_photo(example_photo("board")).images()
    said = [int(image_logits(model, image[None]).argmax()) for image in images]
    assert [box["answer"] for box in header["boxes"]] == [str(answer) for answer in said]
    assert len(header["layers"]) == len(blobs) - 1 == 5
    assert Image.open(io.BytesIO(blobs[1])).size == tuple(header["size"])
    # The last stage of each digit, on the sheet, is what the network is given.
    sheet = np.asarray(Image.open(io.BytesIO(blobs[0])))
    side = sheet.shape[0] // len(images)
    assert (sheet[side : side + 28, 3 * side : 3 * side + 28] == images[1, 0].numpy()).all()
    table = page.dataframe[0].value
    assert list(table["Answer"]) == [str(answer) for answer in said] and len(table["Place (x, y)"]) == 15


def test_uploads_are_kept_and_what_is_none_gets_a_sentence() -> None:
    page = photo_page()
    rng = np.random.default_rng(4)
    scene = photos.Page(6, 3, (90, 130), (0.06, 0.12), (600, 380))
    digits = photos.stranger_digits(scene.count, rng, scene.tall, scene.pen)
    taken = photos.photograph(digits, photos.Scene(gradient=0.5), rng, size=scene.size, columns=3)
    page.file_uploader[0].set_value(
        [("mine.jpg", taken.data, "image/jpeg"), ("not *one*.png", b"text", "image/png")]
    ).run()
    assert not page.exception
    (error,) = page.error
    assert "no picture in PNG, JPEG" in error.value and "not \\*one\\*" in error.value
    header, _ = shown(page, taken.data)
    assert len(header["boxes"]) == 6 and "mine.jpg" in header["label"]
    # It stays while another part of the page is changed, and goes when it is removed.
    page.button(key="photo-remove").click().run()
    assert shown(page, example_photo("paper"))[0]["boxes"] and not page.exception


def test_an_empty_page_says_so() -> None:
    page = photo_page()
    buffer = io.BytesIO()
    Image.new("L", (300, 200), 240).save(buffer, "PNG")
    page.file_uploader[0].set_value([("empty.png", buffer.getvalue(), "image/png")]).run()
    assert not page.exception and "No digits were found." in [info.value for info in page.info]
    header, blobs = shown(page, buffer.getvalue())
    assert header["boxes"] == [] and blobs[0] == b""


@pytest.mark.parametrize("selected", [3, 99, "x", None])
def test_the_selected_digit_is_the_subject_and_nonsense_selects_the_first(selected: object) -> None:
    data = example_photo("paper")
    page = photo_page()
    page.session_state[f"photo-{take_shot('', data).key}"] = {"selected": selected}
    page.run()
    assert not page.exception
    image = read_photo(data).images()[3 if selected == 3 else 0]
    stages, blobs = component(page, "stages")
    assert stages["titles"]["given"] == "What the network sees"
    runs = np.frombuffer(blobs[0], np.uint8).reshape(-1, 2)
    assert (np.repeat(runs[:, 1], runs[:, 0]) == image.numpy().reshape(-1)).all()


def test_a_doubtful_digit_has_no_answer() -> None:
    page = photo_page()
    picture = Image.new("L", (400, 300), 235)
    rng = np.random.default_rng(1)
    at = [(int(x), int(y)) for x, y in rng.integers(60, 240, (40, 2))]
    ImageDraw.Draw(picture).line(at, 30, 5)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    page.file_uploader[0].set_value([("scribble.png", buffer.getvalue(), "image/png")]).run()
    header, _ = shown(page, buffer.getvalue())
    (box,) = header["boxes"]
    assert box["answer"] is None and box["sentence"] == "This does not look like a digit."
    assert list(page.dataframe[0].value["Answer"]) == ["no digit"]


@pytest.mark.parametrize("fit", ["fill", "stretch", "fit"])
def test_a_whole_picture_gets_the_networks_size_and_colours(fit: str) -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (96, 160, 3), dtype=np.uint8))
    info = WeightsInfo(1, preset("logistic"), (3, 32, 32), tuple("abc"), "cifar10", (0.5,) * 3, (0.2,) * 3)
    image = fitted(picture, info, fit)
    assert image.shape == (1, 3, 32, 32) and image.dtype == torch.uint8
    expected = {
        "fill": lambda: transforms.resize(transforms.center_crop(picture, [96, 96]), [32, 32]),
        "stretch": lambda: transforms.resize(picture, [32, 32]),
        "fit": lambda: transforms.pad(transforms.resize(picture, [19, 32]), [0, 6, 0, 7]),
    }[fit]()
    away = (image[0].int() - transforms.pil_to_tensor(expected).int()).abs()
    # Of the middle, cut and made small at once, the outermost columns see a little beyond the cut.
    assert (away[:, :, 1:-1] if fit == "fill" else away).max() <= 1
    grey = fitted(picture, WeightsInfo(1, preset("logistic"), (1, 20, 30), ("a",), "x", (0.5,), (0.2,)), fit)
    assert grey.shape == (1, 1, 20, 30)


@pytest.mark.browser
def test_boxes_are_walked_through_by_keys_and_shown_large(lab: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{lab}/draw?from=photo")
    host = page.locator(".host[data-boxes='15']")
    expect(host).to_have_attribute("data-shown", "0")
    boxes = page.locator("button.box")
    expect(boxes).to_have_count(15)
    boxes.nth(6).click()
    expect(host).to_have_attribute("data-shown", "6")
    expect(boxes.nth(6)).to_have_attribute("aria-pressed", "true")
    boxes.nth(6).press("ArrowRight")
    expect(boxes.nth(7)).to_be_focused()
    expect(host).to_have_attribute("data-shown", "7")
    expect(page.locator(".detail .title")).to_have_text("Digit 8 of 15")
    page.get_by_role("button", name="Black and white").click()
    expect(page.locator(".frame img")).to_have_attribute("alt", re.compile("Black and white"))
    page.get_by_text("한국어").click()
    expect(page.locator(".detail .title")).to_be_visible()
