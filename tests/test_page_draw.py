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
from nnlab.drawing import predict_drawing, predict_image, shipped_model
from nnlab.drawing.predict import input_logits
from nnlab.drawing.stages import STAGES, Switches, drawing_stages
from nnlab.errors import RunError
from nnlab.nets.architecture import LayerSpec, sequence
from nnlab.nets.presets import preset
from nnlab.runs import RunStore
from nnlab.training.weights import TrainedModel, WeightsInfo, load_model, save_weights
from nnlab.ui.draw.reader import SHIPPED, Reader, _code, answer_of, readable_runs, reader
from nnlab.ui.draw.told import stage_numbers

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
def test_a_drawing_outlives_loading_the_page_again_and_clearing_clears(
    lab: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{lab}/draw")
    draw_seven(page)
    expect(page.locator(".best .name")).to_have_text("7")
    page.reload()
    canvas = page.locator("canvas.paper")
    expect(canvas).to_have_attribute("data-strokes", "1")
    expect(page.locator(".best .name")).to_have_text("7")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.reload()
    expect(canvas).to_have_attribute("data-strokes", "0")
    expect(page.locator(".sentence")).to_have_text("Draw something: the answer appears here.")
    page.evaluate(
        "addEventListener('pagehide', () => sessionStorage.setItem('nnlab-drawing', '{\"strokes\": [[1]]}'))"
    )
    page.reload()  # what is kept there is nonsense
    expect(canvas).to_have_attribute("data-strokes", "0")


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


def draw_page(strokes: object = None, told: object = None, **query: object) -> AppTest:
    """The page with `strokes` on its pad, or with `told` as the state of the pad's component."""
    page = AppTest.from_file(str(Path(__file__).parents[1] / "app.py"), default_timeout=60).run()
    if strokes is not None:
        page.session_state["pad:drawing"] = {"seq": 1, "strokes": strokes}
    if told is not None:
        page.session_state["pad"] = {"drawing": told}
    page.switch_page("pages/lab/draw.py")
    for name, value in query.items():
        page.query_params[name] = str(value)
    page.run()
    assert not page.exception, page.exception
    return page


@pytest.mark.parametrize(("strokes", "doubted"), [(STAR, True), (PLAIN_SEVEN, False)])
def test_the_pad_says_what_does_not_look_like_a_digit(strokes: list[list[int]], doubted: bool) -> None:
    header, blobs = component(draw_page(strokes), "pad")
    assert (header["sentence"] == "This does not look like a digit.") == header["doubt"] == doubted
    probabilities = np.frombuffer(blobs[1], np.float32)
    drawn = [np.array(flat, np.float32).reshape(-1, 2) / 10 for flat in strokes]
    assert np.array_equal(probabilities, predict_drawing(shipped_model(), drawn).numpy())


def test_only_the_network_of_the_package_doubts() -> None:
    shipped = shipped_model()
    star = [np.array(flat).reshape(-1, 2) / 10 for flat in STAR]
    assert answer_of(shipped, drawing_stages(shipped, star)).doubtful
    other = TrainedModel(OrderedDict(shipped.named_children()))
    other.info = shipped.info
    again = answer_of(other, drawing_stages(other, star))
    assert not again.doubtful
    assert np.array_equal(
        again.probabilities, answer_of(shipped, drawing_stages(shipped, star)).probabilities
    )


@pytest.mark.parametrize("off", [(), ("box",), ("centre", "ink"), STAGES])
def test_a_stage_that_is_off_changes_the_answer_and_the_url_says_which(off: tuple[str, ...]) -> None:
    small = [[300, 300, 800, 300, 500, 900]]
    page = draw_page(small, off=",".join(off))
    header, blobs = component(page, "pad")
    strokes = [np.array(flat, np.float32).reshape(-1, 2) / 10 for flat in small]
    switches = Switches(**dict.fromkeys(off, False))
    found = drawing_stages(shipped_model(), strokes, on=switches)
    expected = input_logits(shipped_model(), found.fed).softmax(0)
    assert np.array_equal(np.frombuffer(blobs[1], np.float32), expected.numpy())
    assert header["channel"]["off"] == list(off)
    stages, (given, inked) = component(page, "stages")
    assert (
        stages["off"] == list(off) and stages["stages"] == stage_numbers(found) and given == inked == blobs[0]
    )
    plain, _ = component(draw_page(small, off=",".join(off), part="inside"), "pad")
    assert plain["channel"]["off"] == []  # the other views are of the drawing as it should be read


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("nonsense", "What the pad has told is no drawing"),
        ({"seq": 5, "strokes": "nonsense"}, "should be a list of lists"),
        ({"seq": 5, "strokes": [["a"]]}, "Stroke 0"),
        ({"seq": 5, "strokes": [[1, 2, float("nan"), 4]]}, "not finite"),
        ({"seq": None, "strokes": []}, "whole number"),
        ({"seq": 5, "strokes": [[9000, 10]]}, "Nothing of the drawing lies on the canvas"),
        ({"seq": 5, "strokes": [[0, 0] * 100_001]}, "at most 100,000"),
    ],
)
def test_nonsense_from_a_pad_gets_a_sentence_and_the_drawing_is_kept(told: object, sentence: str) -> None:
    header, blobs = component(draw_page(PLAIN_SEVEN, told), "pad")
    assert sentence in header["sentence"] == header["problem"] and blobs == [b"", b""]
    if "lies on the canvas" not in sentence:
        assert header["strokes"] == PLAIN_SEVEN and header["seq"] == 1


def test_one_dot_is_answered_and_an_empty_pad_waits() -> None:
    header, _ = component(draw_page([[1400, 1400]]), "pad")
    assert header["doubt"] and header["shape"] == [1, 28, 28]
    page = draw_page()
    header, blobs = component(page, "pad")
    assert header["sentence"].startswith("Draw something") and blobs == [b"", b""]
    assert component(page, "stages")[0]["stages"] is None


def test_texts_travel_once_to_a_browser_that_has_them() -> None:
    told = {"seq": 7, "strokes": PLAIN_SEVEN, "times": [[0, 300, 400]], "pen": 25, "texts": "en"}
    page = draw_page(told=told)
    header, _ = component(page, "pad")
    assert header["texts"] is None and header["strokes"] is None and header["pen"] == 25
    stages, _ = component(page, "stages")
    assert stages["seconds"] == 0.7 and stages["pressure"] is None and stages["pen"] == 25
    again, _ = component(page.run(), "pad")  # a page that is drawn anew may be in a browser that has nothing
    assert again["texts"] and again["strokes"] == PLAIN_SEVEN and again["times"] == [[0, 300, 400]]


@pytest.mark.mnist
@pytest.mark.parametrize(("query", "index", "label"), [({}, 0, 7), ({"of": "4", "sample": 2}, 6, 4)])
def test_a_sample_is_picked_without_a_pointer(query: dict[str, object], index: int, label: int) -> None:
    page = draw_page(**{"from": "sample", **query})
    header, blobs = component(page, "sample")
    test = load_dataset("mnist").test
    assert int(test.labels[index]) == label and header["caption"] == f"Label: {label} · test image {index}"
    expected = predict_image(shipped_model(), test.images[index : index + 1])
    assert np.array_equal(np.frombuffer(blobs[1], np.float32), expected.numpy())
    page.button(key="draw-another").click().run()
    assert not page.exception and component(page, "sample")[0]["caption"].startswith("Label: ")
    page.selectbox(key="draw-of").select("9").run()
    assert page.query_params["of"] == "9" and component(page, "sample")[0]["caption"].startswith("Label: 9")
    assert component(page, "stages")[0]["cards"][0]["name"] == "given"


def test_without_the_data_there_is_a_sentence_instead_of_a_sample(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    page = draw_page(**{"from": "sample"})
    assert "MNIST is not in" in page.info[0].value


def test_a_network_for_photographs_is_given_photographs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnlab.ui.draw.reader.can_be_drawn", lambda name: False)
    page = draw_page()
    assert any("holds photographs" in caption.value for caption in page.caption)
    [source] = [one for one in page.segmented_control if one.key == "draw-from"]
    assert source.options == ["A photograph", "A sample"] and source.value == "photo"


def info_of(dataset: str, shape: tuple[int, int, int]) -> WeightsInfo:
    network = preset("logistic")
    return WeightsInfo(0, network, shape, ("a", "b"), dataset, (0.2,) * shape[0], (0.3,) * shape[0])


@pytest.mark.parametrize(
    ("dataset", "shape", "drawable", "remark"),
    [
        ("emnist_letters", (1, 28, 28), True, ""), ("kmnist", (1, 28, 28), True, ""),
        ("usps", (1, 16, 16), True, ""), ("fashion_mnist", (1, 28, 28), True, "garments"),
        ("cifar10", (3, 32, 32), False, "CIFAR\\-10 holds photographs"),
        ("images/pets", (3, 40, 40), True, ""),
    ],
)  # fmt: skip
def test_for_which_data_one_can_draw(
    dataset: str, shape: tuple[int, int, int], drawable: bool, remark: str
) -> None:
    model = TrainedModel(*preset("logistic").build(shape, 2))
    model.info = info_of(dataset, shape)
    chosen = Reader(model, "", "")
    assert chosen.drawable == drawable and (remark in chosen.remark if remark else chosen.remark == "")
    answer = answer_of(
        model, drawing_stages(model, [np.array([[70.0, 60.0], [210.0, 60.0], [120.0, 240.0]])])
    )
    assert answer.image.shape == shape and answer.probabilities.shape == (2,)
    if dataset in ("kmnist", "usps"):  # their signs reach from edge to edge
        rows = np.flatnonzero(answer.image[0].max(1) > 100)
        assert rows[0] <= 1 and rows[-1] >= shape[1] - 2


@pytest.mark.parametrize("part", ["read", "inside"])
@browser_test
def test_the_answer_comes_while_the_pen_is_still_down(
    lab: str, open_page: Callable[..., Page], part: str
) -> None:
    page = open_page(f"{lab}/draw?part={part}")
    canvas = page.locator("canvas.paper[data-answered]")
    box = canvas.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    expect(page.locator(".best .name")).to_have_text("7")
    seq = canvas.get_attribute("data-seq")
    expect(canvas).to_have_attribute("data-answered", str(seq))
    page.mouse.up()
    # Who listens is told once, when the answer has settled.
    expect(page.locator(".heard[aria-live=polite]")).to_have_text(re.compile(r"The network says 7"))


@browser_test
def test_without_its_own_connection_the_pad_asks_the_session(
    lab: str, open_page: Callable[..., Page]
) -> None:
    page = open_page("about:blank")
    page.route_web_socket("**/pad/answers", lambda socket: socket.close())
    page.goto(f"{lab}/draw")
    draw_seven(page)
    expect(page.locator(".best .name")).to_have_text("7")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".sentence")).to_have_text("Draw something: the answer appears here.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".best .name")).to_have_text("7")


@browser_test
def test_stages_are_switched_and_outlive_a_reload(lab: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{lab}/draw")
    draw_seven(page)
    expect(page.locator(".best .name")).to_have_text("7")
    expect(page.locator(".stage.centre .numbers")).to_contain_text("(14.0")
    before = page.locator(".best .number").text_content()
    page.get_by_role("checkbox", name="Normalised").click()
    expect(page).to_have_url(re.compile("off=normalise"))
    expect(page.locator(".stage.normalise .numbers")).to_contain_text("only x / 255")
    expect(page.locator(".best .number")).not_to_have_text(before)
    page.reload()
    expect(page.get_by_role("checkbox", name="Normalised")).not_to_be_checked()
    expect(page.locator("canvas.paper")).to_have_attribute("data-strokes", "1")  # which the browser has kept


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
