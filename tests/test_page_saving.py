"""The page "Save and load": a story told by its buttons, the three files, the two modes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from datasets_page import show_page
from streamlit.testing.v1 import AppTest

from nnlab.lessons.saving.story import after, fingerprint
from nnlab.program import own_environment
from nnlab.ui.learn.saving import modes, pickled, state


def metric(page: AppTest, label: str) -> str:
    return next(one.value for one in page.metric if one.label == label)


def table(page: AppTest) -> str:
    return next(one.value for one in page.markdown if one.value.startswith("| Name"))


def test_a_story_is_told_by_buttons_and_kept_in_the_address() -> None:
    page = show_page("saving", {})
    assert page.button(key="saving-load").disabled
    for name in ("train", "save", "train", "new", "load"):
        assert not any(one.value.startswith(":green[:material/check") for one in page.markdown)
        page.button(key=f"saving-{name}").click().run()
    assert page.query_params["story"] == "tstnl"
    now = after(["train", "save"])
    assert (
        metric(page, "Loss of one batch") == f"{now.loss:.4f}"
        and metric(page, "Steps it has learned") == "10"
    )
    assert table(page).count(":green[the same]") == len(now.state)
    assert fingerprint(now.state["conv.weight"]) in table(page)
    assert any(one.value.startswith(":green[:material/check") for one in page.markdown)
    page.button(key="saving-undo").click().run()
    assert page.query_params["story"] == "tstn" and ":orange[" in table(page)


@pytest.mark.parametrize("story", ["tl", "x", "t" * 99, "`*"])
def test_a_story_that_goes_wrong_ends_before_that(story: str) -> None:
    page = show_page("saving", {"story": story})
    assert not page.exception and len(page.warning) == (story != "t" * 99)


def test_the_three_files_are_loaded_elsewhere() -> None:
    page = show_page("saving", {"part": "pickle", "file": "trap"})
    pickled._PROGRAMS.start("experiments", [], "nnlab.lessons.saving.pickled").wait()
    page.run()
    assert page.code[0].value == "__builtin__.print"
    assert page.code[1].value.startswith("UnpicklingError") and "printed by the file" in page.code[2].value
    page.pills(key="saving-safe").set_value(["state"]).run()
    assert any(":green[:material/check" in one.value for one in page.markdown)


def test_the_switches_of_the_modes() -> None:
    page = show_page("saving", {"part": "modes", "dropout": "no"})
    told = [one.value for one in page.markdown if "**" in one.value]
    assert ":green[all equal]" in told[0] and ":orange[they differ]" in told[1]
    assert any(":green[:material/check" in one.value for one in page.markdown)


@pytest.mark.parametrize(
    "source", [state._CODE, pickled._CODE, modes._CODE], ids=["state", "pickle", "modes"]
)
def test_the_code_of_each_part_runs(source: str, tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=120, cwd=str(tmp_path),
        env=own_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "False" not in done.stdout and done.stdout
