"""A browser that is slow to hear: which widgets it is told about, and what its old address counts for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from datasets_page import show_page
from slow_answers import slow_answers
from streamlit.testing.v1 import AppTest

from nnlab.ui import hold, url

START, STEPS, RATE = "descent-x", "descent-run", "descent-peak"


class Clock:
    """Stands in for `time`, and goes on only where a test says so."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(hold, "time", made)
    return made


def told(page: AppTest) -> set[str]:
    """The keys of the number boxes, sliders and select boxes whose value came with the last run."""
    widgets = (*page.number_input, *page.select_slider, *page.selectbox)
    return {str(widget.key) for widget in widgets if widget.proto.set_value}


def test_the_browser_is_told_what_it_has_not_said_itself(clock: Clock) -> None:
    page = show_page("descent", {"part": "schedules", "x": "-3"})
    assert {START, STEPS, RATE} <= told(page)
    clock.now += 10
    page.select_slider(key=RATE).set_value(0.05).run()
    assert not told(page) and page.query_params["peak"] == "0.05"
    assert page.number_input(key=START).value == -3
    page.selectbox(key="descent-surface").select("bowl").run()
    assert START in told(page) and STEPS not in told(page)
    assert page.number_input(key=START).value != -3 and "x" not in page.query_params
    assert not page.exception


def test_what_may_have_been_thrown_away_is_told_again(clock: Clock) -> None:
    page = show_page("descent", {"part": "schedules"})
    page.number_input(key=STEPS).set_value(70).run()
    assert {START, RATE} <= told(page) and STEPS not in told(page)
    clock.now += 10
    page.run()
    assert not {START, STEPS, RATE} & told(page)
    assert page.number_input(key=STEPS).value == 70


def test_an_address_that_says_something_else_is_shown(clock: Clock) -> None:
    page = show_page("descent", {"part": "schedules", "run": "40"})
    clock.now += 10
    page.query_params["run"] = "90"
    page.run()
    assert page.number_input(key=STEPS).value == 90 and STEPS in told(page)
    clock.now += 10
    page.query_params["part"] = "rate"
    page.run()
    clock.now += 10
    page.query_params["part"] = "schedules"
    page.run()
    assert page.number_input(key=STEPS).value == 90 and STEPS in told(page)


def test_another_language_tells_all(clock: Clock) -> None:
    page = show_page("descent", {"part": "schedules", "surface": "saddle"})
    clock.now += 10
    page.query_params["lang"] = "ko"
    page.run()
    box = page.selectbox(key="descent-surface")
    assert box.value == "saddle" and box.key in told(page) and not page.exception


@pytest.mark.parametrize("heard", ["too late", "and gone back from"])
def test_an_address_from_before_a_change_is_read_as_after_it(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, heard: str
) -> None:
    monkeypatch.setattr(url, "time", clock)
    page = show_page("descent", {"part": "schedules"})
    for steps in (50, 60):
        page.number_input(key=STEPS).set_value(steps).run()
    page.query_params["run"] = "50"
    page.number_input(key=START).set_value(-1.0).run()
    assert page.query_params["run"] == "60" and page.number_input(key=STEPS).value == 60
    if heard == "too late":
        clock.now += 10
    else:
        monkeypatch.setattr(url, "went_back", lambda: True)
    page.query_params["run"] = "50"
    page.run()
    assert page.number_input(key=STEPS).value == 50


def test_a_language_stays_chosen(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url, "time", clock)
    page = show_page("descent", {"lang": "en"})
    page.segmented_control(key="language-switch").set_value("ko").run()
    page.query_params["lang"] = "en"
    page.run()
    assert page.query_params["lang"] == "ko" and page.title[0].value == "경사 하강법"


@pytest.mark.browser
def test_clicks_are_not_undone_by_a_slow_answer(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    answers, page = slow_answers(open_page)
    page.goto(f"{lab}/datasets?part=batches")
    field = page.get_by_role("spinbutton", name="batch_size")
    more = page.get_by_test_id("stNumberInput").filter(has=field).get_by_test_id("stNumberInputStepUp")
    expect(field).to_have_value("7")
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    first = answers.hold_back(page, more.click)
    second = answers.hold_back(page, more.click)
    for message in first:
        answers.send(message)
    more.click()
    expect(field).to_have_value("10")
    for message in second:  # which what is said meanwhile joins
        answers.send(message)
    answers.kept = None
    expect(page).to_have_url(re.compile("batch_size=10"))
    expect(field).to_have_value("10")
