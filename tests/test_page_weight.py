"""The page about one weight: its maps and sums are PyTorch's; its code runs and gives the same numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets_page import component
from layers_page import floats
from streamlit.testing.v1 import AppTest

_APP = Path(__file__).parents[1] / "app.py"


def show(**query: object) -> AppTest:
    app = AppTest.from_file(str(_APP), default_timeout=60).run()
    app.switch_page("pages/learn/weight.py")
    for name, value in query.items():
        app.query_params[name] = str(value)
    return app.run()


def run_code(page: AppTest) -> tuple[dict[str, Any], list[list[str]]]:
    """Execute the script that the page shows: its names, and what it prints."""
    printed: list[list[str]] = []
    space: dict[str, Any] = {"print": lambda *values: printed.append([str(value) for value in values])}
    exec(page.code[-1].value, space)
    return space, printed


def number(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"net": "net", "layer": "conv2", "out": 3, "in": 2, "row": 0, "column": 2, "images": 3},
        {"net": "shipped", "layer": "conv1", "start": 40, "out": 5, "row": 4},
        {"seed": 7, "layer": "conv2"},
    ],
)
def test_the_maps_and_sums_are_those_of_the_code(query: dict[str, object]) -> None:
    page = show(**query)
    assert not page.exception and not page.error and not page.warning
    header, blobs = component(page, "weight-sum")
    space, printed = run_code(page)
    out, into, row, column = header["place"]
    grads = torch.tensor([[number(text) for text in line] for line in header["grads"]])
    assert torch.equal(grads, space["conv"].weight.grad[out, into])
    sums = torch.tensor([number(text) for text in header["perImage"][row][column]])
    assert torch.equal(sums, space["products"].flatten(1).sum(1))
    count = header["images"]
    assert torch.equal(floats(blobs[0], [count, *header["input"]]), space["padded"][:, into])
    assert torch.equal(floats(blobs[1], [count, *header["map"]]), space["delta"][:, out])
    total = number(header["totals"][row][column])
    assert total == pytest.approx(float(grads[row, column]), rel=1e-3, abs=1e-7)
    shown = torch.tensor([total, float(grads[row, column])])
    assert torch.equal(shown, torch.tensor([float(printed[1][0]), float(printed[2][0])]))


def test_the_question_is_answered_by_the_largest_gradient() -> None:
    page = show()
    header, _ = component(page, "weight-sum")
    grads = torch.tensor([[number(text) for text in line] for line in header["grads"]]).abs()
    row, column = divmod(int(grads.argmax()), grads.shape[1])
    assert not any("check_circle" in block.value for block in page.markdown)
    page = show(row=row, column=column)
    assert any("check_circle" in block.value for block in page.markdown)


def test_a_step_of_one_weight_is_that_of_the_code() -> None:
    page = show(part="slope", lr="30", out=5, row=2, column=2)
    shown = dict(
        re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", "".join(one.proto.body for one in page.get("html")))
    )
    _, [before, after] = run_code(page)
    found = torch.tensor([number(shown[name]) for name in ("weight", "gradient", "weight − lr × gradient")])
    assert torch.equal(found, torch.tensor([float(before[1]), float(before[2]), float(after[1])]))
    assert number(shown["loss after"]) == pytest.approx(float(after[0]), rel=1e-6)


def test_some_step_goes_uphill_and_the_question_notices() -> None:
    page = show(part="slope", lr="3000", out=5, row=2, column=2)
    assert any("check_circle" in block.value for block in page.markdown)


def test_grad_is_none_before_and_zeros_or_none_after() -> None:
    page = show(part="grad")
    for act in "bbz":
        page.button(f"weight-act-{act}").click().run()
    assert any("check_circle" in block.value for block in page.markdown)
    _, printed = run_code(page)
    assert [line[3] == "None" for line in printed] == [True, False, False, False]
    assert float(printed[2][3]) == pytest.approx(2 * float(printed[1][3])) and float(printed[3][3]) == 0
    cells = re.findall(r"<td class=code>(.*?)</td>", "".join(one.proto.body for one in page.get("html")))
    rows = [cells[at : at + 6] for at in range(0, len(cells), 6)]
    for row, line in zip(rows, printed, strict=True):
        for shown, told in zip(row[1:5], line[:4], strict=True):
            assert shown == told or torch.tensor(number(shown)) == torch.tensor(float(told))


def test_fewer_images_and_another_network_leave_nothing_out_of_range() -> None:
    page = show(image=7, out=5, layer="conv2")
    page.number_input("weight-images").set_value(2).run()
    assert not page.warning and component(page, "weight-sum")[0]["image"] == 0
    page.selectbox("weight-net").set_value("net").run()
    assert not page.warning and component(page, "weight-sum")[0]["place"] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "query", [{"out": 99}, {"layer": "linear1"}, {"net": "vgg16"}, {"acts": "bx", "part": "grad"}]
)
def test_a_damaged_link_is_told_and_the_page_stands(query: dict[str, object]) -> None:
    page = show(**query)
    assert not page.exception and page.warning


@pytest.mark.browser
def test_a_weight_is_chosen_on_the_kernel_and_another_kernel_comes(
    lab: str, open_page: Callable[..., Any]
) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    page = open_page(f"{lab}/weight")
    cells = page.locator(".cells button")
    expect(cells).to_have_count(9)
    last = page.locator(".result dd").last
    cells.nth(8).click()
    expect(last).to_have_text(cells.nth(8).get_attribute("title"))
    expect(page).to_have_url(re.compile("row=2.*column=2"))
    expect(page.locator("[class*=st-key-weight-largest]")).to_contain_text("subtracts")
    page.locator(".list button").nth(3).click()
    expect(page.locator(".result dd").first).to_have_text(
        page.locator(".list button").nth(3).inner_text().strip()
    )
    page.locator("section.products canvas.marks").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".readout")).to_contain_text("input[3, 0, 2, 3] × delta[3, 0, 0, 1]")
    kernels = page.locator("section.kernels canvas.marks")
    box = kernels.bounding_box()
    kernels.click(position={"x": box["width"] - 5, "y": 5})
    expect(page.locator("section.kernel h4")).to_have_text("Gradient of kernel [5, 0]")
    expect(page).to_have_url(re.compile("out=5"))
    page.reload()
    expect(page.locator("section.kernel h4")).to_have_text("Gradient of kernel [5, 0]")
