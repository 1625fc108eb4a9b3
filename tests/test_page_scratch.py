"""The page "From scratch": the steps are run in a process and their numbers stand side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from datasets_page import component, show_page
from streamlit.testing.v1 import AppTest

from nnlab.lessons.ladder import BUGS, STEPS, Settings, changes
from nnlab.program import Program
from nnlab.ui.learn.scratch import controls, quiz


def finished(bug: str | None, **settings: object) -> Program:
    """The program that the page has started, at its end."""
    program = controls._PROGRAMS.known((Settings(**settings), bug))  # type: ignore[arg-type]
    assert program is not None
    program.wait()
    assert program.problem is None
    return program


def tables(page: AppTest) -> str:
    return "\n".join(one.value for one in page.markdown if one.value.startswith("|"))


def test_the_steps_are_run_and_shown_to_be_the_same() -> None:
    page = show_page("scratch", {"step": "optim"})
    assert not page.exception
    program = finished(None)
    page.run()
    table = tables(page)
    raw = next(line for line in program.lines if line["name"] == "raw")
    assert f"{raw['first_loss']:.4f} | {raw['loss']:.4f} | {raw['accuracy']:.2%}" in table
    assert table.count(":green[bit for bit]") == 4 and table.count(":blue[rounding:]") == 2
    assert "…" not in table and "different" not in table
    assert page.code[0].value == changes(STEPS[2].source(Settings()), STEPS[3].source(Settings()))
    assert page.code[1].value == STEPS[3].source(Settings()).rstrip()


def test_a_bug_beside_what_it_should_be() -> None:
    page = show_page("scratch", {"part": "bugs", "bug": "dim"})
    finished("dim")
    page.run()
    assert "As it should be | 2.3351" in tables(page) and "With the bug | 4.16" in tables(page)
    assert "- " in page.code[0].value and "sum(0)" in page.code[0].value
    header, _ = component(page, "scratch-dim-curves")
    assert [line["name"] for line in header["series"]] == ["As it should be", "With the bug"]


def test_the_hidden_bug_is_told_only_when_it_is_named() -> None:
    hidden = quiz._hidden(2)
    page = show_page("scratch", {"part": "quiz", "round": 2})
    finished(hidden.name)
    page.run()
    assert not page.code and not page.success
    other = next(bug for bug in BUGS if bug is not hidden)
    page.radio(key="scratch-guess-2").set_value(other.name).run()
    assert page.warning and not page.code
    page.radio(key="scratch-guess-2").set_value(hidden.name).run()
    assert page.success and page.code
    page.button(key="scratch-another").click().run()
    assert page.query_params["round"] == "3" and page.radio(key="scratch-guess-3").value is None


def test_every_bug_is_hidden_once_in_a_row_of_rounds() -> None:
    names = {bug.name for bug in BUGS}
    for row in range(3):
        assert {quiz._hidden(1 + row * len(BUGS) + i).name for i in range(len(BUGS))} == names


def test_a_step_that_overflows_is_not_called_the_same() -> None:
    page = show_page("scratch", {"lr": "20", "batch_size": "256"})
    finished(None, learning_rate=20.0, batch_size=256)
    page.run()
    rows = tables(page).splitlines()
    assert "not finite" in rows[2] and "only one of the two stays finite" in rows[3]


def test_who_stops_it_does_not_stop_it_for_others() -> None:
    asked = {"part": "bugs", "bug": "train_mode", "seed": "5"}
    page, other = show_page("scratch", asked), show_page("scratch", asked)
    page.button(key="scratch-stop").click().run()
    program = controls._PROGRAMS.known((Settings(seed=5), "train_mode"))
    assert program is not None and not program.stopped and page.button(key="scratch-run")
    finished("train_mode", seed=5)
    other.run()
    assert "…" not in tables(other)
    page.button(key="scratch-run").click().run()
    assert "…" not in tables(page)


def test_three_bugs_show_before_the_first_step_in_small_batches_too() -> None:
    page = show_page("scratch", {"part": "bugs", "batch_size": "16", "bug": "softmax"})
    for bug in ("softmax", "sign", "sum", "dim"):
        assert not any("The first loss tells" in one.value for one in page.markdown)
        page.selectbox(key="scratch-bug").set_value(bug).run()
        finished(bug, batch_size=16)
        page.run()
    assert any("The first loss tells" in one.value for one in page.markdown)


@pytest.mark.parametrize(
    "query", [{"lr": "fast"}, {"seed": "-3"}, {"dataset": "cats"}, {"bug": "x", "part": "bugs"}]
)
def test_nonsense_in_the_link_gets_a_sentence(query: dict[str, str]) -> None:
    page = show_page("scratch", query)
    assert not page.exception and len(page.warning) == 1


@pytest.mark.browser
def test_what_was_stopped_is_run_again(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(f"{lab}/scratch?part=bugs&bug=train_mode&seed=7&epochs=3&batch_size=16")
    page.locator(".st-key-scratch-stop button").click()
    page.locator(".st-key-scratch-run button").click()
    expect(page.locator(".st-key-scratch-stop")).to_be_visible()
    page.locator(".st-key-scratch-stop button").click()
    expect(page.locator(".st-key-scratch-run")).to_be_visible()
