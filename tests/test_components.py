"""The pad, the tiles and the curves in a real browser: what people do, and what arrives in Python."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from nnlab.ui.components.library import pack

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page


@pytest.fixture
def show(serve: Callable[[str], str], open_page: Callable[..., Page]) -> Callable[..., Page]:
    """``show("pad")`` opens the harness at one component."""

    def shown(component: str, **options: object) -> Page:
        return open_page(f"{serve('tests/apps/components.py')}/?show={component}", **options)

    return shown


def text_of(page: Page, start: str) -> object:
    """The element of the harness whose text begins with `start`."""
    return page.get_by_test_id("stText").filter(has_text=re.compile(f"^{start}"))


# The pad


def paper(page: Page) -> object:
    canvas = page.locator("canvas.paper")
    expect(canvas).to_have_attribute("data-strokes", re.compile(r"\d"))
    canvas.scroll_into_view_if_needed()
    return canvas


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    """One stroke with the mouse; `points` are shares of the pad's side."""
    box = paper(page).bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()


LEFT = [(0.1, 0.2), (0.15, 0.8)]
RIGHT = [(0.9, 0.2), (0.85, 0.8)]


def test_empty_pad_gives_no_answer(show: Callable[..., Page]) -> None:
    page = show("pad")
    paper(page)
    expect(page.locator(".sentence")).to_have_text("Draw something: the answer appears here.")
    expect(page.locator(".bars .number")).to_have_text(["–", "–"])
    assert page.locator(".best").count() == 0


def test_mouse_strokes_reach_python_and_bars_change(show: Callable[..., Page]) -> None:
    page = show("pad")
    draw(page, LEFT)
    expect(page.locator(".sentence")).to_have_text(re.compile(r"The network says left, with \d\d\.\d%\."))
    expect(page.locator(".best .name")).to_have_text("left")
    draw(page, RIGHT)
    draw(page, RIGHT)
    expect(page.locator(".best .name")).to_have_text("right")
    page.get_by_text("Run again").click()
    expect(text_of(page, "strokes")).to_have_text("strokes: 3")
    # What the network sees: the harness paints columns up to the middle of the drawing.
    seen = page.evaluate(
        """() => { const find = (root) => { for (const e of root.querySelectorAll("*")) {
             if (e.matches("canvas.seen")) return e;
             const inner = e.shadowRoot && find(e.shadowRoot); if (inner) return inner; } };
           const c = find(document); const d = c.getContext("2d").getImageData(0, 0, 28, 28).data;
           return [d[0], d[4 * 27]]; }"""
    )
    assert seen == [200, 0]


def test_undo_and_clear(show: Callable[..., Page]) -> None:
    page = show("pad")
    draw(page, LEFT)
    draw(page, RIGHT)
    canvas = paper(page)
    expect(canvas).to_have_attribute("data-strokes", "2")
    page.get_by_role("button", name="Undo").click()
    expect(canvas).to_have_attribute("data-strokes", "1")
    expect(page.locator(".best .name")).to_have_text("left")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".sentence")).to_have_text("Draw something: the answer appears here.")
    expect(canvas).to_have_attribute("data-strokes", "0")
    page.get_by_role("button", name="Undo").click()  # also of a clear
    expect(canvas).to_have_attribute("data-strokes", "1")
    expect(page.locator(".best .name")).to_have_text("left")


def test_keyboard_draws(show: Callable[..., Page]) -> None:
    page = show("pad")
    paper(page).focus()
    for key in ["ArrowRight"] * 8 + [" "] + ["ArrowDown"] * 5 + [" "]:
        page.keyboard.press(key)
    expect(page.locator(".best .name")).to_have_text("right")
    page.keyboard.press("u")
    expect(page.locator(".bars .number")).to_have_text(["–", "–"])
    page.get_by_text("Run again").click()
    expect(text_of(page, "strokes")).to_have_text("strokes: 0")


def test_touch_draws_and_does_not_scroll(show: Callable[..., Page]) -> None:
    page = show("pad", viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True)
    canvas = paper(page)
    box = canvas.bounding_box()
    x, y = box["x"] + 0.15 * box["width"], box["y"]
    main = page.get_by_test_id("stMain")
    before = main.evaluate("e => e.scrollTop")
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": px, "y": py} for px, py in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (x, y + 0.7 * box["height"]))
    for share in (0.6, 0.5, 0.4, 0.3, 0.2):
        touch("touchMove", (x, y + share * box["height"]))
    touch("touchEnd")
    expect(page.locator(".best .name")).to_have_text("left")
    assert main.evaluate("e => e.scrollTop") == before
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_drawing_survives_reruns_and_coming_back(show: Callable[..., Page]) -> None:
    page = show("pad")
    draw(page, LEFT)
    expect(page.locator(".best .name")).to_have_text("left")
    page.get_by_text("Run again").click()
    expect(text_of(page, "runs")).to_have_text("runs: 1")
    expect(paper(page)).to_have_attribute("data-strokes", "1")
    away = page.get_by_test_id("stCheckbox")
    away.click()
    expect(page.locator("canvas.paper")).to_have_count(0)
    away.click()
    expect(paper(page)).to_have_attribute("data-strokes", "1")
    expect(page.locator(".best .name")).to_have_text("left")
    draw(page, RIGHT)
    draw(page, RIGHT)
    expect(page.locator(".best .name")).to_have_text("right")


# The tiles


def tiles_at(page: Page, key: str) -> object:
    canvas = page.locator(f".st-key-{key} .host > canvas")
    expect(canvas).to_have_attribute("data-version", re.compile(r"\d"))
    canvas.scroll_into_view_if_needed()
    return canvas


def test_pointer_shows_the_exact_byte(show: Callable[..., Page]) -> None:
    page = show("tiles")
    canvas = tiles_at(page, "grey")
    canvas.hover(position={"x": 8, "y": 8})
    readout = page.locator(".st-key-grey .readout")
    expect(readout).to_have_text("tile 0 [0, 0, 0] = 0")
    box = canvas.bounding_box()
    # The last pixel of the last tile; captions take 20 pixels below it.
    canvas.hover(position={"x": box["width"] - 8, "y": box["height"] - 30})
    expect(readout).to_have_text("tile 5 [0, 3, 4] = 119")
    colour = tiles_at(page, "colour")
    colour.hover(position={"x": 8, "y": 8})
    expect(page.locator(".st-key-colour .readout")).to_have_text("[:, 0, 0] = (0, 40, 80)")


def test_tiles_are_selected_by_click_and_by_keyboard(show: Callable[..., Page]) -> None:
    page = show("tiles")
    canvas = tiles_at(page, "grey")
    expect(text_of(page, "selected")).to_have_text("selected: 1")
    canvas.click(position={"x": 8, "y": 8})
    expect(text_of(page, "selected")).to_have_text("selected: 0")
    canvas.press("ArrowDown")
    expect(text_of(page, "selected")).to_have_text("selected: 3")
    canvas.press("ArrowRight")
    expect(text_of(page, "selected")).to_have_text("selected: 4")
    expect(canvas.locator("[role=option][aria-selected=true]")).to_have_text("tile 4")


def test_live_weights_redraw_on_the_same_canvas_with_exact_floats(show: Callable[..., Page]) -> None:
    page = show("tiles")
    canvas = tiles_at(page, "signed")
    handle = canvas.element_handle()
    handle.evaluate("e => { e.mine = true; }")
    canvas.hover(position={"x": 8, "y": 8})
    readout = page.locator(".st-key-signed .readout")
    expect(readout).to_have_text("[0, 0, 0] = -0.1")
    page.get_by_text("Live", exact=True).click()
    expect(text_of(page, "step")).to_have_text(re.compile(r"step: ([5-9]|\d\d)"))
    assert canvas.evaluate("e => e.mine === true")
    page.get_by_text("Live", exact=True).click()
    step = int(re.search(r"\d+", text_of(page, "step").inner_text())[0])
    canvas.hover(position={"x": 8, "y": 8})
    expect(readout).to_have_text(re.compile(r"^\[0, 0, 0\] = -"))
    value = float(readout.inner_text().split("= ")[1])
    steps = range(step, step + 20)  # it may still take a step after the switch
    assert np.float32(value) in {np.float32(-1) * np.float32(0.1) * s for s in map(np.float32, steps)}


# The curves


def chart_at(page: Page) -> object:
    canvas = page.locator(".plot canvas")
    expect(canvas).to_have_attribute("data-points", re.compile(r"\d"))
    return canvas


def points(canvas: object) -> int:
    return int(canvas.get_attribute("data-points"))


def wait_for_points(page: Page, canvas: object, least: int) -> None:
    page.wait_for_function("([e, n]) => Number(e.dataset.points) >= n", arg=[canvas.element_handle(), least])


def test_points_are_appended_to_the_same_canvas_and_zoom_is_kept(show: Callable[..., Page]) -> None:
    page = show("curves")
    canvas = chart_at(page)
    canvas.evaluate("e => { e.mine = true; }")
    wait_for_points(page, canvas, 40)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 104, steps=4)
    page.mouse.up()
    everything = page.get_by_role("button", name="Show all")
    expect(everything).to_be_enabled()
    low, high = map(float, canvas.get_attribute("data-range").split()[:2])
    before = points(canvas)
    assert 0 < low < high < before
    wait_for_points(page, canvas, before + 60)
    assert list(map(float, canvas.get_attribute("data-range").split()[:2])) == [low, high]
    assert canvas.evaluate("e => e.mine === true")
    everything.click()
    expect(everything).to_be_disabled()
    assert float(canvas.get_attribute("data-range").split()[1]) > high


def test_pointer_and_keyboard_show_exact_values(show: Callable[..., Page]) -> None:
    page = show("curves")
    canvas = chart_at(page)
    wait_for_points(page, canvas, 20)
    page.mouse.move(0, 0)
    canvas.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        canvas.press(key)
    tip = page.locator(".tip")
    expect(tip).to_contain_text("step 2")
    shortest = str(np.float32(1 / (1 + 0.05 * 2)))
    expect(tip.locator("b").first).to_have_text(shortest)


def test_lost_updates_are_asked_for_again(show: Callable[..., Page]) -> None:
    page = show("curves")
    canvas = chart_at(page)
    wait_for_points(page, canvas, 20)
    page.get_by_role("button", name="Lose three updates").click()
    wait_for_points(page, canvas, points(canvas) + 60)
    # Every value is where it belongs: the gap was filled, nothing was shifted. The keys begin at the left end
    # only where no pointer has chosen a point, and the button may have moved from under it.
    page.mouse.move(0, 0)
    canvas.focus()
    for _ in range(9):
        canvas.press("+")
    canvas.press("0")
    for _ in range(31):
        canvas.press("ArrowRight")
    expect(page.locator(".tip")).to_contain_text("step 30")
    expect(page.locator(".tip b").first).to_have_text(str(np.float32(1 / (1 + 0.05 * 30))))


def test_a_lines_button_hides_it(show: Callable[..., Page]) -> None:
    page = show("curves")
    canvas = chart_at(page)
    wait_for_points(page, canvas, 20)
    line = page.get_by_role("button", name="training")
    expect(line).to_have_attribute("aria-pressed", "true")
    line.click()
    expect(line).to_have_attribute("aria-pressed", "false")
    page.wait_for_function("e => Number(e.dataset.points) < 20", arg=canvas.element_handle())


def test_message_holds_header_and_bytes_apart() -> None:
    message = pack({"name": "손실"}, b"\x00\x01", b"")
    length = int.from_bytes(message[:4], "little")
    assert b'"blobs":[2,0]' in message[4 : 4 + length]
    assert message[4 + length :] == b"\x00\x01"
