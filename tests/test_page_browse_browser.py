"""Browse in a browser: what is pointed at, clicked and typed, and what is then on the screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_in_a_browser(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(lab)
    page.get_by_role("link", name="Datasets").click()
    expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
    page.goto(f"{lab}/datasets?grid=4&seed=2")
    grid = page.get_by_role("listbox")
    expect(grid).to_be_visible(timeout=60_000)  # the built-in dataset may have to be written first
    expect(grid).to_have_attribute("data-version", re.compile(r"\d"))  # painted
    expect(grid.locator("[role=option]")).to_have_count(16)
    grid.click(position={"x": 0.6 * grid.bounding_box()["width"], "y": 40})
    expect(page).to_have_url(re.compile(r"sample=\d+"))
    number = page.get_by_label(re.compile("Image number"))
    expect(number).to_have_value(re.search(r"sample=(\d+)", page.url)[1])

    # The value told under the pointer is the grey of the pixel there.
    single = page.get_by_role("img", name=re.compile("^Image"))
    expect(single).to_be_visible()
    box = single.bounding_box()
    greys = set()
    for part in (0.3, 0.4, 0.5, 0.6, 0.7):
        x, y = part * box["width"], 0.5 * box["height"]
        page.mouse.move(box["x"] + x, box["y"] + y)
        told = page.get_by_text(re.compile(r"^\[0, \d+, \d+\] = \d+$"))
        expect(told).to_be_visible()
        row, column, value = map(int, re.findall(r"\d+", told.text_content())[1:])
        seen = single.evaluate(
            """(canvas, [x, y]) => {
                 const scale = canvas.width / canvas.clientWidth;
                 return canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data[0];
               }""",
            [2 + (column + 0.5) * (box["width"] - 4) / 28, 2 + (row + 0.5) * (box["height"] - 4) / 28],
        )
        assert seen == value
        greys.add(value)
    assert len(greys) > 1

    page.set_viewport_size({"width": 390, "height": 844})
    expect(single).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def values(page: Any) -> list[str]:
    """What each step of the path says of the pixel that is pointed at."""
    return [text.replace("\n", " ") for text in page.locator(".path .value").all_text_contents()]


def test_pointing_at_a_pixel_tells_every_step(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(f"{lab}/datasets?seed=3")
    path = page.get_by_role("group", name=re.compile("of the Training split"))
    expect(path).to_have_attribute("data-version", re.compile(r"\d"), timeout=60_000)
    start = path.get_attribute("data-at")
    path.locator("canvas.picture").nth(1).hover(position={"x": 80, "y": 90})
    expect(path).not_to_have_attribute("data-at", start)
    row, column = map(int, path.get_attribute("data-at").split(","))
    _file, picture, tensor, share, normalised = values(page)
    byte = int(re.fullmatch(rf"\[0, {row}, {column}\] = (\d+)", tensor)[1])
    assert picture == f"getpixel(({column}, {row})) = {byte}"
    assert share == f"{byte} / 255 = {byte / 255:.4f}"
    mean, std, result = re.search(r"− ([\d.]+)\) / ([\d.]+) = (−?[\d.]+)", normalised).groups()
    expected = (byte / 255 - float(mean)) / float(std)
    assert abs(float(result.replace("−", "-")) - expected) < 1e-3
    here = path.locator(".window .here").all_text_contents()
    assert here == [str(byte), f"{byte / 255:.2f}", f"{expected:.2f}".replace("-", "−")]

    path.focus()
    page.keyboard.press("ArrowRight")
    expect(path).to_have_attribute("data-at", f"{row},{column + 1}")
    expect(page.locator(".path + .spoken")).to_contain_text(f"Row {row}, column {column + 1}")

    # Another image: the same pixel of it.
    version = path.get_attribute("data-version")
    page.get_by_role("listbox").focus()
    page.keyboard.press("ArrowDown")
    expect(path).not_to_have_attribute("data-version", version)
    expect(path).to_have_attribute("data-at", f"{row},{column + 1}")


@pytest.mark.mnist
def test_the_bytes_of_the_file_are_pointed_at_too(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    from nnlab.data import is_present

    if not is_present("mnist"):
        pytest.skip("MNIST is not in the data root")
    page = open_page(f"{lab}/datasets?dataset=mnist&sample=7")
    path = page.get_by_role("group", name=re.compile("of the Training split"))
    expect(path).to_have_attribute("data-version", re.compile(r"\d"), timeout=60_000)
    row, column = map(int, path.get_attribute("data-at").split(","))
    place = 16 + 784 * 7 + 28 * row + column
    told = values(page)
    byte = int(told[2].rpartition(" ")[2])
    assert told[0] == f"byte {place:,} = 0x{byte:02X} = {byte}"
    marked = path.locator(".hex .here")
    assert marked.text_content() == f"{byte:02x}"
    path.locator(f".hex [data-at='{28 * row + column - 1}']").click()
    expect(path).to_have_attribute("data-at", f"{row},{column - 1}")


def test_a_new_draw_keeps_everything_in_its_place(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(f"{lab}/datasets?grid=8", viewport={"width": 390, "height": 844})
    path = page.get_by_role("group", name=re.compile("of the Training split"))
    expect(path).to_have_attribute("data-version", re.compile(r"\d"), timeout=60_000)
    chart = page.get_by_role("img", name=re.compile("^Histogram"))
    expect(chart).to_have_attribute("data-version", re.compile(r"\d"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def places() -> list[float]:
        """How far below the grid everything begins, and its height; clicking may scroll."""
        grid, *others = [one.bounding_box() for one in (page.get_by_role("listbox"), path, chart)]
        return [round(one["y"] - grid["y"]) for one in others] + [one["height"] for one in (grid, *others)]

    before = places()
    version = path.get_attribute("data-version")
    page.get_by_role("button", name="Shuffle").click()
    expect(path).not_to_have_attribute("data-version", version)
    expect(page).to_have_url(re.compile("seed=1"))
    assert places() == before


def test_the_mean_image_tells_its_values(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    from nnlab.data import load_dataset
    from nnlab.data.moments import class_moments

    page = open_page(f"{lab}/datasets?detail=classes")
    canvas = page.get_by_role("img", name="Mean image of each class")
    expect(canvas).to_have_attribute("data-version", re.compile(r"\d"), timeout=60_000)
    canvas.scroll_into_view_if_needed()
    canvas.hover(position={"x": 50, "y": 50})
    told = page.get_by_text(re.compile(r"^0 \[0, \d+, \d+\] = [\d.e-]+$"))
    expect(told).to_be_visible()
    row, column, value = re.search(r"\[0, (\d+), (\d+)\] = (.+)$", told.text_content()).groups()
    mean = class_moments(load_dataset("strokes").train, 10).mean.float()
    assert float(value) == pytest.approx(float(mean[0, 0, int(row), int(column)]), abs=1e-7)
    # What is painted there is that share of white; tiles lie 8 pixels apart, 2 from the edge.
    side = ((canvas.bounding_box()["width"] - 4 + 8) / 10 - 8) / 28
    seen = canvas.evaluate(
        """(canvas, [x, y]) => {
             const scale = canvas.width / canvas.clientWidth;
             return canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data[0];
           }""",
        [2 + (int(column) + 0.5) * side, 2 + (int(row) + 0.5) * side],
    )
    assert seen == round(255 * float(value))
