"""The Tensors page: what its cells show is what its code computes; questions notice their answers; nonsense
gets a sentence; what is written over a cell is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from datasets_page import component, facts, show_page
from streamlit.testing.v1 import AppTest

from nnlab.lessons.tensors.bridge import WAYS
from nnlab.lessons.tensors.making import MAKERS
from nnlab.lessons.tensors.multiplying import PRODUCTS
from nnlab.lessons.tensors.reducing import REDUCTIONS
from nnlab.ui.learn.tensors import PARTS

ANSWERS: dict[str, dict[str, object]] = {
    "make": {"how": "zeros", "shape": "4", "dtype": "uint8"},
    "index": {"index": "t[::2, ::3]"},
    "join": {"join": "stack", "join_dim": 2},
    "multiply": {"mul_b": "5, 3, 4"},
    "broadcast": {"broad_a": "4, 1", "broad_b": "3"},
    "reduce": {"reduction": "mean", "keepdim": "yes"},
    "views": {"view": "t.T.reshape(12)"},
    "inplace": {"use": "plus"},
    "numpy": {"way": "tensor", "array_writes": "a0=9"},
    "dtypes": {"left": "int8", "right": "int64", "b_kind": "zero_dim"},
    "devices": {"call": 't.to("cpu", copy=True)'},
}


def show(**query: object) -> AppTest:
    page = show_page("tensors", query)
    assert not page.exception
    return page


def panels(page: AppTest, key: str) -> dict[str, dict[str, Any]]:
    header, _blobs = component(page, f"tensors-{key}")
    return {panel["name"]: panel for panel in header["panels"]}


def as_tensor(panel: dict[str, Any]) -> torch.Tensor:
    """The cells that are shown, all of them in small tensors."""
    values = [float(text == "True") if text in ("True", "False") else float(text) for text in panel["texts"]]
    return torch.tensor(values).reshape(panel["shape"])


def run_code(page: AppTest) -> dict[str, Any]:
    """Execute the program of the part; what is defined then."""
    space: dict[str, Any] = {"print": lambda *told: None}
    exec(page.code[-1].value, space)
    return space


def answered(page: AppTest) -> bool:
    return any("check_circle" in text.value for text in page.markdown)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_its_code_and_its_question_notices_the_answer(part: str) -> None:
    page = show(part=part)
    run_code(page)
    assert not answered(page) and not page.warning
    for name, value in ANSWERS[part].items():
        page.query_params[name] = str(value)
    page.run()
    assert not page.exception and not page.error and not page.warning
    assert answered(page)
    run_code(page)


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_made_is_what_is_drawn(name: str) -> None:
    values = {"values": "[[1.5, 2], [3, 4]]", "seed": 3}
    page = show(how=name, **values)
    assert not page.error
    t = run_code(page)["t"]
    panel = panels(page, "made")["t"]
    assert torch.equal(as_tensor(panel), t.float()) and panel["strides"] == list(t.stride())
    header, _blobs = component(page, "tensors-made")
    [memory] = header["memories"]
    assert memory["places"] == list(range(t.numel()))
    assert bytes.fromhex(memory["hex"]) == bytes(t.reshape(-1).view(torch.uint8).tolist())
    told = facts(page)
    assert told["shape"] == str(tuple(t.shape)) and told["dtype"] == str(t.dtype)


@pytest.mark.parametrize(
    "index",
    ["t[:, 0]", "t[..., -1]", "t[t > 0.5]", "t[None]", "t[[2, 0]]", "t[1][2:]", "t[0:1000000000000:2]"],
)
def test_an_index_lights_what_it_takes(index: str) -> None:
    page = show(part="index", index=index, fill="randn", seed=5)
    space = run_code(page)
    shown = panels(page, "indexed")
    assert torch.equal(as_tensor(shown[index]), space["found"])
    t = space["t"]
    lit = torch.tensor([flag == "1" for flag in shown["t"]["lit"]]).reshape(t.shape)
    assert set(t[lit].tolist()) == set(space["found"].reshape(-1).tolist())
    shares = t.untyped_storage().data_ptr() == space["found"].untyped_storage().data_ptr()
    assert shown[index]["tag"].startswith("view" if shares else "copy")


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_is_taken_apart_or_its_error_told(name: str) -> None:
    page = show(part="multiply", product=name, fill="randn")
    if page.error:
        run_code(page)
        said = [text.value for text in page.code if "Error" in text.value]
        assert said and set(panels(page, "multiplied")) == {"a", "b"}
        return
    space = run_code(page)
    result = panels(page, "multiplied")[PRODUCTS[name][0]]
    assert torch.equal(as_tensor(result), space["result"])
    for terms, value in zip(result["products"], space["result"].reshape(-1), strict=True):
        assert sum(map(float, terms)) == pytest.approx(float(value), abs=1e-5)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_says_what_it_is_made_of(name: str) -> None:
    page = show(part="reduce", reduction=name, dim="0")
    assert not page.error
    space = run_code(page)
    shown = panels(page, "reduced")
    result = next(panel for title, panel in shown.items() if title.startswith("t."))
    values = space["result"] if isinstance(space["result"], torch.Tensor) else space["result"].values
    assert torch.equal(as_tensor(result), values.float())
    assert all(
        note.endswith(f"= {text}") for note, text in zip(result["notes"], result["texts"], strict=True)
    )


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_numpy(way: str) -> None:
    page = show(part="numpy", way=way, array_writes="t1=40;a0=-2", writes="t2=7")
    if page.error:
        assert any("Error: " in text.value for text in page.code)
        return
    space, shown = run_code(page), panels(page, "bridge")
    assert as_tensor(shown["a"]).tolist() == space["a"].tolist()
    assert torch.equal(as_tensor(shown["t"]), space["t"].detach().float())
    assert 7 not in as_tensor(shown["t"])  # what is written on the page of views stays there


@pytest.mark.parametrize(
    "view", ["t.T", "t.reshape(2, 6)", "t.T.reshape(12)", "t.expand(2, 3, 4)", "t[:, 1:]"]
)
def test_what_is_written_is_seen_on_both_sides_where_memory_is_shared(view: str) -> None:
    page = show(part="views", view=view, writes="y1=99;t11=-5")
    space, shown = run_code(page), panels(page, "viewed")
    for name in ("t", "y"):
        assert torch.equal(as_tensor(shown[name]), space[name])
    page.button(key="tensors-undo").click().run()
    assert "writes" not in page.query_params
    assert torch.equal(as_tensor(panels(page, "viewed")["t"]), torch.arange(12.0).reshape(3, 4))


@pytest.mark.parametrize(
    "query",
    [
        {"how": "tensor", "values": "[[1, 2], [3]]"},
        {"how": "zeros", "shape": "100000, 100000"},
        {"how": "rand", "dtype": "int64"},
        {"how": "arange", "arange_bounds": "0, 1e12"},
        {"part": "index", "index": "__import__('os').system('true')"},
        {"part": "index", "index": "t[0, 9]"},
        {"part": "index", "t": "x"},
        {"part": "join", "join_a": "2, 4"},
        {"part": "multiply", "mul_a": "2, 2"},
        {"part": "broadcast", "broad_a": "3, 3"},
        {"part": "reduce", "dim": "7"},
        {"part": "reduce", "dim": "one"},
        {"part": "views", "view": "t.T.view(12)"},
        {"part": "views", "view": "t.backward()"},
        {"part": "views", "writes": "nonsense"},
        {"part": "numpy", "way": "backwards"},
        {"part": "dtypes", "dt_a": "[300]"},
        {"part": "dtypes", "dt_operation": "add_", "right": "float32"},
        {"part": "devices", "call": 't + t.to("meta")'},
    ],
    ids=lambda query: "-".join(map(str, query.values()))[:40],
)
def test_what_cannot_be_is_told_in_a_sentence(query: dict[str, object]) -> None:
    page = show(**query)
    assert len(page.error) == 1 and page.error[0].value.endswith((".", "`"))
    assert not answered(page)
    if page.code and "import torch" in page.code[-1].value:
        run_code(page)


def test_code_in_a_complaint_is_code_and_nothing_else_is_markup() -> None:
    (told,) = show(part="index", index="").error
    assert told.value == r"Write an expression that begins with t\, such as `t[0]`\."
    (told,) = show(part="views", view="t.view_(3)").error
    assert "`view_`" in told.value


def test_what_is_typed_wrong_stays_and_is_pointed_at() -> None:
    page = show(part="index")
    page.text_input(key="tensors-index").set_value("t[0; 1]").run()
    assert page.text_input(key="tensors-index").value == "t[0; 1]"
    assert any(text.value == "t[0; 1]\n   ^" for text in page.code)
    page.text_input(key="tensors-index").set_value("t[0]").run()
    assert not page.error and page.query_params["index"] == "t[0]"


def test_another_expression_takes_the_writes_back() -> None:
    page = show(part="views", writes="t0=7")
    page.text_input(key="tensors-view").set_value("t.flatten()").run()
    assert "writes" not in page.query_params and not page.exception


@pytest.mark.parametrize(
    "query",
    [{"how": "magic"}, {"part": "join", "join_dim": 99}, {"part": "numpy", "way": "by air"},
     {"part": "reduce", "keepdim": "maybe"}, {"seed": "x", "how": "rand"}],
)  # fmt: skip
def test_nonsense_in_the_address_gets_a_sentence(query: dict[str, object]) -> None:
    page = show(**query)
    assert page.warning and re.search(r"is not possible; allowed:", page.warning[0].value)


@pytest.mark.browser
def test_cells_and_memory_in_a_browser(lab: str, open_page: Callable[..., Any]) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    page = open_page(f"{lab}/tensors?part=views")
    cells = page.locator(".panel canvas")
    expect(cells).to_have_count(2, timeout=60_000)
    readout = page.locator(".readout")
    cells.nth(1).focus()  # y is t.T
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    expect(readout).to_contain_text("y[1, 1] = 5.0 · place 0 + 1×1 + 1×4 = 5 · bytes 20 to 23: 00 00 a0 40")
    page.keyboard.press("Enter")
    page.keyboard.type("nine")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is not known here")
    cells.nth(1).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.type("-9")
    page.keyboard.press("Enter")
    expect(page.locator(".panel canvas").nth(0)).to_have_attribute("aria-label", re.compile(r"-9\.0"))
    page.reload()
    written = re.compile(r"-9\.0")
    expect(page.locator(".panel canvas").nth(0)).to_have_attribute("aria-label", written, timeout=60_000)


@pytest.mark.browser
def test_an_index_and_a_product_in_a_browser(lab: str, open_page: Callable[..., Any]) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    page = open_page(f"{lab}/tensors?part=index", viewport={"width": 390, "height": 844})
    field = page.get_by_role("textbox", name="Index", exact=True)
    field.fill("t[1:, -1]")
    field.press("Enter")
    expect(page.locator(".panel .name").nth(1)).to_have_text("t[1:, -1]", timeout=60_000)
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390")
    page.get_by_role("radio", name="Multiply").click()
    result = page.locator(".panel canvas").nth(2)
    expect(result).to_be_visible()
    expect(page.locator(".apart .total")).to_have_text("Σ = 20.0")
    result.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".apart .total")).to_have_text("Σ = 23.0")
    page.keyboard.press("Enter")
    page.wait_for_url("**cell=1**")
