"""The Autograd page: what it shows is what PyTorch computes; its code runs; nothing typed is executed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets_page import component
from streamlit.testing.v1 import AppTest

from nnlab.lessons.autograd.examples import EXAMPLES
from nnlab.lessons.autograd.mistakes import MISTAKES
from nnlab.ui.components.graph import exact
from nnlab.ui.components.graph_layout import Link, place

_APP = Path(__file__).parents[1] / "app.py"


def show(**query: object) -> AppTest:
    app = AppTest.from_file(str(_APP), default_timeout=60).run()
    app.switch_page("pages/learn/autograd.py")
    for name, value in query.items():
        app.query_params[name] = str(value)
    return app.run()


def drawn(page: AppTest) -> dict[str, Any]:
    return component(page, "autograd-graph")[0]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def run_code(page: AppTest) -> dict[str, Any]:
    """Execute the script that the page shows; what it prints is left out."""
    space: dict[str, Any] = {"print": lambda *values: None}
    exec(page.code[-1].value, space)
    return space


@pytest.mark.parametrize("part", ["graph", "jacobian", "again"])
def test_every_example_is_shown_and_its_code_runs(part: str) -> None:
    page = show(part=part)
    for example in EXAMPLES:
        page.selectbox("autograd-chosen").set_value(example).run()
        assert not page.exception and not page.error and not page.warning, example
        run_code(page)


@pytest.mark.parametrize("part", ["graph", "jacobian", "again"])
@pytest.mark.parametrize("name", ["f", "inputs", "Q"])
def test_a_tensor_may_have_a_name_of_the_programs(part: str, name: str) -> None:
    page = show(part=part, code=f"{name}**2", tensors=f"{name}:grad:float32:[2., 3.]")
    assert not page.exception and not page.error
    run_code(page)


@pytest.mark.parametrize(
    ("values", "shown"), [("[2., 3.]", "[−2.5, −3.96]"), ("[1., 0.]", "[3.242, 4]"), ("[1., 2., 3.]", "(3,)")]
)
def test_an_edge_says_its_gradient_with_fewer_digits_or_its_shape(values: str, shown: str) -> None:
    gradient = "[6, 4, 1]" if shown == "(3,)" else "[6, 4]"
    steps = drawn(show(code="sin(a)", tensors=f"a:grad:float32:{values}", gradient=gradient))["steps"]
    assert [step["onEdge"] for step in steps if step["kind"] == "back"] == [shown]


def test_the_graph_holds_pytorchs_own_numbers_and_the_code_leaves_them_behind() -> None:
    page = show(example="paths")
    header = drawn(page)
    space = run_code(page)
    last = [step for step in header["steps"] if step["kind"] == "back"][-1]
    assert last["by"] == "a" and last["last"]
    assert torch.tensor(number(last["after"]["rows"][0][0])) == space["a"].grad
    assert header["nodes"][0]["made"] == "requires_grad"
    assert {node["made"] for node in header["nodes"][1:]} == {
        "MulBackward0", "SinBackward0", "AddBackward0",
    }  # fmt: skip


def test_what_is_typed_changes_the_picture_and_stays_in_the_link() -> None:
    page = show()
    page.text_input("autograd-code").set_value("Q = (a*b).sum()").run()
    page.text_input("autograd-gradient").set_value("").run()
    page.text_input("autograd-values-0").set_value("[1, 5]").run()
    assert not page.error and page.selectbox("autograd-chosen").value == "own"
    grads = {step["by"]: step["after"]["rows"] for step in drawn(page)["steps"] if step["kind"] == "back"}
    assert grads["a"] == [["6", "4"]] and grads["b"] == [["1", "5"]]
    query = {
        name: value[0] if isinstance(value, list) else value for name, value in page.query_params.items()
    }
    assert drawn(show(**query))["steps"] == drawn(page)["steps"]
    page.selectbox("autograd-chosen").set_value("classic").run()
    assert page.text_input("autograd-code").value == "Q = 3*a**3 - b**2"
    assert "code" not in page.query_params


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("autograd-code", "a.__class__", "not one of the methods"),
        ("autograd-code", "c*2", "no tensor"),
        ("autograd-code", "(" * 300, "inside each other"),
        ("autograd-code", "", r"for example 3\*a\*\*3 \- b\*\*2"),  # none of it is markup
        ("autograd-code", "a.__class__", r"“\.\_\_class\_\_” is not one of the methods"),
        ("autograd-gradient", "[1, 2, 3]", "Mismatch in shape"),
        ("autograd-gradient", "[1,", "not closed"),
        ("autograd-values-0", "[1, [2]]", "equally long"),
        ("autograd-values-0", "1;2:3%", "no meaning"),
        ("autograd-name-0", "sin", "has a meaning"),
        ("autograd-name-0", "b", "two tensors of this name"),
    ],
)
def test_what_is_typed_wrong_is_told_and_stays(key: str, typed: str, said: str) -> None:
    page = show()
    before = drawn(page)["nodes"]
    page.text_input(key).set_value(typed).run()
    assert not page.exception
    assert said in page.error[0].value
    assert page.text_input(key).value == typed
    # The picture does not vanish while somebody types.
    assert [node["title"] for node in drawn(page)["nodes"]] == [node["title"] for node in before]


@pytest.mark.parametrize(
    "query",
    [
        {"tensors": "nonsense"}, {"tensors": "a:grad:int8:1"}, {"acts": "bqz", "part": "again"},
        {"h": "99", "part": "jacobian"}, {"case": "none", "part": "errors"}, {"step": "-4"}, {"example": "x"},
    ],
)  # fmt: skip
def test_a_damaged_link_is_told_and_the_page_stands(query: dict[str, object]) -> None:
    page = show(**query)
    assert not page.exception and page.warning and not [error for error in page.error if "case" not in query]


def test_tensors_come_and_go() -> None:
    page = show()
    page.button("autograd-more").click().run()
    page.text_input("autograd-name-2").set_value("w").run()
    page.text_input("autograd-code").set_value("Q = a*b*w").run()
    assert not page.error
    page.toggle("autograd-grad-2").set_value(False).run()
    assert [node["title"] for node in drawn(page)["nodes"] if not node["needs"]] == ["w"]
    page.button("autograd-less-2").click().run()
    assert "no tensor “w”" in page.error[0].value


def test_under_no_grad_there_is_a_graph_of_values_and_pytorch_refuses_to_go_back() -> None:
    page = show()
    page.toggle("autograd-no_grad").set_value(True).run()
    assert "does not require grad" in page.error[0].value
    header = drawn(page)
    assert {step["kind"] for step in header["steps"]} == {"forward"}
    assert all(edge["cut"] for edge in header["edges"])


def test_pressing_backward_adds_up_and_the_question_notices() -> None:
    page = show(part="again")
    for act in "rrr":
        page.button(f"autograd-act-{act}").click().run()
    assert any("check_circle" in block.value for block in page.markdown)
    assert torch.equal(run_code(page)["a"].grad, torch.tensor([108.0, 243.0]))
    page.button("autograd-act-b").click().run()
    page.button("autograd-act-b").click().run()
    assert "second time" in "".join(block.proto.body for block in page.get("html"))
    page.button("autograd-act-n").click().run()
    assert run_code(page)["a"].grad is None  # the program goes on after what is refused
    page.button("autograd-act-none").click().run()
    assert "acts" not in page.query_params


def test_the_questions_are_answered_by_trying() -> None:
    page = show()
    assert not any("check_circle" in block.value for block in page.markdown)
    page.text_input("autograd-values-1").set_value("[0., 0.]").run()
    assert any("check_circle" in block.value for block in page.markdown)
    page = show(part="jacobian")
    page.text_input("autograd-gradient").set_value("[0, 1]").run()
    assert any("check_circle" in block.value for block in page.markdown)
    page = show(part="errors", case="zero_forgotten")
    assert any("check_circle" in block.value for block in page.markdown)


def test_every_mistake_is_on_the_page_with_pytorchs_words() -> None:
    page = show(part="errors")
    for name, mistake in MISTAKES.items():
        (pills,) = [group for group in page.get("button_group") if group.key == "autograd-case"]
        pills.set_value(name).run()
        assert not page.exception and page.session_state["autograd-case"] == name
        told = len(page.error), len(page.warning)
        assert told == (mistake.kind == "error", mistake.kind == "warning"), name
        assert ("# <--" in page.code[0].value) == (mistake.kind != "silent")


def test_numbers_are_written_so_that_they_are_read_back_as_the_same_float() -> None:
    values = torch.randn(500, generator=torch.Generator().manual_seed(0)) * torch.logspace(-9, 9, 500)
    for value in values.numpy():
        assert torch.tensor(number(exact(value))).item() == value


def test_boxes_stand_right_of_what_they_take_and_apart() -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(30):
        count = int(torch.randint(2, 14, (), generator=generator))
        sizes = [(80.0 + 7 * at, 50.0 + 5 * (at % 3)) for at in range(count)]
        links = [
            Link(int(torch.randint(0, to, (), generator=generator)), to, slot, 2)
            for to in range(2, count)
            for slot in range(2)
        ]
        placed = place(sizes, links)
        for link in links:
            assert placed.corners[link.start][0] + sizes[link.start][0] < placed.corners[link.to][0]
        boxes = [(*corner, *size) for corner, size in zip(placed.corners, sizes, strict=True)]
        for one, (x, y, wide, high) in enumerate(boxes):
            assert x >= 0 and y >= 0 and x + wide <= placed.width and y + high <= placed.height
            for other_x, other_y, other_wide, other_high in boxes[:one]:
                apart = x >= other_x + other_wide or other_x >= x + wide
                assert apart or y >= other_y + other_high - 0.1 or other_y >= y + high - 0.1


@pytest.mark.browser
def test_the_graph_is_walked_with_keys_and_follows_what_is_typed(
    lab: str, open_page: Callable[..., Any]
) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    page = open_page(f"{lab}/autograd")
    svg = page.locator("svg[role=img]").first
    where = page.locator(".where")
    expect(where).to_have_text("Backward 6 of 6")
    svg.focus()
    page.keyboard.press("Home")
    expect(where).to_have_text("Given")
    expect(page.locator(".box.made-one .value:not(.unknown)")).to_have_count(0)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(where).to_have_text("Forward 4 of 4")
    expect(page.locator(".told")).to_contain_text("Q is computed.")
    expect(page).to_have_url(re.compile("step=4"))
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".told td")).to_have_text(["12", "27", "3", "3", "36", "81"])
    expect(page.locator(".box.leaf .grad")).to_have_text(["grad [36, 81]", "grad [−12, −8]"])
    page.get_by_role("textbox", name="Expression").fill("Q = 2*a*b")
    expect(page.locator(".box.leaf .grad")).to_have_text(["grad [12, 8]", "grad [4, 6]"])
    page.get_by_role("textbox", name="Expression").fill("Q = 2*a*b*eval(a)")
    expect(page.get_by_text("not one of the functions")).to_be_visible()
    page.get_by_role("textbox", name="Expression").fill("Q = 2*a*b")
    expect(page.locator(".box.leaf .grad")).to_have_text(["grad [12, 8]", "grad [4, 6]"])
    expect(page).to_have_url(re.compile(r"code=Q\+%3D\+2%2Aa%2Ab($|&)"))
    page.reload()
    expect(page.locator(".box.leaf .grad")).to_have_text(["grad [12, 8]", "grad [4, 6]"])


@pytest.mark.parametrize(
    ("code", "gradient", "said"),
    [("a.sum()", "[1., 1.]", "empty"), ("a * 2", "", "shape (2,)"), ("a * 2", "1.", "shape (2,)")],
)
def test_an_external_gradient_of_another_shape_gets_advice(code: str, gradient: str, said: str) -> None:
    page = show(code=code, gradient=gradient)
    assert page.error and said in page.info[0].value
