"""Branches that meet in a real browser: a place is followed in all of them, by pointer and keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page


@pytest.fixture
def show(serve: Callable[[str], str], open_page: Callable[..., Page]) -> Callable[..., Page]:
    def shown(name: str, cards: int) -> Page:
        page = open_page(f"{serve('tests/apps/joined.py')}/?show={name}")
        expect(page.locator("canvas.marks")).to_have_count(cards)
        return page

    return shown


def test_a_sum_is_told_where_it_is_pointed_at_and_kept_where_it_is_chosen(show: Callable[..., Page]) -> None:
    page = show("sum", 3)
    values = page.locator(".value")
    expect(values).to_have_text(["1.7", "−2.4285715", "−0.7285714"])  # 17/10 - 17/7 at [1, 1, 1]
    box = page.locator("canvas.marks").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 3.5 / 4, box["y"] + box["height"] * 2.5 / 3)
    expect(values).to_have_text(["2.3", "−3.2857144", "−0.98571444"])
    page.mouse.move(5, 5)
    expect(values.first).to_have_text("1.7")
    page.locator("canvas.marks").last.press("ArrowRight")
    expect(page.get_by_text("chosen: (1, 1, 2)")).to_be_visible()
    page.get_by_role("button", name="The channel before").click()
    expect(page.get_by_text("chosen: (0, 1, 2)")).to_be_visible()
    expect(values.first).to_have_text("0.6")


def test_a_channel_of_a_concatenation_is_one_branch(show: Callable[..., Page]) -> None:
    page = show("cat", 2)
    titles = page.locator("section b")
    expect(titles).to_have_text(["a [0]", "c"])
    page.get_by_role("button", name="b 2–3").click()
    expect(titles).to_have_text(["b [0]", "c"])
    expect(page.locator(".value")).to_have_text(["−0.71428573", "−0.71428573"])
    expect(page.get_by_text("chosen: (2, 1, 1)")).to_be_visible()


def test_units_of_joined_vectors_are_found_in_their_own_branch(show: Callable[..., Page]) -> None:
    page = show("vectors", 3)
    values = page.locator(".value")
    expect(values).to_have_text(["0.1", "\u00a0", "0.1"])
    for _ in range(3):
        page.locator("canvas.marks").last.press("ArrowRight")
    expect(page.get_by_text("chosen: (4,)")).to_be_visible()
    expect(values).to_have_text(["\u00a0", "0", "0"])
