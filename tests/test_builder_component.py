"""The list of layers in a real browser: options edited in place, rows moved, mistakes mended."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page


@pytest.fixture
def show(lab: str, open_page: Callable[..., Page]) -> Callable[..., Page]:
    def shown(query: str = "", **options: object) -> Page:
        page = open_page(f"{lab}/build?{query}", **options)
        expect(page.locator(".row.layer").first).to_be_visible()
        return page

    return shown


def row(page: Page, place: int) -> Page:
    return page.locator(".row.layer").nth(place)


def has_names(page: Page, *wanted: str) -> None:
    """The first rows are these."""
    for place, name in enumerate(wanted):
        expect(row(page, place).locator(".name")).to_have_text(name)


def test_an_option_is_edited_in_place_and_the_caret_stays(show: Callable[..., Page]) -> None:
    page = show()
    row(page, 0).click()
    field = page.get_by_label("out_channels", exact=True)
    field.fill("")
    field.press_sequentially("123")  # three edits, none lost
    expect(row(page, 0).locator(".shape")).to_have_text("123 × 24 × 24")
    expect(row(page, 0).locator(".params")).to_have_text("3,198")
    expect(row(page, 3).locator(".params")).to_have_text("35,456")  # 32 (123 * 9 + 1)
    expect(field).to_be_focused()
    field.press("Home")
    field.press("Delete")
    expect(row(page, 0).locator(".shape")).to_have_text("23 × 24 × 24")
    assert field.evaluate("input => input.selectionStart") == 0
    field.press("Control+z")  # all that was typed since the field was entered
    expect(row(page, 0).locator(".shape")).to_have_text("16 × 24 × 24")
    expect(field).to_have_value("16")
    field.press("Control+Shift+z")
    expect(field).to_have_value("23")
    page.reload()
    expect(row(page, 0).locator(".shape")).to_have_text("23 × 24 × 24")


def test_what_is_wrong_stays_as_it_was_typed(show: Callable[..., Page]) -> None:
    page = show()
    row(page, 0).press("Enter")
    expect(page.get_by_label("in_channels", exact=True)).to_be_focused()
    field = page.get_by_label("kernel_size", exact=True)
    field.fill("big")
    said = page.locator("#mistake-kernel_size")
    expect(said).to_have_text(re.compile("kernel_size of Conv2d is 'big'"))
    page.get_by_label("stride", exact=True).fill("2")
    expect(row(page, 0).locator(".shape")).to_have_text("16 × 12 × 12")  # the rest goes on
    expect(field).to_have_value("big")
    field.fill("3x5")
    expect(row(page, 0).locator(".text")).to_have_text("3×5, 16, stride 2")
    expect(said).to_have_text("")


def test_rows_are_moved_doubled_and_removed_by_keys(show: Callable[..., Page]) -> None:
    page = show()
    row(page, 0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(row(page, 2)).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")  # before the first has been answered
    has_names(page, "relu1", "conv1", "pool1", "conv2")
    expect(row(page, 0)).to_be_focused()
    page.keyboard.press("Control+d")
    has_names(page, "relu1", "relu2", "conv1")
    expect(row(page, 1)).to_be_focused()
    page.keyboard.press("Delete")
    page.keyboard.press("Delete")
    has_names(page, "relu1", "pool1", "conv1")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    has_names(page, "relu1", "relu2", "conv1")
    page.keyboard.press("End")
    for _ in range(6):  # faster than they are answered, behind the end of the list
        page.keyboard.press("Control+d")
    expect(page.locator(".row.layer")).to_have_count(17)
    for _ in range(6):
        page.keyboard.press("Delete")
    expect(page.locator(".row.layer")).to_have_count(11)
    expect(row(page, 10)).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="Redo")).to_be_enabled()
    expect(page.locator(".row.layer")).to_have_count(11)
    page.keyboard.press("Control+z")  # there is one row less: the keys go on from its neighbour
    expect(page.locator(".row.layer")).to_have_count(10)
    expect(row(page, 9)).to_be_focused()
    page.keyboard.press("Control+z")
    has_names(page, "conv1", "relu1", "pool1")


def test_a_block_is_added_by_name_and_a_layer_moves_into_its_branch(show: Callable[..., Page]) -> None:
    page = show()
    row(page, 2).focus()
    page.keyboard.press("Insert")
    expect(page.get_by_role("combobox", name="Search layers and blocks")).to_be_focused()
    page.keyboard.type("resid")
    expect(page.get_by_role("option", name="Residual block")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    has_names(page, "conv1", "pool1", "relu1", "residual1", "residual1.0.0")
    expect(page.locator(".row.branch")).to_have_count(2)
    expect(row(page, 3)).to_be_focused()
    row(page, 2).focus()
    page.keyboard.press("Alt+ArrowRight")
    has_names(page, "conv1", "pool1", "residual1", "residual1.0.0")
    expect(row(page, 3).locator(".kind")).to_have_text("ReLU")
    page.keyboard.press("Alt+ArrowLeft")
    has_names(page, "conv1", "pool1", "residual1")
    expect(row(page, 8).locator(".name")).to_have_text("relu1")


def test_a_row_is_dragged_by_its_grip(show: Callable[..., Page]) -> None:
    page = show()
    grip, below = row(page, 0).locator(".grip").bounding_box(), row(page, 2).bounding_box()
    page.mouse.move(grip["x"] + 5, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(grip["x"] + 5, grip["y"] + 30)
    page.mouse.move(grip["x"] + 5, below["y"] + below["height"] - 2)
    expect(page.locator(".drop")).to_be_visible()
    page.mouse.up()
    has_names(page, "pool1", "relu1", "conv1", "conv2")


def test_a_mistake_is_marked_and_mended_with_one_click(show: Callable[..., Page]) -> None:
    page = show()
    row(page, 6).click()
    page.get_by_role("button", name="Remove", exact=True).click()
    wrong = page.locator(".row.wrong")
    expect(wrong).to_have_count(1)
    expect(wrong.locator(".name")).to_have_text("linear1")
    expect(wrong.locator(".said")).to_contain_text("32 x 5 x 5 = 800 features")
    expect(page.locator(".row.after")).to_have_count(2)
    page.get_by_role("button", name="Put a flatten before linear1").click()
    expect(wrong).to_have_count(0)
    expect(page.locator(".status")).to_contain_text("Every layer fits")
    # The button that was pressed has gone: the keys go on beside it, back and forth.
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(wrong).to_have_count(1)
    page.keyboard.press("Control+y")
    expect(wrong).to_have_count(0)


def test_a_tap_unfolds_a_row_and_the_picture_chooses_one(show: Callable[..., Page]) -> None:
    page = show(has_touch=True, viewport={"width": 390, "height": 844})
    row(page, 0).tap()
    expect(page.get_by_label("kernel_size", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("svg [role=option]").nth(3).tap()
    expect(row(page, 3)).to_have_attribute("aria-expanded", "true")
    expect(row(page, 0)).to_have_attribute("aria-expanded", "false")
    page.locator(".readout").get_by_role("button", name="Open in Layers").tap()
    expect(page).to_have_url(re.compile("/layers.*stage=conv2"))
