"""The Datasets page: what it shows is what the files hold, its URL is its state, its code runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets_page import facts, show
from published import NAMES, torchvision_items, write_dataset
from torchvision.transforms.functional import pil_to_tensor

from nnlab.data import dataset_info, dataset_names, load_dataset
from nnlab.ui.datasets import fetching
from nnlab.ui.datasets.samples import draw_indices


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data root, and no download known to the server."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    monkeypatch.setattr(fetching, "_fetches", {})
    return tmp_path


@pytest.fixture
def mnist(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with a small MNIST of noise in it."""
    write_dataset("mnist", root, monkeypatch)
    return root


@pytest.mark.parametrize("name", NAMES)
def test_numbers_and_code_of_every_dataset_are_torchvisions(
    name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(name, root, monkeypatch)
    page = show(dataset=name, split="test", grid=3, seed=5, sample=7)
    assert not page.exception and not page.error and not page.warning
    theirs = torchvision_items(name, root, train=False)
    picture, label = theirs[7]
    pixels = pil_to_tensor(picture)
    if name.startswith("emnist_"):  # stored column by column
        pixels = pixels.transpose(1, 2)
    label -= name == "emnist_letters"  # counted from 1

    told = facts(page)
    assert told["Training images"] == f"{len(torchvision_items(name, root, train=True)):,}"
    assert told["Test images"] == f"{len(theirs):,}"
    assert told["Classes"] == str(len(dataset_info(name).classes))
    title = dataset_info(name).classes[label]
    assert told["Label"] in (title, f"{title} ({label})")
    assert told["dtype"] == "uint8"
    assert told["shape"] == " × ".join(map(str, pixels.shape))
    assert (int(told["min"]), int(told["max"])) == (int(pixels.min()), int(pixels.max()))
    assert told["mean"] == f"{np.mean(pixels.numpy()):.2f}"
    assert told["std"] == f"{np.std(pixels.numpy()):.2f}"
    for frame, channel in zip(page.dataframe, pixels, strict=False):
        assert np.array_equal(frame.value.to_numpy(), channel.numpy())

    space: dict[str, Any] = {}
    exec(page.code[0].value, space)
    assert torch.equal(space["image"], pixels) and space["label"] == label  # its last lines use torchvision
    drawn = draw_indices(load_dataset(name).test.labels, None, 9, 5)
    assert torch.equal(space["grid"], drawn)
    assert torch.equal(space["images"], load_dataset(name).test.images[drawn])
    measured = load_dataset(name)
    assert measured.mean == pytest.approx(tuple(space["mean"].tolist()), abs=1e-5)
    assert measured.std == pytest.approx(tuple(space["std"].tolist()), abs=1e-5)
    assert told["Mean"] == ", ".join(f"{value:.4f}" for value in measured.mean)
    assert told["Standard deviation"] == ", ".join(f"{value:.4f}" for value in measured.std)


def test_the_class_filter_in_the_code_too(mnist: Path) -> None:
    page = show(dataset="mnist", **{"class": 4}, grid=3)
    space: dict[str, Any] = {}
    exec(page.code[0].value, space)
    labels = load_dataset("mnist").train.labels
    assert torch.equal(space["grid"], draw_indices(labels, 4, 9, 0))
    assert set(space["labels"].tolist()) == {4}


def test_class_balance(mnist: Path) -> None:
    page = show(dataset="mnist")
    table = page.dataframe[-1].value
    data = load_dataset("mnist")
    assert table["Class"].tolist() == list(data.classes)
    assert table["Training"].tolist() == np.bincount(data.train.labels, minlength=10).tolist()
    assert table["Test"].tolist() == np.bincount(data.test.labels, minlength=10).tolist()
    assert len(page.get("plotly_chart")) == 1


@pytest.mark.parametrize("only", [None, 2])
def test_places_are_drawn_at_random_without_repetition(only: int | None) -> None:
    labels = torch.arange(500) % 5
    drawn = draw_indices(labels, only, 60, seed=3)
    assert len(drawn) == len(set(drawn.tolist())) == 60
    assert only is None or set(labels[drawn].tolist()) == {only}
    assert torch.equal(drawn, draw_indices(labels, only, 60, seed=3))
    assert torch.equal(drawn[:9], draw_indices(labels, only, 9, seed=3))
    assert not torch.equal(drawn, draw_indices(labels, only, 60, seed=4))
    everything = draw_indices(labels, only, 1000, seed=3)
    assert len(everything) == (500 if only is None else 100)


def test_every_place_has_its_chance() -> None:
    labels = torch.arange(10)
    first = torch.tensor([int(draw_indices(labels, None, 1, seed)) for seed in range(2000)])
    # 200 each are expected, with a standard deviation of 13.4.
    assert (torch.bincount(first, minlength=10) - 200).abs().max() < 5 * 13.4


def test_the_url_is_the_state(mnist: Path) -> None:
    page = show(dataset="mnist", split="test", **{"class": 3}, grid=5, seed=12, sample=11)
    assert page.selectbox(key="datasets-dataset").value == "mnist"
    assert page.segmented_control(key="datasets-split").value == "test"
    assert page.selectbox(key="datasets-class").value == "3"
    assert page.selectbox(key="datasets-grid").value == 5
    assert page.number_input(key="datasets-seed").value == 12
    assert page.number_input(key="datasets-sample").value == 11
    assert not page.warning


def test_controls_write_the_url(mnist: Path) -> None:
    page = show(dataset="mnist", sample=11)
    page.selectbox(key="datasets-grid").select(4).run()
    assert page.query_params == {"dataset": "mnist", "grid": "4"}  # another grid, another image
    page.segmented_control(key="datasets-split").set_value("test").run()
    page.selectbox(key="datasets-class").select("1").run()
    page.number_input(key="datasets-seed").set_value(8).run()
    page.button(key="datasets-shuffle").click().run()
    assert page.query_params == {
        "dataset": "mnist", "grid": "4", "split": "test", "class": "1", "seed": "9",
    }  # fmt: skip
    page.number_input(key="datasets-sample").set_value(5).run()
    assert page.query_params["sample"] == "5"
    page.selectbox(key="datasets-dataset").select("kmnist").run()
    assert page.query_params == {"dataset": "kmnist", "grid": "4", "split": "test", "seed": "9"}


@pytest.mark.parametrize(
    ("query", "control", "value"),
    [
        ({"dataset": "mnits"}, "dataset", "mnist"),
        ({"split": "validation"}, "split", "train"),
        ({"class": "10"}, "class", "all"),
        ({"grid": "17"}, "grid", 8),
        ({"grid": "<b>"}, "grid", 8),
        ({"seed": "-1"}, "seed", 0),
        ({"sample": "60"}, "sample", None),
    ],
)
def test_nonsense_in_the_url_gets_one_sentence(
    query: dict[str, str],
    control: str,
    value: object,
    mnist: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The first dataset stands in for what is missing; the built-in one would take seconds to write.
    names = dataset_names()
    monkeypatch.setattr("nnlab.ui.datasets.controls.dataset_names", lambda: ["mnist", *names])
    page = show(**query)
    assert not page.exception
    assert [query[control] in warning.value for warning in page.warning] == [True]
    found = {
        widget.key: widget.value for widget in (*page.selectbox, *page.number_input, *page.segmented_control)
    }
    expected = int(draw_indices(load_dataset("mnist").train.labels, None, 1, 0)) if value is None else value
    assert found[f"datasets-{control}"] == expected


def test_a_sentence_does_not_list_a_hundred_classes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("cifar100", root, monkeypatch)
    page = show(dataset="cifar100", **{"class": 100})
    assert "all, 0, 1, …, 99." in page.warning[0].value


def test_a_click_and_a_typed_number_take_turns(mnist: Path) -> None:
    page = show(dataset="mnist", grid=4)
    drawn = draw_indices(load_dataset("mnist").train.labels, None, 16, 0).tolist()
    number = page.number_input(key="datasets-sample")
    assert number.value == drawn[0]

    page.session_state["datasets-grid-4-0"] = {"selected": 6}
    page.run()
    assert page.query_params["sample"] == str(drawn[6])
    assert page.number_input(key="datasets-sample").value == drawn[6]

    page.number_input(key="datasets-sample").set_value(1).run()
    assert page.query_params["sample"] == "1"
    assert page.number_input(key="datasets-sample").value == 1

    page.session_state["datasets-grid-4-1"] = {"selected": 6}  # the grid was mounted anew
    page.run()
    assert page.query_params["sample"] == str(drawn[6])


def test_a_class_that_a_split_lacks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset("cifar100", root, monkeypatch)
    labels = load_dataset("cifar100").test.labels.tolist()
    lacking = next(label for label in range(100) if label not in labels)
    page = show(dataset="cifar100", split="test", **{"class": lacking})
    assert not page.exception
    assert dataset_info("cifar100").classes[lacking] in page.info[0].value


def test_in_korean(mnist: Path) -> None:
    page = show(dataset="mnist", lang="ko")
    assert not page.exception
    assert re.search("[가-힣]", page.title[0].value)
    assert all(re.search("[가-힣]", widget.label) for widget in (*page.selectbox, *page.number_input))


@pytest.mark.browser
def test_in_a_browser(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(lab)
    page.get_by_role("link", name="Datasets").click()
    expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
    page.goto(f"{lab}/datasets?grid=4&seed=2")
    grid = page.get_by_role("listbox")
    expect(grid).to_be_visible(timeout=60_000)  # the built-in dataset may have to be written first
    expect(grid).to_have_attribute("data-version", re.compile(r"\d"))  # painted
    expect(grid.locator("[role=option]")).to_have_count(16)
    grid.click(position={"x": 0.6 * grid.bounding_box()["width"], "y": 40})
    expect(page).to_have_url(re.compile(r"sample=\d+"))
    number = page.get_by_label(re.compile("Image number"))
    expect(number).to_have_value(re.search(r"sample=(\d+)", page.url)[1])

    # The value told under the pointer is the grey of the pixel there.
    single = page.get_by_role("img", name=re.compile("of the Training split"))
    expect(single).to_be_visible()
    box = single.bounding_box()
    greys = set()
    for part in (0.3, 0.4, 0.5, 0.6, 0.7):
        x, y = part * box["width"], 0.5 * box["height"]
        page.mouse.move(box["x"] + x, box["y"] + y)
        told = page.get_by_text(re.compile(r"^\[0, \d+, \d+\] = \d+$"))
        expect(told).to_be_visible()
        row, column, value = map(int, re.findall(r"\d+", told.text_content())[1:])
        seen = single.evaluate(
            """(canvas, [x, y]) => {
                 const scale = canvas.width / canvas.clientWidth;
                 return canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data[0];
               }""",
            [2 + (column + 0.5) * (box["width"] - 4) / 28, 2 + (row + 0.5) * (box["height"] - 4) / 28],
        )
        assert seen == value
        greys.add(value)
    assert len(greys) > 1

    page.set_viewport_size({"width": 390, "height": 844})
    expect(single).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
