"""Strips of values in a real browser: what the pointer and the keys read is what was sent."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page

X = torch.arange(10, dtype=torch.float32)[None] / 3 - 1
H = torch.sin(torch.arange(40, dtype=torch.float32)).view(4, 10)


@pytest.fixture
def show(serve: Callable[[str], str], open_page: Callable[..., Page]) -> Callable[..., Page]:
    def shown(**options: object) -> Page:
        page = open_page(serve("tests/apps/strips.py"), **options)
        expect(page.locator("canvas.selectable")).to_have_attribute("data-version", re.compile(r"\d+"))
        return page

    return shown


def chosen(page: Page) -> object:
    return page.get_by_test_id("stText").first


def value(page: Page) -> torch.Tensor:
    return torch.tensor(float(page.locator(".readout").inner_text().rpartition("= ")[2]))


def test_the_pointer_reads_every_strip_and_a_click_selects(show: Callable[..., Page]) -> None:
    page = show()
    canvas = page.locator("canvas.selectable")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + 30)  # the last column of the first strip
    expect(page.locator(".readout")).to_have_text(re.compile(r"^x \[t9\] = "))
    assert value(page) == X[0, 9]
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + 70)
    expect(page.locator(".readout")).to_have_text(re.compile(r"^h \[t9, \d\] = "))
    row = int(re.search(r"t9, (\d)", page.locator(".readout").inner_text())[1])
    assert value(page) == H[row, 9]
    page.mouse.down()
    page.mouse.up()
    expect(chosen(page)).to_have_text(f"chosen: (9, {row})")


def test_the_arrow_keys_walk_over_all_strips(show: Callable[..., Page]) -> None:
    page = show()
    canvas = page.locator("canvas.selectable")
    canvas.focus()
    page.keyboard.press("ArrowRight")  # from what is selected, (2, 1)
    expect(page.locator(".readout")).to_have_text(re.compile(r"^h \[t3, 1\]"))
    assert value(page) == H[1, 3]
    expect(chosen(page)).to_have_text("chosen: (3, 1)")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # into the strip above, where no row is selected
    expect(page.locator(".readout")).to_have_text(re.compile(r"^x \[t3\]"))
    assert value(page) == X[0, 3]
    expect(chosen(page)).to_have_text("chosen: (3, 0)")


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_page(show: Callable[..., Page], width: int, scheme: str) -> None:
    page = show(viewport={"width": width, "height": 800}, color_scheme=scheme)
    box = page.locator("canvas.selectable").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    # Zero is the page's own tone: the cell of h at (0, 0) is sin 0.
    tone = page.locator("canvas.selectable").evaluate(
        """(canvas) => {
          const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          const zero = matchMedia("(prefers-color-scheme: dark)").matches ? [23, 29, 37] : [245, 245, 242];
          let found = 0;
          for (let at = 0; at < pixels.length; at += 4)
            if (zero.every((part, i) => Math.abs(pixels[at + i] - part) <= 1)) found += 1;
          return found;
        }"""
    )
    assert tone > 30
