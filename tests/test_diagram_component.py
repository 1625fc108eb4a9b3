"""A network to scale in a real browser: pointed at, walked over, linked with lists, kept while it changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page, Locator = playwright.expect, playwright.Page, playwright.Locator

_HEAR = "window.heard = []; document.addEventListener('nnlab:layer', ({ detail }) => heard.push(detail))"


@pytest.fixture
def show(serve: Callable[[str], str], open_page: Callable[..., Page]) -> Callable[..., Page]:
    def shown(name: str, layers: int, **options: object) -> Page:
        page = open_page(f"{serve('tests/apps/diagram.py')}/?show={name}", **options)
        expect(page.get_by_role("option")).to_have_count(layers)
        return page

    return shown


def layer(page: Page, name: str) -> Locator:
    return page.get_by_role("option", name=f"{name}:")


def test_a_layer_is_told_linked_and_chosen(show: Callable[..., Page]) -> None:
    page = show("lenet", 13)
    readout = page.locator(".readout")
    expect(readout).to_have_text("13 layers · 81,194 parameters · 274,656 multiply-adds")
    page.evaluate(_HEAR)
    layer(page, "conv1").locator(".front").hover()
    told = "conv1Conv2d · 1 × 32 × 32 → 6 × 30 × 30 · 60 parameters · 48,600 multiply-adds"
    expect(readout).to_have_text(f"{told} · sees 3 × 3 of the input")
    assert page.evaluate("heard.at(-1)") == {"key": "diagram", "path": "1"}
    page.locator("text", has_text="relu3").hover()  # the name of a cap is the cap
    expect(readout).to_contain_text("relu3ReLU · 120 → 120")
    page.mouse.move(5, 5)
    expect(readout).to_contain_text("13 layers")
    assert page.evaluate("heard.at(-1)") == {"key": "diagram", "path": None}
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('nnlab:layer', {detail: {key: 'diagram', path: '4'}}))"
    )
    expect(readout).to_contain_text("conv2")  # a list said so
    layer(page, "linear1").locator(".front").click()
    expect(page.get_by_text("chosen: (8,)")).to_be_visible()
    expect(layer(page, "linear1")).to_have_attribute("aria-selected", "true")


def test_the_keys_walk_along_the_trace_and_between_lanes(show: Callable[..., Page]) -> None:
    page = show("inception", 20)
    layer(page, "concat1.0.0").focus()
    page.keyboard.press("ArrowDown")
    expect(layer(page, "concat1.1.0")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(layer(page, "concat1.1.1")).to_be_focused()
    page.keyboard.press("End")
    expect(layer(page, "linear1")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_text("chosen: (5,)")).to_be_visible()


def test_what_stays_is_moved_and_not_made_again(show: Callable[..., Page]) -> None:
    page = show("lenet", 13)
    layer(page, "linear2").evaluate("node => { window.kept = node }")
    wide = page.get_by_role("listbox").get_attribute("width")
    page.get_by_text("Without its first layer").click()
    expect(page.get_by_role("option")).to_have_count(12)
    assert page.get_by_role("listbox").get_attribute("width") != wide
    assert page.evaluate("kept.isConnected")


def test_a_fault_is_a_place_to_go_to_and_nothing_is_wider_than_the_page(show: Callable[..., Page]) -> None:
    page = show("fork", 4, viewport={"width": 390, "height": 844})  # three layers and the fault
    layer(page, "conv1").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_text("chosen: (1, 0, 2)")).to_be_visible()
    expect(page.locator(".readout")).to_contain_text("put a flatten before it")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
