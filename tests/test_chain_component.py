"""Layers in a row in a real browser: what a unit sees is told to pointer, keys and fingers alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page


@pytest.fixture
def show(serve: Callable[[str], str], open_page: Callable[..., Page]) -> Callable[..., Page]:
    def shown(**options: object) -> Page:
        page = open_page(serve("tests/apps/chain.py"), **options)
        expect(page.get_by_role("option")).to_have_count(3)
        return page

    return shown


def maps(page: Page, stage: int) -> Page:
    return page.locator(".stage").nth(stage).locator("canvas.marks")


# Row 3, column 5 of arange(64)/64 is the largest of that window: 29/64.
LAST = "pool1[0, 1, 2] = 0.453125 · sees rows 2–3, columns 4–5 of the input"


def test_the_keys_walk_over_the_units(show: Callable[..., Page]) -> None:
    page = show()
    canvas = maps(page, 1)
    canvas.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        canvas.press(key)
    expect(page.locator(".readout")).to_have_text(LAST)
    expect(page.get_by_test_id("stText")).to_have_text("chosen: 1")  # the row was not walked over
    page.get_by_role("option").nth(1).press("ArrowRight")
    expect(page.get_by_test_id("stText")).to_have_text("chosen: 2")


def test_a_tap_points_and_chooses(show: Callable[..., Page]) -> None:
    page = show(has_touch=True)
    box = maps(page, 2).bounding_box()
    page.touchscreen.tap(box["x"] + 0.5 * box["width"], box["y"] + 0.5 / 16 * box["height"])
    expect(page.get_by_test_id("stText")).to_have_text("chosen: 2")
    expect(page.locator(".readout")).to_contain_text("flatten1[0] (unit 0) = 0.140625 · sees rows 0–7")
    box = maps(page, 1).bounding_box()
    page.touchscreen.tap(box["x"] + 2.5 / 4 * box["width"], box["y"] + 1.5 / 4 * box["height"])
    expect(page.get_by_test_id("stText")).to_have_text("chosen: 1")
    expect(page.locator(".readout")).to_have_text(LAST)
