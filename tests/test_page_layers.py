"""The Layers page: what it shows is what PyTorch computes; forms come from the registry; code runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from layers_page import floats, parts, run_code, show

from nnlab.data import load_dataset
from nnlab.lens import pattern
from nnlab.nets.layers import LAYERS

_SHOWN = [name for name, kind in LAYERS.items() if kind.takes in ("any", "image", "vector")]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dataset but the built-in one, and no runs."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))


@pytest.mark.parametrize("name", _SHOWN)
def test_every_layer_of_the_registry_has_its_form_and_code_that_runs(name: str) -> None:
    page = show(layer=name)
    assert not page.exception and not page.error
    keys = {element.key for group in ("text_input", "toggle", "selectbox") for element in page.get(group)}
    assert {f"layers-{field.name}" for field in LAYERS[name].fields if not field.follows} <= keys
    names = run_code(page)
    assert torch.equal(names["y"], names["same"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "query",
    [
        {"kernel_size": "3x5", "stride": "2x1", "padding": 2, "padding_mode": "circular"},
        {"padding": "same", "dilation": 2, "bias": False},
        {"weights": "classic", "padding": 1},
        {"weights": "shipped"},
        {"input": "random", "channels": 4, "groups": 2, "out_channels": 6},
        {"input": "pattern", "pattern": "checker", "side": 12},
        {"input": "numbers"},
        {"values": "normalised", "sample": 17},
        {"input": "train", "sample": 5000},
    ],
)
def test_what_the_window_is_given_is_what_the_code_computes(query: dict[str, object]) -> None:
    page = show(**query)
    assert not page.exception and not page.error
    [(header, blobs)] = parts(page, "window")
    names = run_code(page)
    layer = names["layer"]
    for blob, shape, wanted in (
        (blobs[0], header["input"], names["x"][0]),  # type: ignore[index]
        (blobs[1], header["output"], names["y"][0]),  # type: ignore[index]
        (blobs[2], header["kernel"], layer.weight),  # type: ignore[attr-defined]
    ):
        assert torch.equal(floats(blob, shape), wanted.detach())  # type: ignore[arg-type]


def test_a_kernel_that_does_not_fit_is_told_with_its_arithmetic_and_mended_by_a_button() -> None:
    page = show(kernel_size=40)
    assert "28 + 2*0 = 28" in page.error[0].value
    assert page.text_input("layers-kernel_size").value == "40"
    page.button("layers-fix").click().run()
    assert not page.error
    assert page.text_input("layers-kernel_size").value == "28"


def test_a_layer_too_large_for_a_page_is_told_before_it_is_made() -> None:
    page = show(layer="linear", out_features=65536)
    assert not page.exception and "weights" in page.error[0].value


def test_what_is_typed_wrong_stays_and_is_told() -> None:
    page = show()
    page.text_input("layers-stride").set_value("two").run()
    assert "stride of Conv2d is 'two'" in page.error[0].value
    assert page.text_input("layers-stride").value == "two"
    page.button("layers-nearest-stride").click().run()
    assert not page.error and page.text_input("layers-stride").value == "1"
    page.text_input("layers-stride").set_value("2, 1").run()
    assert not page.error
    [(header, _)] = parts(page, "window")
    assert header["output"] == [8, 13, 26]


def test_a_cell_of_the_table_that_is_no_number_is_told_and_put_back_by_a_button() -> None:
    page = show(input="numbers")
    page.session_state["layers-typed"].typed = {(1, 2): "ten", (7, 7): "5"}
    page.selectbox("layers-input").set_value("random").run()
    page.selectbox("layers-input").set_value("numbers").run()  # what was typed is there again
    assert "Row 1, column 2 of the table holds “ten”" in page.error[0].value
    page.number_input("layers-rows").set_value(9).run()
    assert "“ten”" in page.error[0].value  # also in a larger table
    page.button("layers-cell").click().run()
    assert not page.error
    page.number_input("layers-columns").set_value(8).run()
    [(header, blobs)] = parts(page, "window")
    x = floats(blobs[0], header["input"])[0]
    wanted = torch.zeros(9, 8)
    wanted[:6, :6], wanted[7, 7] = pattern("by_hand").make(6)[0, 0], 5
    assert torch.equal(x, wanted)


def test_the_arithmetic_of_the_shape_is_written_out() -> None:
    page = show(kernel_size=5)
    assert any("(28 + 2*0 - 1*(5-1) - 1)/1 + 1 = 24" in caption.value for caption in page.caption)


def test_the_address_holds_what_is_typed_into_kernels() -> None:
    page = show(cells="1.0.2.0:2.5,0.0.0.1:-1e-05")
    [(header, blobs)] = parts(page, "window")
    assert not page.warning
    kernel = floats(blobs[2], header["kernel"])
    layer = run_code(page)["layer"]
    assert torch.equal(kernel, layer.weight.detach()) and kernel[1, 0, 2, 0] == 2.5  # type: ignore[attr-defined]
    page.number_input("layers-seed").set_value(1).run()  # other weights, over which nothing was typed
    assert "cells" not in page.query_params
    page.number_input("layers-seed").set_value(0).run()
    assert page.query_params["cells"] in ("1.0.2.0:2.5,0.0.0.1:-1e-05", ["1.0.2.0:2.5,0.0.0.1:-1e-05"])
    page.button("layers-undo").click().run()
    assert "cells" not in page.query_params


@pytest.mark.parametrize(
    "part", ["1.0.3.0:2", "1.0.0:2", "0.0.0.0:x", "0.0.0.0:1e99", "-1.0.0.0:1", ":", "x"]
)
def test_a_kernel_in_a_damaged_address_is_told_and_left_out(part: str) -> None:
    page = show(cells=f"0.0.1.1:3,{part}")
    assert not page.exception and f"`{part}` in the address" in page.warning[0].value
    [(header, blobs)] = parts(page, "window")
    assert floats(blobs[2], header["kernel"])[0, 0, 1, 1] == 3


@pytest.mark.parametrize("bias", [True, False])
def test_the_weights_of_a_linear_layer_of_the_same_output_are_counted(bias: bool) -> None:
    page = show(kernel_size=5, out_channels=20, bias=bias)
    outputs = 20 * 24 * 24
    linear = 784 * outputs + bias * outputs
    [told] = [text.value for text in page.markdown if "Linear" in text.value and "parameters" in text.value]
    assert f"**{20 * 25 + bias * 20:,}**" in told and f"**{linear:,}**" in told


def test_layers_one_after_the_other_pool_the_maps_of_the_convolution() -> None:
    page = show(weights="classic", padding=1)
    page.button("layers-carry").click().run()
    page.query_params.clear()
    for name, value in {"input": "before", "layer": "max_pool2d"}.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception and not page.error
    [(header, blobs)] = parts(page, "window")
    assert header["input"] == [8, 28, 28] and header["output"] == [8, 14, 14]
    names = run_code(page)
    assert torch.equal(floats(blobs[1], header["output"]), names["y"][0])  # type: ignore[index]


def test_without_an_output_before_the_page_says_so() -> None:
    assert "no output yet" in show(input="before").error[0].value


def test_without_a_drawing_the_page_says_where_to_draw() -> None:
    page = show(input="drawing")
    assert "draw something" in page.error[0].value.lower()


def test_a_drawing_of_the_session_goes_into_the_layer() -> None:
    page = show(input="drawing")
    stroke = [500, 500, 1500, 2000, 2000, 800]  # tenths of a pixel
    page.session_state["pad:drawing"] = {"seq": 1, "strokes": [stroke]}
    page.run()
    assert not page.exception and not page.error
    [(header, blobs)] = parts(page, "window")
    assert torch.equal(floats(blobs[0], header["input"]), run_code(page)["x"][0])  # type: ignore[index]


def test_a_trained_network_layer_by_layer() -> None:
    page = show(part="network", sample=3)
    assert not page.exception and not page.error
    [(header, blobs)] = parts(page, "chain")
    names = run_code(page)
    data = load_dataset("strokes")
    stages = header["stages"]
    assert torch.equal(floats(blobs[0], stages[0]["shape"]), data.test.images[3] / 255)
    for stage, blob, (name, output) in zip(stages[1:], blobs[1:], names["maps"].items(), strict=True):  # type: ignore[attr-defined]
        assert stage["name"] == name
        shape = [stage["shown"], *stage["shape"][1:]] if output.ndim == 4 else stage["shape"]
        assert torch.equal(floats(blob, shape), output[0][: shape[0]])
    # A place of the second convolution sees 14 rows: 5 + 2 * (2 - 1) + 2 * (3 - 1) * ... as the lens tells.
    conv2 = next(stage for stage in stages if stage["name"] == "conv2")
    assert conv2["boxes"][0][0][0] == 0


@pytest.mark.parametrize("stage", ["input", "pool1", "relu1", "flatten1", "linear1", "linear2"])
def test_each_stage_of_a_network_opens_in_detail(stage: str) -> None:
    page = show(part="network", stage=stage)
    assert not page.exception and not page.error
    assert page.subheader[0].value.startswith(stage)


def test_an_untrained_preset_is_that_of_its_seed() -> None:
    page = show(part="network", network="new-mlp", seed=5)
    assert not page.exception and not page.error
    run_code(page)


@pytest.mark.parametrize(
    "query",
    [{"layer": "conv3d"}, {"sample": "-1"}, {"input": "video"}, {"weights": "20200101-000000-000000"},
     {"part": "network", "stage": "conv9"}, {"row": "999"}],
)  # fmt: skip
def test_nonsense_in_the_address_gets_a_sentence(query: dict[str, object]) -> None:
    page = show(**query)
    assert not page.exception
    assert page.warning and re.search(r"is not possible; allowed:", page.warning[0].value)


@pytest.mark.parametrize("option", [{"out_channels": "3"}, {"kernel_size": "9"}])
def test_a_smaller_output_keeps_the_selected_place_within(option: dict[str, str]) -> None:
    page = show(channel=7, row=25, column=25)
    (name,) = option
    page.text_input(key=f"layers-{name}").set_value(option[name]).run()
    assert not page.warning
    ((header, _blobs),) = parts(page, "window")
    last = [size - 1 for size in header["output"]]
    assert header["selected"] == [min(at, end) for at, end in zip((7, 25, 25), last, strict=True)]


def test_windows_in_the_padding_alone_are_refused_with_a_way_out() -> None:
    page = show(layer="max_pool2d", kernel_size=2, padding=1, dilation=29)
    assert "without any of the 28 places" in page.error[0].value
    page.button(key="layers-fix").click().run()
    assert not page.error and parts(page, "window")


def test_arithmetic_in_a_note_is_no_markup() -> None:
    page = show(layer="adaptive_avg_pool2d", output_size="5x3")
    assert any(r"floor\(i\*28\/5\)" in caption.value for caption in page.caption)


def test_the_page_comes_back_as_it_was_left() -> None:
    page = show(input="drawing")
    assert page.error[0].value.startswith("There is no drawing yet")
    page.switch_page("pages/lab/draw.py")
    page.query_params.clear()
    page.run()
    page.switch_page("pages/lab/layers.py").run()
    assert page.selectbox(key="layers-input").value == "drawing"
    page.selectbox(key="layers-input").set_value("sample").run()
    page.run()
    assert page.selectbox(key="layers-input").value == "sample"
