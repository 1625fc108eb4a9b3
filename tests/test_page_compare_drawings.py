"""The part Compare of the Draw page: the same drawing through several networks, moved in all directions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets_page import component
from runs_kit import DATASET, spec
from streamlit.testing.v1 import AppTest

from nnlab.data import load_dataset
from nnlab.drawing import drawing_for, drawing_to_image, predict_image, shipped_model
from nnlab.drawing.changes import Change, Inked
from nnlab.drawing.fooled import shift_grid, shifted
from nnlab.errors import LabError
from nnlab.runs import RunStore
from nnlab.runs.control import read_control
from nnlab.training.recipe import RunSpec
from nnlab.ui.components.fooled import Moves
from nnlab.ui.draw import compare, compare_runs

playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page
pytest_plugins = ["runs_fixtures"]

SEVEN = [[700, 600, 2100, 600, 1200, 2400]]
CLASSES_OF = compare_runs.classes_of
STROKES = [np.array(flat, np.float32).reshape(-1, 2) / 10 for flat in SEVEN]


@pytest.fixture(autouse=True)
def runs(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The store of the pages; its runs learn what can be drawn."""
    for module in ("compare", "compare_runs", "reader"):
        monkeypatch.setattr(f"nnlab.ui.draw.{module}.run_store", lambda: here)
    monkeypatch.setattr(compare_runs, "can_be_drawn", lambda name: True)
    monkeypatch.setattr(compare_runs, "classes_of", lambda name: shipped_model().info.classes)
    monkeypatch.setattr(compare_runs, "_looks", {})
    return here


def opened(strokes: list[list[int]] = SEVEN, **query: object) -> AppTest:
    page = AppTest.from_file(str(Path(__file__).parents[1] / "app.py"), default_timeout=60).run()
    page.session_state["pad:drawing"] = {"seq": 1, "strokes": strokes}
    page.switch_page("pages/lab/draw.py")
    for name, value in {"part": "compare", **query}.items():
        page.query_params[name] = str(value)
    page.run()
    assert not page.exception
    return page


def test_every_network_is_shown_what_torch_says_of_the_moved_drawing(runs: RunStore) -> None:
    run = runs.train_here(spec("mlp", batch_size=250, epochs=0.3))
    header, blobs = component(opened(move="2,-3,10,0.4"), "fooled")
    assert header["moves"] == {"x": 2, "y": -3, "rotate": 10.0, "width": 0.4}
    turned = Inked(STROKES).changed([Change(rotate=10, width=0.4)])
    assert blobs[0] == shifted(turned, 2, -3).numpy().tobytes()
    assert [network["name"] for network in header["networks"]] == ["the lab's own", "mlp"]
    for told, model in zip(header["networks"], (shipped_model(), run.load_model()), strict=True):
        image = drawing_for(model, turned)
        now = predict_image(model, shifted(image, 2, -3))
        assert told["answer"] == model.info.classes[int(now.argmax())]
        assert told["percent"] == pytest.approx(100 * float(now.max()), abs=0.01)
        grid = shift_grid(model, image)
        assert np.frombuffer(blobs[told["grid"]], "<u2").tolist() == grid.answers.flatten().tolist()
        shares = np.frombuffer(blobs[told["grid"] + 1], np.uint8) / 255
        assert np.abs(shares - grid.probabilities.amax(2).flatten().numpy()).max() < 0.003
        assert told["wanted"] == int(grid.answers[4, 4])
        assert told["line"].startswith(f"{grid.same(told['wanted'])} of 81 shifts: the same answer")
    accuracy = (run.status.result or {})["test_accuracy"]
    assert header["networks"][1]["about"] == f"Fashion-MNIST · {accuracy:.2%}"


def test_a_network_that_takes_the_drawing_for_no_digit_says_so() -> None:
    k = [[800, 300, 800, 2500], [2000, 300, 850, 1400, 2000, 2500]]
    for strokes, refused in ((k, True), (SEVEN, False)):
        header, _ = component(opened(strokes), "fooled")
        assert header["networks"][0]["about"].endswith(" · no digit") == refused


def test_the_newest_run_of_each_preset_is_compared_unless_the_address_names_others(runs: RunStore) -> None:
    first, second = (runs.train_here(spec("logistic", epochs=0.1, seed=seed)) for seed in (0, 1))
    page = opened()
    assert page.multiselect(key="draw-runs").value == ["", second.id]
    page.multiselect(key="draw-runs").set_value([first.id]).run()
    assert page.query_params["runs"] in (first.id, [first.id])
    assert len(component(page, "fooled")[0]["networks"]) == 1
    page.multiselect(key="draw-runs").set_value([]).run()
    assert page.multiselect(key="draw-runs").value == ["", second.id]  # as an address that says nothing
    page = opened(runs=f"shipped,{first.id},nosuch")
    assert page.multiselect(key="draw-runs").value == ["", first.id]
    assert "nosuch" in page.warning[0].value


def test_networks_that_know_something_else_are_compared_only_where_somebody_asks(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_runs, "classes_of", CLASSES_OF)
    run = runs.train_here(spec("mlp", epochs=0.1))  # of garments
    page = opened()
    assert page.multiselect(key="draw-runs").value == [""]
    assert "mlp" in page.button(key="compare-start").label
    assert page.multiselect(key="draw-runs").options[1].startswith("mlp")
    page = opened(run=run.id)  # and where it reads, the one of digits is not compared with it
    assert page.multiselect(key="draw-runs").value == [run.id]


def test_all_shifts_are_tried_once_the_pen_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened()
    page.session_state["pad:drawing"] = {"seq": 2, "strokes": [[700, 600, 2100, 600]], "down": True}
    monkeypatch.setattr(compare, "shift_grid", None)  # whoever asks for it fails
    page.run()
    header, _ = component(page, "fooled")
    assert header["waiting"] and header["networks"][0]["grid"] is None
    assert header["networks"][0]["percent"] > 0
    monkeypatch.setattr(compare, "shift_grid", shift_grid)
    page.session_state["pad:drawing"] = {"seq": 2, "strokes": [[700, 600, 2100, 600]]}
    page.run()
    header, _ = component(page, "fooled")
    assert not header["waiting"] and header["networks"][0]["side"] == 9


@pytest.mark.parametrize("text", ["x", "1,2,3", "99,0,0,0", "0.5,0,0,0", "0,0,nan,0", "0,0,0,9"])
def test_nonsense_about_the_moves_is_told(text: str) -> None:
    with pytest.raises(LabError):
        Moves.read(text)
    page = opened(move=text)
    assert len(page.warning) == 1 and component(page, "fooled")[0]["moves"]["x"] == 0


def test_moves_outlive_their_text() -> None:
    for moves in (Moves(), Moves(3, -8, 12.0, -1.4), Moves(0, 0, 0.0, 3.6)):
        assert Moves.read(moves.text) == moves
    assert Moves.read("1,2,3,0.4", has_pen=False) == Moves(1, 2, 3.0, 0.0, has_pen=False)


def test_a_picture_without_strokes_is_moved_as_pixels(runs: RunStore) -> None:
    model = shipped_model()
    image = drawing_to_image(STROKES)
    assert torch.equal(compare._light_on_dark(image, model), image)
    run = runs.train_here(spec("logistic", batch_size=250, epochs=0.3))
    header, blobs = component(opened(run=run.id, runs=f"shipped,{run.id}", **{"from": "sample"}), "fooled")
    data = load_dataset(DATASET)
    assert not header["hasPen"] and blobs[0] == data.test.images[0].numpy().tobytes()
    ours, theirs = header["networks"]
    # The label is one of the classes of the network that reads; the other one knows digits.
    assert "the same answer" in ours["line"] and ": right" in theirs["line"]
    assert theirs["wanted"] == int(data.test.labels[0])
    grid = shift_grid(run.load_model(), data.test.images[:1], fill=None)
    assert np.frombuffer(blobs[theirs["grid"]], "<u2").tolist() == grid.answers.flatten().tolist()


def test_what_is_missing_is_trained_as_runs_and_can_be_stopped(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[RunSpec] = []

    def start(spec: RunSpec) -> object:
        wanted.append(spec)
        return made[len(wanted) - 1][0]

    done = runs.train_here(spec("net", epochs=0.1))
    made = [runs._create(spec(name), None) for name in ("logistic", "mlp", "convnet")]  # nobody trains them
    monkeypatch.setattr(runs, "start", start)
    page = opened()
    assert page.button(key="compare-start").label == "Train logistic, mlp, convnet"
    page.button(key="compare-start").click().run()
    assert [one.architecture.name for one in wanted] == ["logistic", "mlp", "convnet"]
    assert {one.dataset for one in wanted} == {"strokes"}  # MNIST is not in this folder
    assert component(page, "fooled")[0]["going"]
    page.button(key="compare-stop").click().run()
    assert [read_control(run.path).want for run, _ in made] == ["stop"] * 3
    for _, lock in made:
        lock.release()
    page.run()
    assert not component(page, "fooled")[0]["going"]
    assert page.multiselect(key="draw-runs").value == ["", done.id]


def test_the_last_of_the_runs_to_end_is_compared_at_the_look_that_sees_it_end(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_runs, "_SECONDS", 1e9)  # nobody looks at the store without a reason
    run, lock = runs._create(spec("mlp"), None)
    page = opened()
    page.session_state["draw:compare-started"] = [run.id]
    page.run()
    assert component(page, "fooled")[0]["going"]
    lock.release()
    done = runs.train_here(spec("net", epochs=0.1))
    page.session_state["draw:compare-started"] = [run.id, done.id]
    page.run()
    assert not component(page, "fooled")[0]["going"]
    assert page.multiselect(key="draw-runs").value == ["", done.id]


@pytest.mark.browser
def test_a_drawing_is_moved_by_the_keys_and_by_a_click_on_a_shift(
    lab: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{lab}/draw?part=compare")
    canvas = page.locator("canvas.paper[data-answered]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    points = ((0.32, 0.28), (0.68, 0.28), (0.6, 0.46), (0.45, 0.78))
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()
    host = page.locator(".host[data-networks]")
    expect(host.locator(".says").first).to_have_text("7")
    host.locator("canvas.drawing").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(page).to_have_url(re.compile(r"move=1%2C-1%2C0%2C0"))
    host.get_by_role("button", name="As it was").click()
    expect(page).not_to_have_url(re.compile("move="))
    host.locator("canvas.grid").first.click(position={"x": 5, "y": 5})
    expect(page).to_have_url(re.compile(r"move=-4%2C-4%2C0%2C0"))
    expect(host.locator(".desk .number").first).to_have_text("−4 px")
