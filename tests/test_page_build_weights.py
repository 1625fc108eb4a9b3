"""The part weights of the Build page: what it shows is what torch and the code on the page compute."""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets_page import component, facts, show_page
from safetensors.torch import save
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

from nnlab.cli import main
from nnlab.data import load_dataset
from nnlab.drawing import shipped_model
from nnlab.lens import Depth, Signal, deep_chain, through_depth
from nnlab.nets.architecture import Architecture, sequence
from nnlab.nets.initial import INITIALS
from nnlab.nets.presets import preset
from nnlab.runs import RunStore
from nnlab.training.batches import normalise
from nnlab.ui.store import run_store

IN_SHAPE = (1, 28, 28)


def show(**query: object) -> AppTest:
    """The part at ``/build?part=weights&...``."""
    page = show_page("build", {"part": "weights", **query})
    assert not page.exception
    return page


def table(page: AppTest) -> dict[str, dict[str, Any]]:
    """The rows of the table of parameters, by name."""
    return page.dataframe[0].value.set_index("name").to_dict("index")


def printed_by(page: AppTest, place: int) -> str:
    """What a script of the page prints."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), torch.random.fork_rng():
        exec(page.code[place].value, {})
    return told.getvalue()


def lines(page: AppTest, key: str) -> dict[str, list[float]]:
    """The points of a chart by the names of its lines."""
    (found,) = {e.proto.id for e in page.get("bidi_component") if f"weights-{key}-" in e.proto.id}
    header, blobs = component(page, found[found.index(f"weights-{key}-") :])
    ys = [
        np.frombuffer(blob, one["y"]).tolist()
        for one, blob in zip(header["series"], blobs[1::2], strict=True)
    ]
    ends = [one["from"] + len(y) for one, y in zip(header["series"], ys, strict=True)]  # what is new is sent
    assert set(ends) == {len(header["xNames"])}
    return {one["name"]: y for one, y in zip(header["series"], ys, strict=True)}


def batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    data = load_dataset("strokes")
    index = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))[:64]
    return normalise(data.train.images[index], data.mean, data.std), data.train.labels[index]


def check_table(page: AppTest, state: dict[str, Tensor]) -> None:
    rows = table(page)
    assert list(rows) == list(state)
    for name, tensor in state.items():
        row = rows[name]
        assert row["shape"] == " × ".join(map(str, tensor.shape)) and row["count"] == tensor.numel()
        figures = [row["mean"], row["std"], row["min"], row["max"], row["zeros"] / 100]
        expected = [
            tensor.mean(),
            tensor.std(correction=0),
            tensor.min(),
            tensor.max(),
            (tensor == 0).float().mean(),
        ]
        assert figures == pytest.approx([float(value) for value in expected], rel=1e-6)


def test_the_network_being_built_with_pytorchs_own_weights() -> None:
    page = show()
    assert not page.error and not page.warning
    state = preset("convnet").build(IN_SHAPE, 10).state_dict()
    check_table(page, state)
    assert page.code[0].value == repr(state["conv1.weight"][:1])
    header, blobs = component(page, "weights-histogram")
    assert sum(np.frombuffer(blobs[0], "<i4")) == 400 and header["tickTexts"][2] == "0"
    printed = printed_by(page, 1)
    assert page.code[0].value in printed and "torch.Size" not in printed


@pytest.mark.parametrize(
    ("query", "architecture"),
    [
        ({"source": "mlp", "init": "orthogonal", "seed": 3, "tensor": "linear2.weight"}, preset("mlp")),
        ({"source": "lenet", "init": "kaiming_normal", "tensor": "conv2.bias"}, preset("lenet")),
        ({"source": "deep-tanh", "init": "zeros", "tensor": "linear10.weight"}, deep_chain("tanh")),
        ({"source": "net", "init": "constant", "seed": 9999, "tensor": "conv2.weight"}, preset("net")),
    ],
)
def test_any_initialisation_and_seed(query: dict[str, Any], architecture: Architecture) -> None:
    page = show(**query)
    state = architecture.build(IN_SHAPE, 10, query.get("seed", 0), query["init"]).state_dict()
    check_table(page, state)
    assert any(text.value.startswith(f"**`{query['tensor']}`**") for text in page.markdown)
    assert page.code[0].value in printed_by(page, 1)


def test_a_single_linear_layer_is_drawn_as_templates() -> None:
    page = show(source="logistic", tensor="linear1.weight", init="xavier_normal")
    header, blobs = component(page, "weights-tiles-28")
    weight = (
        preset("logistic").build(IN_SHAPE, 10, 0, "xavier_normal").get_parameter("linear1.weight").detach()
    )
    assert header["shape"] == [10, 1, 28, 28] and header["kind"] == "signed"
    assert np.frombuffer(blobs[0], "<f4").tolist() == weight.flatten().tolist()
    assert set(header["limits"]) == {float(weight.abs().max())}
    page.selectbox(key="layers-scale").set_value("tile").run()
    header, _ = component(page, "weights-tiles-28")
    assert header["limits"] == pytest.approx(weight.abs().amax(1).tolist())
    assert page.query_params["scale"] == "tile"


def test_a_matrix_that_sees_no_image_is_drawn_whole_or_its_beginning() -> None:
    page = show(source="mlp", tensor="linear2.weight")
    header, _ = component(page, "weights-matrix-linear2.weight")
    assert header["shape"] == [1, 1, 256, 512]
    assert any("first 256 × 512 of 512 × 512" in caption.value for caption in page.caption)


def test_the_shipped_network_is_not_changed_by_looking() -> None:
    model = shipped_model()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    page = show(source="shipped", tensor="conv1.weight")
    check_table(page, state)
    assert not model.training
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert page.code[0].value in printed_by(page, 1)
    assert "these weights" in lines(page, "activations")


def expected_depth(source: nn.Module, seed: int = 0) -> Depth:
    return through_depth(source, *batch(seed))


@pytest.mark.parametrize("source", ["deep-sigmoid", "convnet"])
def test_the_charts_are_what_the_lens_finds(source: str) -> None:
    architecture = deep_chain("sigmoid") if source == "deep-sigmoid" else preset(source)
    page = show(source=source, init="kaiming_normal", seed=2, batch=5)
    activations, gradients = lines(page, "activations"), lines(page, "gradients")
    assert list(activations) == list(gradients) and len(activations) == len(INITIALS)
    for init, entry in INITIALS.items():
        found = expected_depth(architecture.build(IN_SHAPE, 10, 2, init), 5)
        signals: list[Signal] = [found.input, *found.layers]
        assert activations[entry.title] == pytest.approx([s.output.std for s in signals], rel=1e-6)
        assert gradients[entry.title] == pytest.approx(
            [math.nan if s.gradient is None else s.gradient.std for s in signals], rel=1e-6, nan_ok=True
        )
    chosen = expected_depth(architecture.build(IN_SHAPE, 10, 2, "kaiming_normal"), 5)
    shown = page.dataframe[1].value
    assert shown["std of outputs"].tolist()[1:] == [layer.output.std for layer in chosen.layers]
    assert facts(page)["loss"] == f"{chosen.loss:.4g}"
    assert any("Zeros" in caption.value and "Exactly 0" in caption.value for caption in page.caption)


@pytest.mark.parametrize(
    "query", [{}, {"source": "resnet18"}, {"source": "shipped"}, {"data": "fashion_mnist"}]
)
def test_the_code_prints_the_numbers_of_the_table(query: dict[str, str]) -> None:
    """`fashion_mnist` is not there, so random numbers stand in for its images."""
    page = show(**query)
    printed = printed_by(page, 2)
    shown = page.dataframe[1].value.set_index("layer")
    with_weights = shown[shown["std of weights"].notna()]
    found = {line.split()[0]: [float(word) for word in line.split()[1:]] for line in printed.splitlines()[1:]}
    assert found and set(found) <= set(with_weights.index)
    for name, figures in found.items():
        row = shown.loc[name]
        columns = ["std of outputs", "std of gradients", "std of weights", "std of weights' gradients"]
        assert figures == pytest.approx([row[column] for column in columns], rel=1e-3)
    assert printed.splitlines()[0] == f"loss {facts(page)['loss']}"
    random = any("random numbers" in caption.value for caption in page.caption)
    assert random == ("data" in query)


def test_the_examples_are_one_click_away_and_a_new_batch_another() -> None:
    page = show()
    page.button(key="weights-deep-sigmoid").click().run()
    assert page.query_params["source"] == "deep-sigmoid"
    assert list(table(page))[-1] == "linear10.bias"
    ratio = float(next(value for name, value in facts(page).items() if "gradients" in name))
    assert ratio < 1e-6  # the gradient vanishes on its way back
    before = facts(page)["loss"]
    page.button(key="weights-new-batch").click().run()
    assert page.query_params["batch"] == "1" and facts(page)["loss"] != before
    page.toggle[0].set_value(False).run()
    assert list(lines(page, "activations")) == ["PyTorch's default"]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A run of a few steps in the store of the pages."""
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path))
    run_store.cache_clear()
    options = ["--epochs", "0.1", "--batch-size", "32", "--init", "xavier_normal", "--runs", str(tmp_path)]
    assert main(["train", "--dataset", "strokes", "--model", "logistic", *options]) == 0
    yield RunStore(tmp_path).runs()[0].id
    run_store.cache_clear()


def test_a_run_at_any_step_it_has_kept(trained: str) -> None:
    run = run_store().open(trained)
    steps = [step for step, _file in run.snapshots()]
    assert len(steps) > 1
    page = show(source=trained)
    check_table(page, dict(run.load_model().state_dict()))
    page.selectbox(key="layers-step").set_value(str(steps[0])).run()
    assert page.query_params["step"] == str(steps[0])
    first = preset("logistic").build(IN_SHAPE, 10, 0, "xavier_normal").state_dict()
    check_table(page, first)
    assert page.code[0].value in printed_by(page, 1)


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    page.file_uploader[0].set_value([(name, content, "application/octet-stream")])
    page.run()
    assert not page.exception
    return page


def test_a_file_of_the_network_being_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = preset("convnet").build(IN_SHAPE, 10, 11).state_dict()
    content = save(state)
    page = upload(show(source="file"), "mine.safetensors", content)
    check_table(page, state)
    (tmp_path / "mine.safetensors").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    assert page.code[0].value in printed_by(page, 1)
    assert "these weights" in lines(page, "activations")


def test_a_file_under_other_names_is_fitted_and_its_code_does_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = preset("convnet").build(IN_SHAPE, 10, 12)
    content = save(nn.Sequential(*model).state_dict())
    page = upload(show(source="file", tensor="conv2.weight"), "other.safetensors", content)
    check_table(page, model.state_dict())
    (tmp_path / "other.safetensors").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    assert page.code[0].value in printed_by(page, 1)


def test_a_file_that_does_not_fit_lists_what_differs() -> None:
    state = preset("convnet").build(IN_SHAPE, 10).state_dict()
    wrong = {name: tensor for name, tensor in state.items() if name != "linear1.bias"}
    wrong |= {"conv1.weight": torch.zeros(16, 1, 3, 3), "extra": torch.zeros(2)}
    page = upload(show(source="file"), "wrong.safetensors", save(wrong))
    assert "do not fit convnet" in page.error[0].value
    rows = page.dataframe[0].value.set_index("name")
    assert list(rows.index) == ["linear1.bias", "extra", "conv1.weight"]
    assert rows.loc["conv1.weight"].tolist() == ["16 × 1 × 3 × 3", "16 × 1 × 5 × 5"]


@pytest.mark.parametrize("content", [b"", b"\x80\x02}q\x00.", b"PK\x03\x04 a zip", b"\xff" * 99])
def test_what_is_no_file_of_weights_gets_a_sentence(content: bytes) -> None:
    page = upload(show(source="file"), "x.safetensors", content)
    assert len(page.error) == 1 and "x.safetensors" in page.error[0].value


def test_a_large_network_is_built_when_asked_for_and_a_huge_one_never() -> None:
    page = show()
    large = sequence("large", "flatten", ("linear", {"out_features": 30_000}), "relu", "linear")
    page.session_state["networks:own"] = large
    page.run()
    assert not page.exception and not page.dataframe
    first, second = [button for button in page.button if str(button.key).startswith("weights-ask-")]
    assert (first.label, second.label) == ("Look at its parameters", "Run the batch through it")
    assert any(re.search(r"23,\d{3},\d{3} parameters \(95 MB\)", caption.value) for caption in page.caption)
    first.click().run()
    assert table(page)["linear1.weight"]["count"] == 784 * 30_000
    huge = sequence("huge", "flatten", *[("linear", {"out_features": 65_536})] * 2, "linear")
    page.session_state["networks:own"] = huge
    page.run()
    assert "parameters; at most" in page.error[0].value and not page.dataframe


def test_a_network_that_does_not_fit_says_where() -> None:
    page = show()
    page.session_state["networks:own"] = sequence("odd", ("linear", {"out_features": 3}))
    page.run()
    assert "linear1" in page.error[0].value and not page.exception


def test_an_edited_network_forgets_the_tensor_it_has_no_more() -> None:
    page = show(tensor="conv2.weight")
    page.session_state["networks:own"] = preset("logistic")
    page.run()
    assert not page.warning and "tensor" not in page.query_params


@pytest.mark.parametrize(
    "query", [{"source": "vgg19"}, {"init": "he"}, {"seed": "-1"}, {"tensor": "conv9.weight"}, {"batch": "x"},
              {"source": "../../etc"}],
)  # fmt: skip
def test_nonsense_in_the_address_gets_a_sentence(query: dict[str, str]) -> None:
    page = show(**query)
    assert len(page.warning) == 1 and "is not possible; allowed:" in page.warning[0].value
    assert len(page.dataframe) == 2


def test_the_part_comes_back_as_it_was_left() -> None:
    page = show(source="deep-relu", init="zeros", tensor="linear3.weight")
    page.switch_page("pages/lab/draw.py")
    page.query_params.clear()
    page.run()
    page.switch_page("pages/lab/build.py")
    page.query_params["part"] = "weights"
    page.run()
    assert page.selectbox(key="layers-source").value == "deep-relu"
    assert page.query_params["tensor"] == "linear3.weight"


@pytest.mark.browser
def test_a_click_on_any_cell_selects_its_row_and_charts_name_the_layers(
    lab: str, open_page: Callable[..., Any]
) -> None:
    from playwright.sync_api import expect

    page = open_page(f"{lab}/build?part=weights&source=deep-tanh")
    table = page.locator(".st-key-weights-table")
    expect(table.locator("canvas td", has_text="linear2.weight").first).to_be_attached()
    table.locator(".dvn-scroller").click(position={"x": 300, "y": 35 * 3.5})
    expect(page).to_have_url(re.compile(r"tensor=linear2\.weight"))
    expect(page.get_by_role("img", name="Histogram of linear2.weight")).to_be_visible()
    chart = page.locator(
        "[class*=st-key-weights-activations] canvas[data-points='210']"
    )  # 10 lines, 21 places
    chart.scroll_into_view_if_needed()
    chart.hover()
    tip = page.locator(".tip:visible")
    expect(tip.locator(".quiet")).to_have_text(re.compile(r"(linear|tanh)\d+"))
    expect(tip).to_contain_text("Xavier, normal")
