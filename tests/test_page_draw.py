"""The Draw page and the home page in a browser, the network's code, and bad links to both."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets_page import component
from streamlit.testing.v1 import AppTest

from nnlab.data import load_dataset
from nnlab.drawing import shipped_model
from nnlab.errors import RunError
from nnlab.nets.architecture import LayerSpec, sequence
from nnlab.runs import RunStore
from nnlab.training.weights import TrainedModel, WeightsInfo, load_model, save_weights
from nnlab.ui.draw.reader import SHIPPED, _code, answerer, readable_runs, reader

playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page
browser_test = pytest.mark.browser

# x, y, x, y, ... in tenths of a pixel, as the pad tells its strokes.
STAR = [[1400, 300, 2050, 2400, 350, 1050, 2450, 1050, 750, 2400, 1400, 300]]
PLAIN_SEVEN = [[700, 600, 2100, 600, 1200, 2400]]
SEVEN = [(0.32, 0.28), (0.68, 0.28), (0.6, 0.46), (0.45, 0.78)]


def draw_seven(page: Page) -> None:
    canvas = page.locator("canvas.paper[data-answered]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


@browser_test
def test_a_seven_is_read_as_a_seven_and_outlives_language_and_page(
    lab: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{lab}/draw")
    expect(page.locator(".sentence")).to_have_text("Draw something: the answer appears here.")
    draw_seven(page)
    expect(page.locator(".best .name")).to_have_text("7")
    ink = page.locator("canvas.seen")
    expect(ink).to_have_attribute("data-ink", re.compile(r"^[1-9]\d{3,}$"))
    page.get_by_text("한국어").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("그리기")
    expect(page).to_have_url(re.compile("lang=ko"))
    expect(page.locator("canvas.paper")).to_have_attribute("data-strokes", "1")
    page.get_by_role("link", name="홈").click()
    expect(page.locator("canvas.paper")).to_have_count(0)
    page.get_by_role("link", name="그리기").first.click()
    expect(page.locator("canvas.paper")).to_have_attribute("data-strokes", "1")
    expect(page.locator(".best .name")).to_have_text("7")


@browser_test
def test_the_page_follows_the_browsers_language(lab: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{lab}/draw", locale="ko-KR")
    expect(page.get_by_role("heading", level=1)).to_have_text("그리기")


@browser_test
def test_nonsense_in_the_link_gets_a_sentence(lab: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{lab}/draw?run=nosuchrun&lang=xx")
    alerts = page.get_by_test_id("stAlert")
    expect(alerts.filter(has_text="lang=xx")).to_contain_text("en, ko")
    expect(alerts.filter(has_text="nosuchrun")).to_contain_text("The network of the package is used instead.")
    draw_seven(page)
    expect(page.locator(".best .name")).to_have_text("7")


@browser_test
def test_home_is_alive_and_can_be_paused(lab: str, open_page: Callable[..., Page]) -> None:
    page = open_page(lab)
    story = page.locator(".host[data-number]")
    expect(story).to_have_attribute("data-number", "0")
    page.wait_for_function("e => Number(e.dataset.place) > 20", arg=story.element_handle())
    page.get_by_role("button", name="Pause").click()
    place = story.get_attribute("data-place")
    page.get_by_role("button", name="Another digit").click()
    expect(story).to_have_attribute("data-number", "1")
    page.get_by_role("button", name="Play").click()
    expect(story).not_to_have_attribute("data-place", place)
    page.get_by_role("link", name="Draw a digit").click()
    expect(page.locator("canvas.paper")).to_be_visible()


@browser_test
def test_home_stands_still_for_those_who_ask_for_it(lab: str, open_page: Callable[..., Page]) -> None:
    page = open_page(lab, reduced_motion="reduce")
    expect(page.locator(".best .name")).to_have_count(1)  # the answer is there at once
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_the_code_of_the_page_runs_and_reads_the_seven(tmp_path: Path) -> None:
    script = tmp_path / "draw.py"
    script.write_text(reader(RunStore(tmp_path), SHIPPED).code)
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    shares = dict(re.findall(r"^(\d): ([\d.]+)%$", done.stdout, re.MULTILINE))
    assert len(shares) == 10 and float(shares["7"]) > 50


@pytest.mark.parametrize(("strokes", "doubted"), [(STAR, True), (PLAIN_SEVEN, False)])
def test_the_pad_says_what_does_not_look_like_a_digit(strokes: list[list[int]], doubted: bool) -> None:
    page = AppTest.from_file(str(Path(__file__).parents[1] / "app.py"), default_timeout=60).run()
    page.session_state["pad:drawing"] = {"seq": 1, "strokes": strokes}
    page.switch_page("pages/lab/draw.py").run()
    header, blobs = component(page, "pad")
    assert (header["sentence"] == "This does not look like a digit.") == header["faint"] == doubted
    assert sum(bar["percent"] for bar in header["bars"]) == pytest.approx(100, abs=0.1)
    assert sum(bar["best"] for bar in header["bars"]) == 1 and sum(blobs[0]) > 1000


def test_only_the_network_of_the_package_doubts() -> None:
    shipped, _ = shipped_model()
    star = [np.array(flat).reshape(-1, 2) / 10 for flat in STAR]
    assert answerer(shipped, 280)(star).doubt == "This does not look like a digit."
    other = TrainedModel(OrderedDict(shipped.named_children()))
    other.info = shipped.info
    again = answerer(other, 280)(star)
    assert again.doubt is None and again.probabilities == answerer(shipped, 280)(star).probabilities


def test_a_store_without_runs_offers_none_and_an_unknown_run_is_refused(tmp_path: Path) -> None:
    assert readable_runs(RunStore(tmp_path)) == {}
    with pytest.raises(RunError):
        reader(RunStore(tmp_path), "nosuchrun")


def test_the_code_of_a_network_with_branches_gives_what_the_network_gives(tmp_path: Path) -> None:
    conv, norm = LayerSpec("conv2d", {"out_channels": 4, "padding": 1}), LayerSpec("batch_norm2d")
    blocks = (
        LayerSpec("residual", branches=((conv, norm), ())),
        LayerSpec("concat", branches=((conv,), (norm,))),
    )
    network = sequence("forked", conv, *blocks, "relu", "flatten", "linear")
    info = WeightsInfo.of(network, load_dataset("strokes"), 0)
    path = tmp_path / "weights.safetensors"
    model = network.build((1, 28, 28), 10, seed=3).eval()
    save_weights(path, model.state_dict(), info)
    names: dict[str, Any] = {}
    exec(_code(load_model(path), [], repr(str(path))), names)
    assert torch.equal(names["model"](names["x"]), model(names["x"]))
