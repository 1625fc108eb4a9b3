"""The page "Failure clinic": the detectors beside the pictures, and a case to be named from these alone."""

from __future__ import annotations

import pytest
from datasets_page import component, show_page
from streamlit.testing.v1 import AppTest

from nnlab.lessons.clinic import CASES, HEALTHY, program
from nnlab.ui.learn.clinic import quiz, running


def finished(name: str, seed: int) -> None:
    found = running._PROGRAMS.known((name, seed))
    assert found is not None
    found.wait()
    assert found.problem is None and len(found.lines) == 61


def opened(name: str, seed: int, **query: object) -> AppTest:
    page = show_page("clinic", query)
    assert not page.exception
    finished(name, seed)
    return page.run()


def test_the_detector_that_rings_names_the_case() -> None:
    page = opened("dead", 0, case="dead", step=100, layer="linear1")
    assert page.error[0].value.startswith("**Dead ReLUs.**")
    table = next(one.value for one in page.markdown if "Detector" in one.value)
    ringing = [row for row in table.splitlines() if "notifications_active" in row]
    assert "Units that are 0 for every image" in ringing[0]
    assert "+ nn.init.constant_(model[0].bias, -10)" in page.code[0].value
    header, _ = component(page, "clinic-dead-grad")
    assert header["xNames"] == ["linear1", "linear2", "linear3"] and header["logY"]
    assert page.select_slider[0].value == 100


def test_the_healthy_one_is_left_in_peace() -> None:
    page = opened("healthy", 0, case="healthy")
    assert not page.error and page.info[0].value.startswith("No detector rings.")
    assert page.code[0].value == program(HEALTHY).rstrip()


def test_what_is_wrong_is_told_only_when_it_is_named() -> None:
    case = quiz.hidden(3)
    page = opened(case.name, 3, part="quiz", round=3)
    assert not page.code and not page.error and not any("Detector" in one.value for one in page.markdown)
    other = next(one for one in CASES if one is not case)
    page.radio(key="clinic-guess-3").set_value(other.name).run()
    assert page.warning and not page.code
    page.radio(key="clinic-guess-3").set_value(case.name).run()
    assert page.success and page.code
    page.button(key="clinic-another").click().run()
    assert page.query_params["round"] == "4"
    assert {quiz.hidden(1 + i).name for i in range(len(CASES))} == {one.name for one in CASES}


def test_the_slider_stays_while_steps_come(monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("zeros", 0, case="zeros", step=100)
    early = list(running._PROGRAMS.known(("zeros", 0)).lines)[:5]  # type: ignore[union-attr]
    monkeypatch.setattr(running, "watch", lambda *given: given[5](early))
    page.run()
    assert page.select_slider[0].value == 100 and page.query_params["step"] == "100"
    assert any("step 20" in one.value for one in page.caption)


@pytest.mark.parametrize("query", [{"case": "flu"}, {"seed": "x"}, {"part": "quiz", "round": "0"}])
def test_nonsense_in_the_link_gets_a_sentence(query: dict[str, str]) -> None:
    page = show_page("clinic", query)
    assert not page.exception and len(page.warning) == 1
