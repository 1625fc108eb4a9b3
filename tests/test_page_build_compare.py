"""The part compare of the Build page: its numbers are the engine's, what does not fit is mended in its
column, and it measures in processes of their own."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets_page import show_page
from helpers import random_dataset
from streamlit.testing.v1 import AppTest

from nnlab.devices import detect_device
from nnlab.nets.architecture import Architecture, LayerSpec, chain
from nnlab.nets.link import to_link
from nnlab.nets.presets import preset
from nnlab.runs import RunStore
from nnlab.training.preflight import cost_of
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.ui.build.compare import facts as facts_module
from nnlab.ui.build.compare import measuring
from nnlab.ui.build.compare.measuring import Subject

IN_SHAPE = (1, 28, 28)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No measurement of another test, and short ones."""
    monkeypatch.setattr(measuring, "_SECONDS", 0.01)
    monkeypatch.setattr(measuring, "_latest", None)
    measuring._found.clear()
    yield
    if measuring._latest is not None:
        measuring._latest.stop()
        measuring._latest.wait()


def show(**query: object) -> AppTest:
    page = show_page("build", {"part": "compare", **query})
    assert not page.exception
    return page


def table(page: AppTest) -> list[dict[str, tuple[str, str]] | str]:
    """For each network its names with their values and ratios, or the sentence that says what is wrong."""
    (text,) = [block.proto.body for block in page.get("html") if "nnlab-compare" in block.proto.body]
    heads = re.findall(r"<th scope='col'>", text)
    found: list[Any] = [{} for _ in heads]
    for row in re.findall(r"<tr(?: class='group')?><th scope='row'>.*?</tr>", text):
        (name,) = re.findall(r"<th scope='row'>(.*?)</th>", row)
        cells = re.findall(r"<td( class='wrong' rowspan='\d+')?>(.*?)</td>", row)
        here = [at for at in range(len(heads)) if isinstance(found[at], dict)]
        for at, (wrong, cell) in zip(here, cells, strict=True):
            value, ratio = cell, ""
            if not wrong:
                value, ratio = re.fullmatch(r"(.*?) <small>(.*?)</small>", cell).groups()  # type: ignore[union-attr]
            found[at] = html.unescape(value) if wrong else found[at] | {html.unescape(name): (value, ratio)}
    return found


def cards(page: AppTest) -> list[dict[str, tuple[str, str]]]:
    """Those of the networks that fit."""
    return [column for column in table(page) if isinstance(column, dict)]


def number(text: str) -> float:
    value, *unit = text.replace(",", "").split()
    return float(value) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "ms": 1e-3}.get("".join(unit), 1)


def query(page: AppTest, name: str) -> str:
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


def subject(name: str, batch: int = 64) -> Subject:
    return Subject(preset(name).to_text(), IN_SHAPE, 10, batch)


def test_the_numbers_are_the_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "free_memory", lambda device: 8 * 10**9)
    page = show(**{"with": "lenet,convnet,resnet18", "batch": 256, "data": "mnist"})
    found = cards(page)
    assert len(found) == 3
    data = 70_000 * 784
    for card, name in zip(found, ("lenet", "convnet", "resnet18"), strict=True):
        rows = preset(name).trace(IN_SHAPE, 10)
        cost = cost_of(RunSpec("mnist", preset(name), Recipe()), IN_SHAPE, 10)
        assert card["Parameters"][0] == f"{sum(row.params for row in rows):,}"
        assert card["Multiply-adds"][0] == f"{sum(row.macs for row in rows):,}"
        assert number(card["Kept for backward"][0]) == pytest.approx(cost.kept, rel=0.05)
        assert number(card["Training memory"][0]) == pytest.approx(cost.peak(256, data), rel=0.05)
        largest = cost.largest_batch(8 * 10**9, data) or 0
        assert largest * 0.9 < number(card["Largest batch"][0]) <= largest
        assert card["Forward pass"] == card["Images a second"] == ("—", "")
    assert [card["Last conv sees"][0] for card in found] == ["8 × 8", "10 × 10", "28 × 28"]
    assert found[0]["Parameters"][1] == "" and found[1]["Parameters"][1] == "0.7×"
    assert found[2]["Parameters"][1] == "138×"
    assert query(page, "with") == "lenet,convnet,resnet18" and query(page, "batch") == "256"


def test_where_the_layers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    page = show(**{"with": "vgg16,logistic", "data": "imagenet"})
    for chart, name in zip(page.get("plotly_chart"), ("params", "macs"), strict=True):
        traces = json.loads(chart.proto.spec)["data"]
        seen: dict[int, dict[str, int]] = {0: {}, 1: {}}
        for trace in traces:
            for at, (layer, value, _share) in zip(trace["y"], trace["customdata"], strict=True):
                seen[at][layer] = int(value.replace(",", ""))
        for at, network in enumerate(("vgg16", "logistic")):
            rows = preset(network).trace((3, 224, 224), 1000)
            assert seen[at] == {row.name: getattr(row, name) for row in rows if getattr(row, name)}
    tables = [table.value for table in page.dataframe]
    assert tables[0]["Parameters"].sum() == 138_357_544 and tables[1]["Parameters"].sum() == 150_529_000


def test_one_that_does_not_fit_is_mended_and_the_other_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "free_memory", lambda device: 8 * 10**9)
    page = show(**{"with": "vgg16,mlp", "data": "mnist"})
    first = table(page)[0]
    assert isinstance(first, str) and first.startswith("pool5 does not fit behind relu13")
    assert [card["Parameters"][0] for card in cards(page)] == ["669,706"]
    (mend,) = [button for button in page.button if button.label == "Resize the images to 32 x 32 first"]
    mended = (mend.key or "").removeprefix("compare-mend-").replace("vgg16-", "vgg16~")
    mend.click()
    page.run()
    assert not page.exception
    assert query(page, "with") == f"{mended},mlp"
    assert page.multiselect(key="compare-networks").value == [mended, "mlp"]
    assert len(cards(page)) == 2 and number(cards(page)[0]["Parameters"][0]) > 10**8
    again = show(**{"with": f"{mended},mlp", "data": "mnist"})  # as a link
    assert cards(again) == cards(page)


@pytest.mark.parametrize("network", ["nonsense", "../etc/passwd", "vgg16~~x", "convnet~7"])
def test_nonsense_in_the_address_is_told_and_the_rest_works(network: str) -> None:
    page = show(**{"with": f"{network},mlp,,mlp,lenet,net,logistic", "batch": "-3", "data": "cats"})
    told = " ".join(warning.value for warning in page.warning)
    assert "batch=-3" in told and "data=cats" in told
    if network.split("~")[0] not in ("vgg16", "convnet"):
        assert network in told
    assert len(table(page)) == 4
    empty = show(**{"with": "nothing"})
    assert "Choose the networks to compare" in empty.info[0].value and not empty.get("plotly_chart")


def test_the_network_that_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    forked = LayerSpec("residual", branches=(chain(("conv2d", {"out_channels": 1})), ()))
    mine = Architecture("mine & <own>", (*chain(("conv2d", {"out_channels": 4}), "flatten", "linear"),))
    page = show(**{"net": to_link(mine), "with": "own,net"})
    assert cards(page)[0]["Parameters"][0] == f"{4 * 10 + 4 * 26 * 26 * 10 + 10:,}"
    wrong = Architecture("wrong", (forked, *chain("flatten", "linear")))
    page = show(**{"net": to_link(wrong), "with": "own,net"})
    first, second = table(page)
    assert isinstance(first, str) and "only what has the same shape can be added" in first
    assert isinstance(second, dict)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    made = RunStore(tmp_path / "runs")
    for module in (
        "nnlab.ui.build.compare.facts",
        "nnlab.ui.build.compare.choice",
        "nnlab.ui.layers.weights",
    ):
        monkeypatch.setattr(f"{module}.run_store", lambda: made)
    return made


def test_runs_and_their_accuracy(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    data = random_dataset(train=64, test=20)
    monkeypatch.setattr("nnlab.runs.execute.load_dataset", lambda name, root=None: data)
    recipe = Recipe(batch_size=32, epochs=1)
    runs = [store.train_here(RunSpec("strokes", preset("logistic"), recipe)) for _ in range(2)]
    best = max((run.status.result or {})["test_accuracy"] for run in runs)
    page = show(**{"with": f"logistic,mlp,{runs[0].id}"})
    first, second, third = cards(page)
    assert first["Test accuracy"][0] == f"{best:.2%}, best of 2"
    assert second["Test accuracy"][0] == "—"
    own = (runs[0].status.result or {})["test_accuracy"]
    assert third["Test accuracy"][0] == f"{own:.2%}" and third["Parameters"] == ("7,850", "1×")
    assert cards(show(**{"with": "logistic", "data": "mnist"}))[0]["Test accuracy"][0] == "—"


def test_measuring_in_processes_of_their_own() -> None:
    going = measuring.start([subject("logistic"), subject("net")])
    assert measuring.start([subject("mlp")]) is going  # one at a time
    going.wait()
    assert going.done == 4 and not going.problems and not going.stopped
    for name in ("logistic", "net"):
        speed = measuring.found(subject(name))
        assert speed is not None and speed.forward.part == "forward" and speed.step.part == "step"
        assert speed.step.batch_size == 64 and speed.step.seconds > 0
        assert speed.memory is not None and speed.memory.bytes > speed.memory.network
    assert going._program is not None and going._program._process is not None
    with pytest.raises(ProcessLookupError):
        os.killpg(going._program._process.pid, 0)
    page = show(**{"with": "logistic,net,mlp"})
    logistic, net, mlp = cards(page)
    step = measuring.found(subject("net")).step.seconds  # type: ignore[union-attr]
    assert number(net["Images a second"][0]) == pytest.approx(64 / step, abs=1)
    assert logistic["Training step"][0] != "—" and mlp["Training step"] == ("—", "")
    assert page.button(key="compare-measure").label == "Measure on this device"


def test_a_measurement_is_watched_and_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_SECONDS", 500)
    page = show(**{"with": "net"})
    page.button(key="compare-measure").click()
    page.run()
    going = measuring.latest()
    assert going is not None and going.running
    assert "compare-stop" in [button.key for button in page.button]
    page.button(key="compare-stop").click()
    page.run()
    going.wait()
    assert going.stopped and not going.problems and measuring.found(going.subjects[0]) is None
    page.run()
    assert "compare-measure" in [button.key for button in page.button]


def test_a_measurement_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Callable[..., Any] = measuring._program
    monkeypatch.setattr(
        measuring, "_program", lambda one, file: made(Subject(one.text, (1, 2, 2), 10, 64), file)
    )
    going = measuring.start([subject("net"), subject("logistic")])
    going.wait()
    assert list(going.problems) == [subject("net")] and measuring.found(subject("logistic")) is not None
    page = show(**{"with": "net"})
    assert "pool" in page.error[0].value and page.error[0].value.startswith(
        "net: The computation ended early"
    )


def test_what_does_not_fit_into_memory_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "free_memory", lambda device: 10**9)
    page = show(**{"with": "vgg16,resnet18", "data": "imagenet", "batch": 512})
    assert cards(page)[0]["Largest batch"][0] == "none fits"
    assert page.button(key="compare-measure").disabled
    told = " ".join(caption.value for caption in page.caption)
    assert f"1.0 GB are free on this machine's {detect_device().type}" in told
