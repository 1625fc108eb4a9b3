"""The Train page in a browser: a training from the first click to its end, and what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from slow_answers import slow_answers

from nnlab.training.optim import OPTIMIZERS

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page

_SLOW = 120_000  # ms: a training shares two cores with a browser


@pytest.fixture
def train(lab: str, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """``train("model=net")`` opens the page with that in its address; the data is the built-in set."""

    def opened(query: str = "", heading: str = "Train", **options: object) -> Page:
        page = open_page(f"{lab}/train?dataset=strokes&{query}", **options)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible(timeout=60_000)
        return page

    return opened


def start(page: Page, epochs: str) -> str:
    """Fill in the epochs, press Start, and return the id of the run in the address."""
    before = run_ids(page)
    fill(page, "Epochs", epochs)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_function(
        "old => new URL(location).searchParams.get('run') !== old", arg=",".join(before) or None
    )
    return run_ids(page)[0]


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(value)
    field.press("Tab")
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def run_ids(page: Page) -> list[str]:
    return [name for name in parse_qs(urlsplit(page.url).query).get("run", [""])[0].split(",") if name]


def losses(page: Page) -> object:
    canvas = page.locator(".plot canvas").first
    expect(canvas).to_have_attribute("data-points", re.compile(r"\d"), timeout=_SLOW)
    return canvas


def wait_for_points(page: Page, canvas: object, least: int) -> None:
    page.wait_for_function("([e, n]) => Number(e.dataset.points) >= n", arg=[canvas.element_handle(), least],
                           timeout=_SLOW)  # fmt: skip


def points(canvas: object) -> int:
    return int(canvas.get_attribute("data-points"))


def head(page: Page) -> object:
    return page.locator(".st-key-train-head")


def number(page: Page, label: str) -> object:
    metric = page.locator(".st-key-train-numbers").get_by_test_id("stMetric").filter(has_text=label)
    return metric.get_by_test_id("stMetricValue")


def test_a_training_is_watched_to_its_end_without_flicker(train: Callable[..., Page]) -> None:
    page = train("model=net")
    run = start(page, "3")
    canvas = losses(page)
    canvas.evaluate("e => { e.mine = true; }")
    filters = page.locator("[class*=st-key-train-filters] .host > canvas")
    expect(filters).to_have_attribute("data-version", re.compile(r"\d"), timeout=_SLOW)
    drawn, seen = int(filters.get_attribute("data-version")), points(canvas)
    wait_for_points(page, canvas, seen + 50)
    page.wait_for_function("([e, n]) => Number(e.dataset.version) > n", arg=[filters.element_handle(), drawn],
                           timeout=_SLOW)  # fmt: skip
    expect(head(page)).to_contain_text("finished", timeout=_SLOW)
    # 20,000 images in batches of 128, three times, and three tests: every point is on the chart.
    wait_for_points(page, canvas, 3 * 157 + 3)
    assert canvas.evaluate("e => e.mine === true")
    expect(number(page, "Test accuracy")).to_have_text(re.compile(r"^9\d\.\d\d%$|^8\d\.\d\d%$"))
    expect(number(page, "Training loss")).to_have_text(re.compile(r"^\d\.\d{4}$"))
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    assert run_ids(page) == [run]


def test_reload_and_second_tab_find_the_run_again(train: Callable[..., Page]) -> None:
    page = train("model=net")
    run = start(page, "1")
    expect(head(page)).to_contain_text("finished", timeout=_SLOW)
    for other in (page, page.context.new_page()):
        other.goto(page.url)
        canvas = losses(other)
        wait_for_points(other, canvas, 157 + 1)
        expect(head(other)).to_contain_text("finished")
        assert run_ids(other) == [run]


def test_pause_resume_and_stop(train: Callable[..., Page]) -> None:
    page = train("model=convnet")
    start(page, "50")
    canvas = losses(page)
    page.get_by_role("button", name="Pause").click()
    expect(head(page)).to_contain_text("paused", timeout=_SLOW)
    resting = points(canvas)
    page.get_by_role("button", name="Resume").click()
    expect(head(page)).to_contain_text("training", timeout=_SLOW)
    wait_for_points(page, canvas, resting + 5)
    page.get_by_role("button", name="Stop").click()
    expect(head(page)).to_contain_text("stopped", timeout=_SLOW)
    expect(number(page, "Test accuracy")).to_have_text(re.compile(r"\d%$"))  # the last test of a stopped run


def test_test_now_adds_a_point_before_the_epoch_ends(train: Callable[..., Page]) -> None:
    page = train("model=convnet")
    start(page, "50")
    losses(page)
    page.get_by_role("button", name="Test now").click()
    expect(number(page, "Test accuracy")).to_have_text(re.compile(r"\d%$"), timeout=_SLOW)
    page.get_by_role("button", name="Stop").click()
    expect(head(page)).to_contain_text("stopped", timeout=_SLOW)


def test_two_runs_lie_over_each_other(train: Callable[..., Page]) -> None:
    page = train("model=logistic")
    first = start(page, "1")
    expect(head(page)).to_contain_text("finished", timeout=_SLOW)
    second = start(page, "1")
    expect(head(page)).to_contain_text("finished", timeout=_SLOW)
    assert first != second
    page.goto(page.url.replace(f"run={second}", f"run={second}%2C{first}"))
    wait_for_points(page, losses(page), 2 * (157 + 1))
    for run in (first, second):
        expect(page.get_by_role("button", name=f"logistic · strokes · {run[-4:]} · training")).to_be_visible()


def test_a_run_stays_when_the_page_is_slow_to_hear_of_it(
    train: Callable[..., Page], lab: str, open_page: Callable[..., Page]
) -> None:
    start(train("model=logistic"), "1")  # so that there is a table
    answers, page = slow_answers(open_page)
    page.goto(f"{lab}/train?dataset=strokes&model=logistic")
    expect(page.locator("[class*=st-key-train-shelf] canvas").first).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    rate = page.get_by_test_id("stNumberInput").filter(
        has=page.get_by_role("spinbutton", name="Learning rate")
    )
    first = answers.hold_back(page, page.get_by_role("button", name="Start training").click)
    # The table that the page has by now knows nothing of the run, and says so along with the rate.
    second = answers.hold_back(page, rate.get_by_test_id("stNumberInputStepUp").click)
    for message in (*first, *second):
        answers.send(message)
    answers.kept = None
    expect(page).to_have_url(re.compile(r"lr=0\.008"))
    expect(head(page)).to_contain_text("finished", timeout=_SLOW)
    assert len(run_ids(page)) == 1


def test_two_tabs_that_start_at_once_get_a_run_each(train: Callable[..., Page]) -> None:
    one = train("model=logistic")
    other = one.context.new_page()
    other.goto(one.url)
    expect(other.get_by_role("button", name="Start training")).to_be_enabled(timeout=60_000)
    for page in (one, other):
        fill(page, "Epochs", "1")
    for page in (one, other):
        page.get_by_role("button", name="Start training").click()
    found = []
    for page in (one, other):
        page.wait_for_function("() => new URL(location).searchParams.get('run')")
        expect(head(page)).to_contain_text("finished", timeout=_SLOW)
        found += run_ids(page)
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    ("label", "value", "sentence"),
    [
        ("Learning rate", "0", "learning rate"),
        ("Learning rate", "-0.1", "learning rate"),
        ("Batch size", "0", "batch size"),
        ("Epochs", "0", "epochs"),
    ],
)
def test_a_value_that_cannot_be_gets_a_sentence(
    train: Callable[..., Page], label: str, value: str, sentence: str
) -> None:
    page = train("model=net")
    fill(page, label, value)
    expect(page.get_by_role("alert").filter(has_text=re.compile(sentence, re.IGNORECASE))).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    fill(page, label, "1")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()


def test_the_address_holds_the_recipe(train: Callable[..., Page]) -> None:
    page = train("model=mlp&optimizer=sgd&batch=64&epochs=0.5&seed=7")
    expect(page.get_by_role("spinbutton", name="Batch size")).to_have_value("64")
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("0.5")
    # The rate that suits the optimizer, unless the address says otherwise.
    usual = f"{OPTIMIZERS['sgd'].lr:g}"
    expect(page.get_by_role("spinbutton", name="Learning rate")).to_have_value(usual)
    fill(page, "Learning rate", "0.25")
    page.wait_for_function("() => new URL(location).searchParams.get('lr') === '0.25'")
    page.reload()
    expect(page.get_by_role("spinbutton", name="Learning rate")).to_have_value("0.25")
    page.get_by_role("link", name="Datasets").click()
    expect(page.get_by_role("heading", name="Datasets", exact=True)).to_be_visible(timeout=60_000)
    page.get_by_test_id("stSidebar").get_by_role("link", name=re.compile("Train$")).click()
    expect(page.get_by_role("spinbutton", name="Learning rate")).to_have_value("0.25")
    expected = {"model": "mlp", "optimizer": "sgd", "batch": "64", "epochs": "0.5", "seed": "7", "lr": "0.25"}
    page.wait_for_function(
        "wanted => Object.entries(wanted).every(([k, v]) => new URL(location).searchParams.get(k) === v)",
        arg=expected,
    )


def test_a_finished_run_can_be_drawn_with(train: Callable[..., Page]) -> None:
    page = train("model=logistic")
    run = start(page, "0.1")
    page.get_by_role("link", name="Draw with it").click(timeout=_SLOW)
    expect(page.get_by_role("heading", name="Draw", exact=True)).to_be_visible(timeout=60_000)
    page.wait_for_function("run => new URL(location).searchParams.get('run') === run", arg=run)


def test_korean_and_dark(train: Callable[..., Page]) -> None:
    page = train("model=logistic&lang=ko", color_scheme="dark", heading="학습")
    expect(page.get_by_role("button", name="학습 시작")).to_be_enabled()
    page.get_by_role("spinbutton", name="배치 크기").fill("0")
    page.get_by_role("spinbutton", name="배치 크기").press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("배치 크기가 0입니다")


def test_nonsense_in_the_address_gets_a_sentence_and_the_page_goes_on(train: Callable[..., Page]) -> None:
    page = train("model=perceptron&lr=nan&seed=-1&run=../../etc,20200101-000000-abcdef")
    alerts = page.get_by_role("alert")
    expect(alerts.filter(has_text="model=perceptron")).to_contain_text("logistic")
    expect(alerts.filter(has_text="lr=nan")).to_be_visible()
    expect(alerts.filter(has_text="seed=-1")).to_be_visible()
    expect(alerts.filter(has_text="../../etc")).to_be_visible()
    expect(alerts.filter(has_text="20200101-000000-abcdef")).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()


def test_on_a_phone_nothing_lies_beside_the_screen(train: Callable[..., Page]) -> None:
    page = train("model=logistic", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    start(page, "1")
    expect(head(page)).to_contain_text("finished", timeout=_SLOW)
    losses(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
