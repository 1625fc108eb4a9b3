"""The part "Split" of the Datasets page, and the Train page that takes its split over."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets_page import show
from published import write_dataset
from streamlit.testing.v1 import AppTest

from nnlab.data import load_dataset
from nnlab.data.division import Division, divide, places
from nnlab.training.events import Event
from nnlab.ui.train.history import History

_APP = Path(__file__).parents[1] / "app.py"


@pytest.fixture(autouse=True)
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data root with a small MNIST of noise in it."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    write_dataset("mnist", tmp_path, monkeypatch)


def split(**query: object) -> AppTest:
    page = show(dataset="mnist", part="division", **query)
    assert not page.exception
    return page


def labels() -> tuple[torch.Tensor, torch.Tensor]:
    data = load_dataset("mnist")
    return data.train.labels, data.test.labels


def test_what_is_shown_is_the_split() -> None:
    division = Division(0.2, stratified=False, seed=3)
    page = split(validation=20, stratified="no", splitseed=3)
    parts = places(*labels(), division)
    together = torch.cat(labels())
    counts, off = page.dataframe[0].value, page.dataframe[1].value
    for title, where in zip(("Training", "Validation", "Test"), parts, strict=True):
        assert counts[title].tolist() == torch.bincount(together[where], minlength=10).tolist()
    whole = torch.bincount(labels()[0], minlength=10) / len(labels()[0])
    share = torch.bincount(together[parts.validation], minlength=10) / len(parts.validation)
    assert off["at random"].tolist() == pytest.approx((100 * (share - whole)).tolist(), abs=1e-4)
    by_class = places(*labels(), Division(0.2, seed=3)).validation
    share = torch.bincount(together[by_class], minlength=10) / len(by_class)
    assert off["stratified"].tolist() == pytest.approx((100 * (share - whole)).tolist(), abs=1e-4)
    mean = divide(load_dataset("mnist"), division).mean
    assert f"{mean[0]:.4f}" in "".join(block.proto.body for block in page.get("html"))


@pytest.mark.parametrize(
    ("query", "division"),
    [
        ({"validation": 20}, Division(0.2)),
        ({"validation": 15, "stratified": "no", "splitseed": 8}, Division(0.15, None, False, 8)),
        ({"validation": 10, "test": 30, "splitseed": 2}, Division(0.1, 0.3, True, 2)),
        ({"validation": 0, "test": 25, "stratified": "no"}, Division(0.0, 0.25, False, 0)),
    ],
)
def test_the_code_gives_the_very_indices(query: dict[str, Any], division: Division) -> None:
    page = split(**query)
    space: dict[str, Any] = {}
    exec(page.code[0].value, space)
    parts = places(*labels(), division)
    assert torch.equal(space["train"], parts.train)
    loaded = [int(label) for _, batch in space["train_loader"] for label in batch]
    assert sorted(loaded) == sorted(torch.cat(labels())[parts.train].tolist())
    if len(parts.validation):
        assert torch.equal(space["validation"], parts.validation)
        batches = list(space["validation_loader"])
        assert torch.equal(torch.cat([label for _, label in batches]), torch.cat(labels())[parts.validation])
    if division.test is not None:
        assert torch.equal(space["test"], parts.test)


def test_controls_write_the_address_and_the_address_sets_the_controls() -> None:
    page = split()
    assert page.slider(key="datasets-validation").value == 10
    page.slider(key="datasets-validation").set_value(30).run()
    page.toggle(key="datasets-stratified").set_value(False).run()
    page.toggle(key="datasets-drawn").set_value(True).run()
    page.slider(key="datasets-test").set_value(40).run()
    page.button(key="division-again").click().run()
    found = {name: page.query_params[name] for name in ("validation", "stratified", "test", "splitseed")}
    assert found == {"validation": "30", "stratified": "no", "test": "40", "splitseed": "1"}
    again = split(validation=30, stratified="no", test=40, splitseed=1)
    assert again.dataframe[0].value.equals(page.dataframe[0].value)
    page.toggle(key="datasets-drawn").set_value(False).run()
    assert "test" not in page.query_params and not page.exception


def test_shares_that_cannot_be_and_nonsense_get_a_sentence() -> None:
    page = split(validation=60, test=50)
    assert "nothing is left to train on" in page.error[0].value and not page.dataframe
    page = split(validation="lots", splitseed=-1, stratified="maybe", test=91)
    assert len(page.warning) == 4 and len(page.dataframe) == 2
    page = split(validation=0)
    assert "Nothing is held out" in page.info[0].value
    page = split(validation=1)
    assert not page.exception


def train_page(**query: object) -> AppTest:
    app = AppTest.from_file(str(_APP), default_timeout=60).run()
    app.switch_page("pages/lab/train.py")
    for name, value in {"dataset": "mnist", "model": "logistic", **query}.items():
        app.query_params[name] = str(value)
    return app.run()


def lab_code(page: AppTest) -> str:
    """Of the code on the Train page, that which calls the lab."""
    return next(code.value for code in page.code if "import nnlab" in code.value)


def test_the_train_page_takes_the_split_over() -> None:
    page = train_page(validation=20, test=10, stratified="no", splitseed=4)
    assert not page.exception and not page.warning
    page.session_state["train-code"] = True
    page.run()
    assert "nnlab.Division(validation=0.2, test=0.1, stratified=False, seed=4)" in lab_code(page)
    assert 'event.values["validation_accuracy"]' in lab_code(page)
    page.toggle(key="train-by-class").set_value(True).run()
    assert "stratified" not in page.query_params
    assert "stratified=True" in lab_code(page)
    page.number_input(key="train-validation").set_value(0).run()
    page.number_input(key="train-test").set_value(0).run()
    assert "Division" not in lab_code(page) and "validation" not in page.query_params


def test_the_train_page_refuses_a_split_that_leaves_nothing() -> None:
    page = train_page(validation=60, test=60)
    assert "nothing is left to train on" in page.error[0].value
    assert page.button(key="train-start").disabled


class _Told:
    """A run that has told these events."""

    def __init__(self, division: Division, events: list[Event]) -> None:
        self.spec = type("Spec", (), {"division": division})
        self._events = events

    def events(self, after: int) -> list[Event]:
        return [event for event in self._events if event.seq > after]


def test_a_history_tells_the_validation_curve_and_the_test_once() -> None:
    def evaluated(seq: int, **values: float) -> Event:
        return Event(seq, "evaluated", 10 * seq, {"epoch": seq, **values})

    validation = {"validation_loss": 0.5, "validation_accuracy": 0.8}
    told = History().read(
        _Told(Division(0.1), [
            evaluated(1, **validation),
            evaluated(2, **validation, test_loss=0.6, test_accuracy=0.75),
        ])
    )  # fmt: skip
    assert (told.part, told.measured_accuracies, told.test_accuracy) == ("validation", [0.8, 0.8], 0.75)
    told = History().read(_Told(Division(), [evaluated(1, test_loss=0.6, test_accuracy=0.75)]))
    assert (told.part, told.measured_losses) == ("test", [0.6])


@pytest.mark.browser
def test_from_the_split_to_a_training_that_shows_its_validation(
    lab: str, open_page: Callable[..., Any]
) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    page = open_page(f"{lab}/datasets?dataset=strokes&part=division&validation=20")
    page.get_by_role("link", name="Train with this split").click(timeout=60_000)
    expect(page.get_by_role("button", name="Start training")).to_be_enabled(timeout=60_000)
    page.wait_for_function("() => new URL(location).searchParams.get('validation') === '20'")
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("1")
    epochs.press("Tab")
    expect(page.get_by_text("16,000 images · 4,000 for validation")).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    expect(page.locator(".st-key-train-head")).to_contain_text("finished", timeout=120_000)
    for label in ("Validation accuracy", "Test accuracy"):
        metric = page.locator(".st-key-train-numbers").get_by_test_id("stMetric").filter(has_text=label)
        expect(metric.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^\d\d\.\d\d%$"))
    expect(page.get_by_role("button", name="validation", exact=True).first).to_be_visible()
