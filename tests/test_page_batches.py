"""The part "Batches" of the Datasets page: orders, strips and tables are those of the code it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import published
import pytest
import torch
from datasets_page import facts, show
from streamlit.testing.v1 import AppTest

from nnlab.data import load_dataset
from nnlab.data.loaders import SAMPLERS, Loading
from nnlab.ui.datasets.batches import measuring
from nnlab.ui.datasets.batches.choice import Selection
from nnlab.ui.datasets.batches.measuring import Subject


@pytest.fixture(autouse=True)
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data root with a small MNIST of noise in it."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    monkeypatch.setattr(published, "TRAIN", 130)
    published.write_dataset("mnist", tmp_path, monkeypatch)


@pytest.fixture
def measurements(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short ones, of which none is known yet; none goes on after the test."""
    monkeypatch.setattr(measuring, "_SECONDS", 0.05)
    measuring._begun.clear()
    yield
    for one in measuring._begun:
        one.program.stop()
        one.program.wait()


def batches(**query: object) -> AppTest:
    page = show(dataset="mnist", part="batches", **query)
    assert not page.exception
    return page


def orders(page: AppTest) -> list[list[list[int]]]:
    """The numbers in the rows of the order, epoch by epoch and batch by batch."""
    body = next(block.proto.body for block in page.get("html") if 'class="nnlab-order"' in block.proto.body)
    rows = body.partition("</style>")[2].split('<div role="row">')[1:]
    return [
        [
            [int(number) for number in re.findall(r"<i[^>]*>(\d+)</i>", cells)]
            for cells in re.findall(r'<span role="cell"[^>]*>(.*?)</span>', row)
        ]
        for row in rows
    ]


def strips(page: AppTest) -> list[tuple[str, str]]:
    """The shape and the labels written above each strip."""
    body = next(block.proto.body for block in page.get("html") if 'class="nnlab-batches"' in block.proto.body)
    return re.findall(r"<code>images (\(.*?\))</code> <code>labels (\[.*?\])</code>", body)


SETTINGS = [
    {"sampler": "sequential"},
    {"sampler": "random", "loader_seed": 4, "drop_last": "yes"},
    {"sampler": "weighted", "batch_size": 8, "uneven": "yes", "samples": "all"},
    {"sampler": "random", "batch_size": 6, "workers": 1, "uneven": "yes"},
    {"sampler": "random", "transforms": "to_image;rotation:degrees=30;to_float"},
]


@pytest.mark.parametrize("query", SETTINGS, ids=str)
def test_the_code_gives_the_very_batches(query: dict[str, Any]) -> None:
    page = batches(**query)
    printed: list[str] = []
    code = page.code[0].value
    assert ("v2.RandomRotation" in code) == ("transforms" in query)
    exec(code, {"__name__": "__main__", "print": lambda *told: printed.append(" ".join(map(str, told)))})
    told = [re.fullmatch(r"epoch (\d), batch (\d+): (\(.*\)) (\[.*\])", line) for line in printed]
    assert all(told) and told
    first = [(match[3], json.loads(match[4])) for match in told if match and match[1] == "1"]
    shown = strips(page)
    assert len(shown) == len(first)
    for (shape, labels), (their_shape, their_labels) in zip(shown, first, strict=True):
        assert shape == their_shape and json.loads(labels) == their_labels
    for epoch in (2, 3):
        page.segmented_control(key="batches-epoch").set_value(epoch).run()
        theirs = [json.loads(match[4]) for match in told if match and match[1] == str(epoch)]
        assert [json.loads(labels) for _, labels in strips(page)] == theirs


@pytest.mark.parametrize("query", SETTINGS, ids=str)
def test_the_order_shown_is_the_loaders(query: dict[str, Any]) -> None:
    page = batches(**query)
    data = load_dataset("mnist")
    selection = Selection(None if query.get("samples") == "all" else 100, query.get("uneven") == "yes")
    labels = data.train.labels[selection.places(data.train.labels, 10)]
    loading = Loading(query.get("batch_size", 7), query["sampler"], False, query.get("loader_seed", 0))
    expected = [[batch.tolist() for batch in epoch] for epoch in loading.batches(labels, 3)]
    assert orders(page) == expected


def test_a_hundred_in_sevens() -> None:
    page = batches()
    assert [len(batch) for batch in orders(page)[0]] == [7] * 14 + [2]
    assert facts(page)["Last batch, short"] == "2 × 1 × 28 × 28"
    page.toggle(key="datasets-drop_last").set_value(True).run()
    assert page.query_params["drop_last"] == "yes"
    assert facts(page)["Batches in an epoch"] == "14"
    assert len(strips(page)) == 14


def test_a_sample_is_followed_from_epoch_to_epoch() -> None:
    page = batches(sampler="random", follow=5)
    for epoch, order in enumerate(orders(page), 1):
        place = [sample for batch in order for sample in batch].index(5)
        told = facts(page)[f"Epoch {epoch}"]
        assert told == f"batch {place // 7 + 1}, place {place % 7 + 1}"
    page.number_input(key="datasets-follow").set_value(9).run()
    assert page.query_params["follow"] == "9"
    page = batches(sampler="weighted", follow=5)
    for epoch, order in enumerate(orders(page), 1):
        times = [sample for batch in order for sample in batch].count(5)
        told = facts(page)[f"Epoch {epoch}"]
        assert ("not drawn" in told) == (times == 0) and ("drawn" not in told or times != 1)


def test_the_classes_in_each_batch() -> None:
    page = batches(batch_size=8, uneven="yes", samples="all", sampler="weighted")
    table = page.dataframe[0].value
    data = load_dataset("mnist")
    labels = data.train.labels[Selection(None, True).places(data.train.labels, 10)]
    for sampler, title in zip(SAMPLERS, ("In order", "Random", "Weighted"), strict=True):
        epoch = [batch for batch in Loading(8, sampler).batches(labels, 1)[0] if len(batch) == 8]
        counts = torch.stack([torch.bincount(labels[batch], minlength=10) for batch in epoch]).double()
        for label in range(10):
            cell = table[title][label]
            mean, std = float(counts[:, label].mean()), float(counts[:, label].std(correction=0))
            assert cell.startswith(f"{mean:.2f} ± {std:.2f}")
            assert ("(" in cell) == (sampler != "sequential")


def test_uneven_keeps_one_in_ten_of_every_second_class() -> None:
    labels = torch.arange(2000) % 10
    kept = Selection(None, True).places(labels, 10)
    assert torch.bincount(labels[kept]).tolist() == [200, 20] * 5
    assert len(Selection(50, True).places(labels, 10)) == 50
    assert torch.equal(Selection(4000, False).places(labels, 10), torch.arange(2000))


def test_shuffle_besides_a_sampler_in_pytorchs_words() -> None:
    page = batches(sampler="weighted")
    page.toggle(key="datasets-shuffle-too").set_value(True).run()
    assert "mutually exclusive" in page.error[0].value and not page.exception


def test_drop_last_that_drops_everything_and_nonsense_in_the_address() -> None:
    page = batches(batch_size=1000, drop_last="yes")
    assert "No batch is whole" in page.info[0].value
    page = batches(batch_size=0, sampler="fair", drop_last="perhaps", loader_seed=-3, samples=7, workers=99)
    assert len(page.warning) == 6


def test_what_was_chosen_is_there_again_after_another_page() -> None:
    page = batches(sampler="random", batch_size=9)
    page.switch_page("pages/lab/home.py").run()
    page.switch_page("pages/lab/datasets.py")
    page.query_params["part"] = "batches"
    page.query_params["dataset"] = "mnist"
    page.run()
    assert page.number_input(key="datasets-batch_size").value == 9
    assert page.query_params["sampler"] == "random"


def test_a_measurement_is_of_every_way(measurements: None) -> None:
    subject = Subject("mnist", 16, "random")
    going = measuring.start(subject)
    assert measuring.start(Subject("mnist", 8, "random")) is going  # one at a time
    going.program.wait()
    assert going.program.problem is None
    found = measuring.found(subject)
    assert found is not None and [rate.workers for rate in found] == [0, 1, 2, None]
    assert all(rate.rate > 0 for rate in found)
    page = batches(batch_size=16, sampler="random")
    table = page.dataframe[-1].value
    assert table["Samples a second"].tolist() == [round(rate.rate) for rate in found]
    assert table["Ratio"].tolist() == [f"{rate.rate / found[0].rate:.2f} ×" for rate in found]


def test_a_measurement_that_is_stopped_leaves_no_process(
    measurements: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "_SECONDS", 600)
    going = measuring.start(Subject("mnist", 16, "random"))
    page = batches(batch_size=16, sampler="random")
    page.button(key="batches-stop").click().run()
    program = going.program
    program.wait()
    assert program.stopped and program.problem is None and measuring.found(going.subject) is None
    assert program._process is not None and not psutil.pid_exists(program._process.pid)
    page.run()
    assert not page.error and page.button(key="batches-measure")


def test_a_measurement_that_fails_says_why(measurements: None) -> None:
    going = measuring.start(Subject("kmnist", 16, "random"))
    going.program.wait()
    assert "Kuzushiji-MNIST is not in" in str(going.program.problem)
    assert measuring.found(going.subject) is None


@pytest.mark.browser
def test_in_a_browser_shuffling_and_a_measurement(lab: str, open_page: Callable[..., Any]) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    page = open_page(f"{lab}/datasets?dataset=strokes&part=batches")
    order = page.locator(".nnlab-order [role=row]")
    expect(order).to_have_count(3, timeout=60_000)
    assert order.nth(0).locator("i").all_inner_texts() == [str(i) for i in range(100)]
    page.get_by_role("radio", name="Random").click()
    page.wait_for_function("() => new URL(location).searchParams.get('sampler') === 'random'")
    expect(order.nth(0).locator("i").first).not_to_have_text("0")
    assert sorted(map(int, order.nth(2).locator("i").all_inner_texts())) == list(range(100))
    page.get_by_role("button", name="Measure on this machine").click()
    expect(page.get_by_role("button", name="Measure again")).to_be_visible(timeout=120_000)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390")
