"""Drawings of one's own in a browser: told to be wrong, kept, given a new class, there after a reload."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page
pytestmark = pytest.mark.browser

SEVEN = [(0.32, 0.28), (0.68, 0.28), (0.6, 0.46), (0.45, 0.78)]


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    canvas = page.locator("canvas.paper")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def test_a_seven_that_should_be_a_one_is_explained_kept_and_found_again(
    lab: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{lab}/draw?part=why")
    draw(page, SEVEN)
    page.locator("[class*=st-key-why-right] button").nth(1).click()
    drawn = page.locator(".nnlab-flips figure.drawn")
    expect(drawn).to_contain_text("says 7")
    expect(page.get_by_text("The smallest changes that make it say 1")).to_be_visible()
    # The matrix comes from a process; the page looks for it by itself.
    expect(page.locator(".nnlab-confusion td.here")).to_have_count(1, timeout=180_000)
    page.get_by_role("button", name="Keep this drawing as 1").click()
    expect(page.get_by_text("Kept. Your drawings: 1")).to_be_visible()
    expect(page).to_have_url(re.compile(r"own=(~|%7E)[0-9a-f]{20}"))
    page.get_by_text("Your drawings", exact=True).click()
    page.get_by_role("button", name="Another class").click()
    page.locator(".st-key-own-other input").fill("a flag")
    page.keyboard.press("Enter")
    page.locator(".st-key-own-keep-other button").click()
    expect(page.get_by_text("Your drawings: 2 · 1: 1 · a flag: 1")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Your drawings: 2 · 1: 1 · a flag: 1")).to_be_visible()
    expect(page.get_by_text("Left out: 1 of your drawings.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    assert download.value.suggested_filename == "drawings.zip"


def test_the_network_that_has_learned_the_drawings_answers_once_it_is_chosen(
    lab: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{lab}/draw?part=own")
    facts = page.locator(".st-key-draw-facts")
    draw(page, SEVEN)
    page.locator(".st-key-own-keep-1 button").click()
    page.locator(".st-key-own-tune button").click()
    chosen = page.locator(".st-key-own-use button")
    expect(chosen).to_be_enabled(timeout=180_000)
    expect(facts).not_to_contain_text("of its test images right")
    chosen.click()
    expect(page).to_have_url(re.compile(r"[?&]run=\d"))
    expect(facts).to_contain_text("of its test images right")  # the top of the page has followed
    expect(chosen).to_be_disabled()
