"""The Datasets page: what it shows is what the files hold, its URL is its state, its code runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets_page import browse_script, component, facts, show
from published import NAMES, torchvision_items, write_dataset
from torchvision.transforms.functional import pil_to_tensor

from nnlab.data import dataset_info, dataset_names, load_dataset
from nnlab.ui.datasets import fetching
from nnlab.ui.datasets.browse.samples import draw_indices, indices_in_order


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
    space = browse_script(page)
    assert torch.equal(space["image"], pixels) and space["label"] == label
    drawn = draw_indices(load_dataset(name).test.labels, None, 9, 5)
    assert torch.equal(space["grid"], drawn)
    assert torch.equal(space["images"], load_dataset(name).test.images[drawn])
    measured = load_dataset(name)
    assert told["Mean"] == ", ".join(f"{value:.4f}" for value in measured.mean)
    assert told["Standard deviation"] == ", ".join(f"{value:.4f}" for value in measured.std)


def test_the_class_filter_in_the_code_too(mnist: Path) -> None:
    space = browse_script(show(dataset="mnist", **{"class": 4}))
    labels = load_dataset("mnist").train.labels
    assert torch.equal(space["grid"], draw_indices(labels, 4, 9, 0))
    assert set(space["labels"][space["grid"]].tolist()) == {4}


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


@pytest.mark.parametrize("only", [None, 2])
def test_places_in_order(only: int | None) -> None:
    labels = torch.arange(500) % 5
    every = [i for i in range(500) if only is None or i % 5 == only]
    assert indices_in_order(labels, only, 100, 30).tolist() == [i for i in every if i >= 100][:30]
    assert indices_in_order(labels, only, 495, 30).tolist() == [i for i in every if i >= 495]
    assert len(indices_in_order(labels, only, 500, 30)) == 0


def test_a_range_of_images(mnist: Path) -> None:
    page = show(dataset="mnist", order="range", **{"from": 12, "count": 20})
    assert page.number_input(key="datasets-from").value == 12
    assert page.number_input(key="datasets-sample").value == 12
    header, _ = component(page, "datasets-grid-5-0")  # 20 images in rows of 5
    data = load_dataset("mnist")
    assert header["captions"] == [data.classes[i] for i in data.train.labels[12:32].tolist()]
    page.button(key="datasets-next").click().run()
    assert page.query_params["from"] == "32"
    page.button(key="datasets-previous").click().run()
    page.button(key="datasets-previous").click().run()
    assert page.query_params["from"] == "0"
    assert page.button(key="datasets-previous").disabled
    page.number_input(key="datasets-count").set_value(2).run()
    page.number_input(key="datasets-from").set_value(59).run()
    assert page.query_params["count"] == "2"
    assert component(page, "datasets-grid-2-0")[0]["shape"][0] == 1  # image 59 is the last one
    page.button(key="datasets-next").click().run()
    assert not page.exception and "59" in page.info[0].value
    page.selectbox(key="datasets-order").select("random").run()
    assert component(page, "datasets-grid-3-0")[0]["shape"][0] == 9


def test_a_range_in_the_code_too(mnist: Path) -> None:
    space = browse_script(show(dataset="mnist", order="range", **{"class": 1, "from": 5, "count": 4}))
    labels = load_dataset("mnist").train.labels
    assert torch.equal(space["grid"], indices_in_order(labels, 1, 5, 4))
    assert torch.equal(space["images"], load_dataset("mnist").train.images[space["grid"]])


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
        ({"grid": "17"}, "grid", 3),
        ({"grid": "<b>"}, "grid", 3),
        ({"seed": "-1"}, "seed", 0),
        ({"sample": "60"}, "sample", None),
        ({"order": "backwards"}, "order", "random"),
        ({"order": "range", "from": "-3"}, "from", 0),
        ({"order": "range", "count": "257"}, "count", 9),
        ({"detail": "all"}, "detail", "histogram"),
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
    monkeypatch.setattr("nnlab.ui.datasets.controls.listed_datasets", lambda: ["mnist", *names])
    page = show(**query)
    assert not page.exception
    assert [query[control] in warning.value for warning in page.warning] == [True]
    widgets = (*page.selectbox, *page.number_input, *page.segmented_control)
    found = {widget.key: widget.value for widget in widgets}
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
    labels = [widget.label for widget in (*page.selectbox, *page.number_input)]
    assert all(re.search("[가-힣]", label) for label in labels)
