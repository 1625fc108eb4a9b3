"""Descents in a real browser: the start is moved, the steps walked, and nothing is wider than the page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page


@pytest.fixture
def show(lab: str, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A part of the page, with nothing that moves by itself."""

    def shown(query: str, **options: object) -> Page:
        options = {"reduced_motion": "reduce", **options}
        page = open_page(f"{lab}/descent?{query}", **options)
        expect(page.locator("canvas[data-version]")).to_have_count(1)
        return page

    return shown


def picture(page: Page) -> object:
    canvas = page.locator("canvas[data-version]")
    canvas.scroll_into_view_if_needed()
    return canvas


def at(page: Page, part_x: float, part_y: float) -> tuple[float, float]:
    """A place on the map, by its shares of the canvas."""
    box = picture(page).bounding_box()
    return box["x"] + part_x * box["width"], box["y"] + part_y * box["height"]


def test_the_start_is_dragged_and_all_race_from_there(show: Callable[..., Page]) -> None:
    page = show("part=race&steps=20")
    expect(picture(page)).to_have_attribute("data-step", "20")
    page.mouse.move(*at(page, 0.3, 0.3))
    page.mouse.down()
    page.mouse.move(*at(page, 0.7, 0.6), steps=5)
    expect(page.locator(".readout")).to_have_text(re.compile(r"^start: x = "))
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"x=.*y=|y=.*x="))
    x = float(re.search(r"[?&]x=([-\d.]+)", page.url)[1])
    expect(page.get_by_label("Start, x")).to_have_value(f"{x:g}")
    page.get_by_role("button", name="One step back").click()
    for _ in range(19):
        page.get_by_role("button", name="One step back").click()
    expect(picture(page)).to_have_attribute("data-step", "0")
    cell = page.locator(".side tbody tr").first.locator("td").first
    expect(cell).to_have_text(re.compile(rf"^{re.escape(f'{x:g}')},"))


def test_the_arrow_keys_move_the_start_and_space_plays(show: Callable[..., Page]) -> None:
    page = show("part=race&surface=bowl&steps=20")
    expect(picture(page)).to_have_attribute("data-step", "20")
    picture(page).focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"x=-2\.35"))
    page.locator(".player input").focus()
    page.keyboard.press("Home")
    expect(picture(page)).to_have_attribute("data-step", "0")
    picture(page).focus()
    page.keyboard.press(" ")
    expect(picture(page)).to_have_attribute("data-step", "20")


def test_the_pointer_reads_a_step_of_a_trail(show: Callable[..., Page]) -> None:
    page = show("part=race&surface=bowl&steps=20&racers=sgd&x=0&y=0")
    box = picture(page).bounding_box()
    # The map has the bounds ±3 and ±2 between margins of 40 and 14, 8 and 26 pixels.
    page.mouse.move(box["x"] + 40 + (box["width"] - 54) / 2, box["y"] + 8 + (box["height"] - 34) / 2)
    expect(page.locator(".readout")).to_have_text(re.compile(r"^SGD, step \d+: x = 0, y = 0, f = 0$"))
    page.mouse.move(box["x"] + 60, box["y"] + 40)
    expect(page.locator(".readout")).to_have_text(re.compile(r"^x = -2\.\d+, y = 1\.\d+, f ≈ \d+"))


def test_trails_play_by_themselves_where_motion_is_welcome(show: Callable[..., Page]) -> None:
    page = show("part=race&steps=20", reduced_motion="no-preference")
    expect(picture(page)).to_have_attribute("data-step", "20")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".player")).to_have_attribute("data-playing", "true")
    expect(page.locator(".player")).to_have_attribute("data-playing", "false")
    expect(picture(page)).to_have_attribute("data-step", "20")


def test_the_ball_is_walked_and_dragged(show: Callable[..., Page]) -> None:
    page = show("part=line")
    numbers = page.locator(".numbers dd")
    expect(numbers.first).to_have_text("2")
    page.get_by_role("button", name="One step on").click()
    expect(numbers.first).to_have_text("1.6")
    expect(numbers.nth(2)).to_have_text("3.2")
    picture(page).focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"curve-x=1\.88"))


def test_a_click_on_the_chart_takes_that_step_apart(show: Callable[..., Page]) -> None:
    page = show("part=update")
    chart = page.locator(".chart canvas")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.click(box["x"] + 62 + (box["width"] - 74) / 2, box["y"] + 60)
    expect(page).to_have_url(re.compile(r"step=(29|30|31)\b"))
    step = re.search(r"step=(\d+)", page.url)[1]
    expect(picture(page)).to_have_attribute("data-step", step)
    expect(page.locator(".nnlab-update")).to_contain_text(f"0.9^{step}")


@pytest.mark.parametrize("part", ["line", "race", "update", "rate", "schedules"])
def test_nothing_is_wider_than_a_phone(show: Callable[..., Page], part: str) -> None:
    page = show(f"part={part}", viewport={"width": 390, "height": 844})
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390
    for canvas in page.locator("canvas:visible").all():
        box = canvas.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
