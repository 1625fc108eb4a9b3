"""The part "Other shapes" of the Datasets page: its tensors, indices and layers are torch's own."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from datasets_page import show
from streamlit.testing.v1 import AppTest
from torch import nn

from nnlab.errors import LabError
from nnlab.ui.datasets.shapes.indexing import apply_index, parse_index
from nnlab.ui.datasets.shapes.kinds import KINDS
from nnlab.ui.datasets.shapes.layers import trials

_EVERY = [(name, index) for name, kind in KINDS.items() for index in ("", *kind.indices)]


def shapes(**query: object) -> AppTest:
    page = show(part="shapes", **query)
    assert not page.exception
    return page


@pytest.mark.parametrize("name", KINDS)
def test_the_tensor_has_the_extents_asked_for(name: str) -> None:
    rng = random.Random(3)
    for _ in range(10):
        extents = {axis.letter: rng.randint(1, axis.most) for axis in KINDS[name].axes}
        x = KINDS[name].tensor(extents)
        assert tuple(x.shape) == tuple(extents.values()) and x.dtype == torch.float32
        assert bool(torch.isfinite(x).all())
        if name in ("images", "volumes"):
            assert float(x.min()) >= 0 and float(x.max()) <= 1


@pytest.mark.parametrize(("name", "index"), _EVERY)
def test_what_is_shown_and_what_the_code_prints_are_the_same(name: str, index: str) -> None:
    page = shapes(data=name, index=index)
    assert not page.error and not page.warning
    space: dict[str, Any] = {"print": lambda *told: None}
    exec(page.code[1].value, space)
    x = space["x"]
    found = space["found"] if index else x
    written = np.array2string(
        found.numpy(), max_line_width=56, precision=2, threshold=72, edgeitems=2, suppress_small=True
    )
    assert page.code[0].value == written
    if index:
        body = "".join(block.proto.body for block in page.get("html"))
        assert f"x[{index}].shape = {tuple(found.shape)}" in body
    if name == "table":
        taken = torch.zeros(x.shape, dtype=torch.bool)
        taken[eval(f"np.s_[{index}]", {"np": np}) if index else ...] = True
        shown = page.dataframe[0].value.to_numpy(dtype=np.float64)
        assert np.array_equal(np.isnan(shown), ~taken.numpy())
        assert np.allclose(shown[taken.numpy()], x.numpy()[taken.numpy()])


@pytest.mark.parametrize("name", KINDS)
def test_layers_do_what_torch_does(name: str) -> None:
    x = KINDS[name].tensor({axis.letter: axis.usual for axis in KINDS[name].axes})
    dimensions = x.ndim - 2
    found = {trial.code.partition("(")[0]: trial for trial in trials(x)}
    channels = x.shape[1]
    if dimensions:
        kind = f"{dimensions}d"
        assert found[f"Conv{kind}"].out == tuple(
            getattr(nn, f"Conv{kind}")(channels, 8, kernel_size=3)(x).shape
        )
        assert found[f"MaxPool{kind}"].out == tuple(getattr(nn, f"MaxPool{kind}")(2)(x).shape)
        assert found[f"BatchNorm{kind}"].out == tuple(x.shape)
        assert found[f"Conv{kind}"].parameters == 8 * channels * 3**dimensions + 8
    assert found["Linear"].out == (*x.shape[:-1], 10)
    for trial in found.values():
        layer = eval(f"nn.{trial.code}", {"nn": nn})
        if trial.out is None:
            with pytest.raises((RuntimeError, ValueError, IndexError)) as theirs:
                layer(x)
            assert trial.problem == str(theirs.value).partition("\n")[0]
        else:
            assert tuple(layer(x).shape) == trial.out
    # A layer of one dimension less may take all of x for one sample; that is told apart.
    assert all(trial.as_one == trial.code.startswith(f"MaxPool{dimensions + 1}d") for trial in found.values()
               if trial.out is not None and trial.code.startswith("MaxPool"))  # fmt: skip


def test_indices_are_read_as_python_reads_them() -> None:
    class Told:
        def __getitem__(self, index: Any) -> Any:
            return index

    rng = random.Random(0)
    parts = ["0", "-1", ":", "1:3", "::2", ":-1", "...", "None", "[0, 2]", "2:", "-3:-1:2"]
    for _ in range(300):
        text = ", ".join(rng.choice(parts) for _ in range(rng.randint(1, 5)))
        assert parse_index(text) == eval(f"told[{text}]", {"told": Told()})


@pytest.mark.parametrize(
    "text",
    ["0][0", "a", "__import__('os')", "x", "0, y", "lambda: 0", "1.5", "'0'", "True", "0)", "", " ", "1 2",
     "{}", "(0).bit_length()", "0 if 1 else 2", "9" * 80, "[[0]]", "0;1", "\x00", "x[0]"],
)  # fmt: skip
def test_nothing_else_is_read_or_run(text: str) -> None:
    with pytest.raises(LabError, match="is no index"):
        parse_index(text)


@pytest.mark.parametrize("text", ["9", "0, 0, 0, 0, 0", "::-1", "[0, 9]"])
def test_what_torch_refuses_is_told_in_its_words(text: str) -> None:
    x = torch.zeros(2, 3, 4, 5)
    with pytest.raises((IndexError, ValueError)) as theirs:
        x[parse_index(text)]
    with pytest.raises(LabError) as ours:
        apply_index(x, text)
    assert str(theirs.value).partition("\n")[0] in str(ours.value)


def test_controls_and_the_address() -> None:
    page = shapes()
    page.segmented_control(key="datasets-data").set_value("volumes").run()
    page.number_input(key="datasets-volumes_D").set_value(3).run()
    page.text_input(key="datasets-index").set_value("0, 0, 1").run()
    found = {name: page.query_params[name] for name in ("data", "volumes_D", "index")}
    assert found == {"data": "volumes", "volumes_D": "3", "index": "0, 0, 1"}
    assert not page.error and not page.exception
    page.segmented_control(key="datasets-data").set_value("table").run()
    assert "index" not in page.query_params
    page = shapes(data="tables", images_N=0, index="nonsense")
    assert len(page.warning) == 2 and "is no index" in page.error[0].value
    page.text_input(key="datasets-index").set_value("__all__").run()
    assert r"\_\_all\_\_" in page.error[0].value  # no markup


@pytest.mark.browser
def test_an_index_in_a_browser(lab: str, open_page: Callable[..., Any]) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    page = open_page(f"{lab}/datasets?part=shapes")
    page.get_by_text("x[0, 0, :, 3]", exact=True).click(timeout=60_000)
    expect(page.locator(".nnlab-axes")).to_contain_text("x[0, 0, :, 3].shape = (8,)")
    field = page.get_by_role("textbox", name="Index: x[ … ]")
    field.fill("0, 99")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("out of bounds")
    canvas = page.locator("[class*=st-key-shapes-images] .host > canvas")
    expect(canvas).to_be_visible()
    page.get_by_role("radio", name="Volumes (N, C, D, H, W)").click()
    expect(page.locator("[class*=st-key-shapes-volumes] .host > canvas")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390")
