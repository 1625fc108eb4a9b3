"""The page "The training loop": walked by its buttons; overfitting run in a process."""

from __future__ import annotations

import pytest
from datasets_page import component, show_page
from streamlit.testing.v1 import AppTest

from nnlab.lessons.loop.iteration import LAST, STAGES, at, losses_until
from nnlab.lessons.loop.overfitting import Settings, program
from nnlab.ui.learn.loop import overfitting


def answered(page: AppTest) -> bool:
    return any(one.value.startswith(":green[:material/check") for one in page.markdown)


def test_an_iteration_is_walked_stage_by_stage() -> None:
    page = show_page("loop", {})
    for place, stage in enumerate(STAGES, 1):
        page.button(key="loop-stage").click().run()
        assert not page.exception and page.query_params["at"] == str(place)
        assert any(f":blue-badge[{stage}]" in one.value for one in page.markdown)
        assert answered(page) == (stage in ("step", "zero"))
        if stage == "forward":
            logits = at(2).logits
            assert logits is not None
            assert all(f"{value:.4f}" in page.markdown[-2].value for value in logits.flatten().tolist())
        if stage == "loss":
            assert page.metric[0].value == f"{at(3).loss:.6f}"
        if stage == "backward":
            gradient = at(4).gradients["linear1.weight"]
            assert gradient is not None
            assert any(f"| {float(gradient.norm()):.6f} |" in one.value for one in page.markdown)
    page.button(key="loop-epoch").click().run()
    assert page.query_params["at"] == "384"
    page.button(key="loop-begin").click().run()
    assert "at" not in page.query_params


def test_it_goes_on_by_itself_to_the_end() -> None:
    page = show_page("loop", {"at": 384 * 9 - 5})
    page.button(key="loop-go").click().run()
    while page.query_params["at"] != str(LAST):
        page.run()  # as the browser does, time and again
    assert page.button(key="loop-go").disabled and not page.exception
    header, _ = component(page, "loop-losses")
    assert header["series"][0]["from"] + header["series"][0]["count"] == len(losses_until(LAST))


def test_overfitting_and_what_helps() -> None:
    page = show_page("loop", {"part": "overfitting", "augment": "yes", "samples": 50, "hidden": 64})
    asked = Settings(samples=50, hidden=64, augment=True)
    running = overfitting._PROGRAMS.known(asked)
    assert running is not None
    running.wait()
    assert running.problem is None
    page.run()
    last = running.lines[-1]
    assert [one.value for one in page.metric][:3] == [
        "60",
        f"{last['train_loss']:.4f}",
        f"{last['val_loss']:.4f}",
    ]
    assert page.code[0].value == program(asked).rstrip()


@pytest.mark.parametrize("query", [{"at": "99999"}, {"part": "overfitting", "samples": "7"}, {"at": "x"}])
def test_nonsense_in_the_link_gets_a_sentence(query: dict[str, str]) -> None:
    page = show_page("loop", query)
    assert not page.exception and len(page.warning) == 1
