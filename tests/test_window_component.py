"""The sliding window in a real browser: what is taken apart is what PyTorch computed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import nn

from nnlab.lens import pool_terms

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page

X = torch.arange(2 * 6 * 7, dtype=torch.float32).reshape(1, 2, 6, 7) / 10 - 3
WEIGHT = (torch.arange(36).reshape(3, 2, 3, 2) - 18) / 7
BIAS = torch.tensor([0.5, -0.25, 1.0])
Y = nn.functional.conv2d(X, WEIGHT, BIAS, stride=(2, 1), padding=1)[0]  # (3, 3, 8)


@pytest.fixture
def show(serve: Callable[[str], str], open_page: Callable[..., Page]) -> Callable[..., Page]:
    def shown(layer: str, **options: object) -> Page:
        page = open_page(f"{serve('tests/apps/window.py')}/?show={layer}", **options)
        expect(page.locator("section.terms h4")).to_have_text(re.compile("How output"))
        return page

    return shown


def chosen(page: Page) -> object:
    return page.get_by_test_id("stText").first


def point(page: Page, section: str, share: tuple[float, float], click: bool = False) -> None:
    """Move the pointer over the large map of that section, to that share of its width and height."""
    box = page.locator(f"section.{section} canvas.marks").bounding_box()
    page.mouse.move(box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"])
    if click:
        page.mouse.down()
        page.mouse.up()


def line(page: Page, name: str) -> float:
    """The number beside a name in the sums."""
    row = page.locator(".line").filter(has=page.get_by_text(name, exact=True))
    return float(row.locator("b").inner_text())


def matrix(page: Page, place: int) -> list[float]:
    """All numbers of the patch (0), the kernel (1) or the products (2), in full."""
    cells = page.locator(".matrix").nth(place).locator(".cells > *")
    return [float(text) for text in cells.evaluate_all("cells => cells.map((cell) => cell.dataset.whole)")]


def close(found: list[float], wanted: torch.Tensor) -> bool:
    """Equal as float32."""
    return bool((torch.tensor(found) == wanted.flatten()).all())


def test_hovering_an_output_takes_it_apart_as_pytorch_computed_it(show: Callable[..., Page]) -> None:
    page = show("conv")
    point(page, "output", (4.5 / 8, 1.5 / 3))
    expect(page.locator("section.terms h4")).to_have_text("How output [0, 1, 4] comes about")
    patch = X[0, 0, 1:4, 3:5]  # stride (2, 1), padding 1: rows from 2 * 1 - 1, columns from 4 - 1
    assert close(matrix(page, 0), patch)
    assert close(matrix(page, 1), WEIGHT[0, 0])
    assert close(matrix(page, 2), patch * WEIGHT[0, 0])
    assert line(page, "+ bias") == BIAS[0]
    assert torch.tensor(line(page, "= output")) == Y[0, 1, 4]
    other = (X[0, 1, 1:4, 3:5] * WEIGHT[0, 1]).sum()
    assert line(page, "sum over channel 1") == pytest.approx(float(other), rel=1e-5)
    expect(page.locator(".readout")).to_have_text(f"output[0, 1, 4] = {line(page, '= output')}")
    expect(chosen(page)).to_have_text("chosen: (0, 0, 0)")  # hovering asks the server nothing


def test_padding_counts_as_zero_and_is_drawn(show: Callable[..., Page]) -> None:
    page = show("conv")
    point(page, "output", (0.5 / 8, 0.5 / 3), click=True)
    expect(page.locator(".matrix").first.locator(".outside")).to_have_count(4)
    padded = nn.functional.pad(X, (1, 1, 1, 1))[0, 0, 0:3, 0:2]
    assert close(matrix(page, 0), padded)
    point(page, "input", (0.5 / 9, 0.5 / 8))
    expect(page.locator(".readout")).to_have_text("input[0, -1, -1] = 0 · padding")


def test_click_and_keys_select_and_python_hears_of_it(show: Callable[..., Page]) -> None:
    page = show("conv")
    point(page, "output", (2.5 / 8, 2.5 / 3), click=True)
    expect(chosen(page)).to_have_text("chosen: (0, 2, 2)")
    canvas = page.locator("section.output canvas.marks")
    canvas.focus()
    page.mouse.move(5, 5)
    for key in ("ArrowUp", "ArrowRight", "PageDown"):
        canvas.press(key)
    expect(chosen(page)).to_have_text("chosen: (1, 1, 3)")
    expect(page.locator("section.output h4")).to_have_text("Output, channel 1")
    assert torch.tensor(line(page, "= output")) == Y[1, 1, 3]


def test_a_place_that_is_not_there_is_told_and_kept(show: Callable[..., Page]) -> None:
    page = show("conv")
    row = page.get_by_label("row", exact=True)
    row.fill("7")
    row.press("Enter")
    expect(page.locator(".readout")).to_have_text("row 7 is not there; it runs from 0 to 2.")
    expect(row).to_have_value("7")
    row.fill("2")
    row.press("Enter")
    expect(chosen(page)).to_have_text("chosen: (0, 2, 0)")


def test_an_input_lights_up_what_it_feeds(show: Callable[..., Page]) -> None:
    page = show("conv")
    point(page, "input", (4.5 / 9, 3.5 / 8))  # of the padded input: row 2, column 3 of the input itself
    fed = torch.autograd.functional.jacobian(
        lambda x: nn.functional.conv2d(x, torch.ones(1, 2, 3, 2), stride=(2, 1), padding=1)[0, 0], X
    )[:, :, 0, 0, 2, 3]
    count = int((fed != 0).sum())
    expect(page.locator(".readout")).to_have_text(
        f"input[0, 2, 3] = {float(X[0, 0, 2, 3]):.1f} · feeds {count} places of each output map"
    )


def test_a_kernel_cell_can_be_typed_and_nonsense_is_told(show: Callable[..., Page]) -> None:
    page = show("conv")
    point(page, "output", (3.5 / 8, 1.5 / 3), click=True)
    expect(chosen(page)).to_have_text("chosen: (0, 1, 3)")
    cell = page.locator(".matrix").nth(1).locator("input").nth(3)  # row 1, column 1
    cell.fill("a lot")
    cell.press("Tab")
    expect(page.locator(".readout")).to_have_text("a lot is not a number; the kernel is as it was.")
    expect(cell).to_have_value("a lot")
    cell.fill("2.5")
    cell.press("Enter")
    changed = WEIGHT.clone()
    changed[0, 0, 1, 1] = 2.5
    wanted = nn.functional.conv2d(X, changed, BIAS, stride=(2, 1), padding=1)[0, 0, 1, 3]
    expect(page.get_by_test_id("stText").nth(1)).to_have_text(f"output: {wanted.item()!r}")
    expect(page.locator(".line.strong b").last).to_have_text(re.compile(rf"^{float(wanted):.4f}"[:-1]))


def test_sliding_visits_the_places_in_turn(show: Callable[..., Page]) -> None:
    page = show("conv")
    page.get_by_role("button", name="One place on").click()
    expect(chosen(page)).to_have_text("chosen: (0, 0, 1)")
    page.get_by_role("button", name="Slide").click()
    expect(page.locator("section.terms h4")).to_have_text("How output [0, 0, 3] comes about")
    page.get_by_role("button", name="Pause").click()
    expect(chosen(page)).to_have_text(re.compile(r"chosen: \(0, 0, [3-7]\)"))


def test_max_pooling_marks_the_winner(show: Callable[..., Page]) -> None:
    page = show("max")
    point(page, "output", (1.5 / 4, 1.5 / 4), click=True)
    expect(chosen(page)).to_have_text("chosen: (0, 1, 1)")
    found, places = nn.functional.max_pool2d(X, 3, 2, 1, ceil_mode=True, return_indices=True)
    where = divmod(int(places[0, 0, 1, 1]), 7)
    row = page.locator(".line").filter(has=page.get_by_text("the largest stands at"))
    expect(row.locator("b")).to_have_text(f"[{where[0]}, {where[1]}]")
    assert torch.tensor(line(page, "= output")) == found[0, 0, 1, 1]


def test_average_pooling_divides_by_what_it_counts(show: Callable[..., Page]) -> None:
    page = show("mean")
    point(page, "output", (0.5 / 4, 0.5 / 3), click=True)
    assert line(page, "divided by") == 4
    assert line(page, "sum of the patch") == pytest.approx(float(X[0, 0, :2, :2].sum()), rel=1e-6)
    wanted = nn.functional.avg_pool2d(X, 3, 2, 1, count_include_pad=False)[0, 0, 0, 0]
    assert torch.tensor(line(page, "= output")) == wanted


def test_the_mean_says_how_far_its_order_is_from_pytorch(show: Callable[..., Page]) -> None:
    page = show("mean")
    pool = nn.AvgPool2d(3, 2, padding=1, count_include_pad=False)
    fields = [page.get_by_label(name, exact=True) for name in ("channel", "row", "column")]
    for place in ((0, 1, 1), (1, 2, 3)):
        for field, value in zip(fields, place, strict=True):
            field.fill(str(value))
        fields[-1].press("Enter")
        expect(page.locator("section.terms h4")).to_have_text(f"How output {list(place)} comes about")
        apart = pool_terms(pool, X, *place).ulps
        said = f"{apart} units in the last place" if apart else "PyTorch's number to the last bit"
        expect(page.locator(".sentence")).to_contain_text(said)


def test_a_window_in_the_padding_alone_has_no_winner(show: Callable[..., Page]) -> None:
    page = show("beyond")
    expect(page.locator(".line b")).to_have_text("-Infinity")
    assert pool_terms(nn.MaxPool2d(2, 1, padding=1, dilation=7), X, 0, 0, 0).winner is None


def test_a_number_goes_into_the_kernel_that_is_shown(show: Callable[..., Page]) -> None:
    page = show("conv")
    page.locator("section.outputs").scroll_into_view_if_needed()
    cell = page.locator(".matrix").nth(1).locator("input").first
    cell.fill("a lot")
    cell.press("Tab")
    point(page, "outputs", (5 / 6, 1 / 2))  # the pointer rests on the last channel
    expect(page.locator("section.terms h4")).to_have_text(re.compile(r"How output \[2, "))
    expect(cell).to_have_value(re.compile("^[0-9]"))
    cell.fill("2.5")
    cell.press("Enter")
    page.mouse.move(5, 5)
    expect(cell).to_have_value("a lot")  # of channel 0, which is selected
    point(page, "outputs", (5 / 6, 1 / 2), click=True)
    expect(chosen(page)).to_have_text(re.compile(r"chosen: \(2, "))
    assert close(matrix(page, 1), torch.cat([torch.tensor([2.5]), WEIGHT[2, 0].flatten()[1:]]))


@pytest.mark.parametrize("typed", ["1e39", "", "0x"])
def test_what_no_float32_holds_is_told(show: Callable[..., Page], typed: str) -> None:
    page = show("conv")
    cell = page.locator(".matrix").nth(1).locator("input").first
    cell.fill(typed)
    cell.press("Tab")
    expect(page.locator(".readout")).to_contain_text("is not a number; the kernel is as it was.")


def test_the_keys_walk_over_the_input(show: Callable[..., Page]) -> None:
    page = show("conv")
    canvas = page.locator("section.input canvas.marks")
    canvas.focus()
    canvas.press("ArrowDown")
    expect(page.locator(".readout")).to_contain_text(f"input[0, 0, 0] = {float(X[0, 0, 0, 0]):.0f} · feeds")
    canvas.press("ArrowUp")
    expect(page.locator(".readout")).to_have_text("input[0, -1, 0] = 0 · padding")


def test_a_finger_points_as_well(show: Callable[..., Page]) -> None:
    page = show("conv", has_touch=True)
    box = page.locator("section.input canvas.marks").bounding_box()
    page.touchscreen.tap(box["x"] + 4.5 / 9 * box["width"], box["y"] + 3.5 / 8 * box["height"])
    expect(page.locator(".readout")).to_contain_text("input[0, 2, 3] = ")
