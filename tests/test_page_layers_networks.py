"""Built networks and large presets on the Layers page: branches, joins taken apart, misfits told."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path

import pytest
import torch
from layers_page import floats, parts, run_code, show
from torch import Tensor

from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.link import to_link
from nnlab.nets.presets import preset


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dataset but the built-in one, and no runs."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))


def conv(count: int, kernel: int = 3) -> LayerSpec:
    options = {"out_channels": count, "kernel_size": kernel, "padding": kernel // 2}
    return LayerSpec("conv2d", options)


NESTED = sequence(
    "nested",
    conv(4),
    LayerSpec("residual", branches=(
        (LayerSpec("relu"), LayerSpec("concat", branches=((conv(1),), (conv(3, 5),)))), (), (conv(4, 1),),
    )),
    "max_pool2d", "flatten",
    LayerSpec("residual", branches=((LayerSpec("linear", {"out_features": 784}),), ())),
    "linear",
)  # fmt: skip


def own(network: Architecture, **query: object) -> dict[str, object]:
    return {"part": "network", "network": "own", "net": to_link(network), **query}


NAMES = [row.name for row in NESTED.trace((1, 28, 28), 10)]


@pytest.mark.parametrize("stage", NAMES)
def test_every_layer_of_a_built_network_opens_with_what_reaches_it(stage: str) -> None:
    page = show(**own(NESTED, stage=stage, sample=2))
    assert not page.exception and not page.error and not page.warning
    assert page.subheader[0].value.startswith(f"{stage} ")
    [(header, _blobs)] = parts(page, "chain")
    assert [one["name"] for one in header["stages"]] == ["input", *NAMES]
    [(picture, _none)] = parts(page, "diagram")
    assert picture["chosen"] == next(layer["path"] for layer in picture["layers"] if layer["name"] == stage)
    names = run_code(page)
    maps, model = names["maps"], names["model"]
    for header, blobs in parts(page, "window"):  # a convolution or a pooling: its own input, its own output
        x, y = floats(blobs[0], header["input"]), floats(blobs[1], header["output"])
        assert torch.equal(y, maps[stage][0])  # type: ignore[index]
        assert torch.equal(model.get_submodule(stage)(x[None])[0].detach(), y)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("stage", "given"),
    [
        ("residual1", ["residual1.0.1", "conv1", "residual1.2.0"]),
        ("residual1.0.1", ["residual1.0.1.0.0", "residual1.0.1.1.0"]),
        ("residual2", ["residual2.0.0", "flatten1"]),
    ],
)
def test_a_join_shows_what_its_branches_give_and_what_becomes_of_it(stage: str, given: list[str]) -> None:
    page = show(**own(NESTED, stage=stage, channel=1, row=7, column=9))
    assert not page.exception and not page.error
    maps: dict[str, Tensor] = run_code(page)["maps"]  # type: ignore[assignment]
    [(header, blobs)] = parts(page, "joined")
    assert header["titles"] == [*given, stage]
    *branches, output = [floats(blob, shape) for blob, shape in zip(blobs, header["shapes"], strict=True)]
    for name, branch in zip(given, branches, strict=True):
        assert torch.equal(branch, maps[name][0])
    assert torch.equal(output, maps[stage][0])
    assert torch.equal(output, torch.cat(branches) if header["form"] == "cat" else reduce(add, branches))
    told = "".join(block.proto.body for block in page.get("html"))
    place = (1, 7, 9) if output.ndim == 3 else (1,)
    assert f"= {stage}[{', '.join(map(str, place))}]" in told and f"{float(output[place]):.9g}" in told


def test_the_order_in_which_three_branches_are_added_is_told() -> None:
    page = show(**own(NESTED, stage="residual1"))
    assert any("in this order" in caption.value for caption in page.caption)


def test_a_built_network_that_does_not_fit_leads_back_to_the_builder() -> None:
    page = show(**own(sequence("odd", "flatten", ("linear", {"in_features": 400}))))
    assert not page.exception
    assert "Linear expects 400 features, but 784 reach it" in page.error[0].value
    assert [link.proto.page for link in page.get("page_link")] == ["build"] and not parts(page, "chain")


def test_a_preset_for_larger_images_is_offered_a_resize_and_not_made_where_it_is_too_large() -> None:
    page = show(part="network", network="new-vgg16")
    assert not page.exception and "pool5" in page.error[0].value
    page.button("layers-network-repair-0").click().run()
    assert page.selectbox("layers-network").value == "own"
    assert "vgg16 has 134,300,362 parameters" in page.error[0].value and "net" in page.query_params


def test_a_layer_in_a_branch_of_resnet18_is_given_what_the_join_is_given() -> None:
    page = show(part="network", network="new-resnet18", stage="residual3.1.0")
    assert not page.exception and not page.error
    [(header, blobs)] = parts(page, "window")
    maps: dict[str, Tensor] = run_code(page)["maps"]  # type: ignore[assignment]
    assert torch.equal(floats(blobs[0], header["input"]), maps["relu3"][0])
    assert [row.name for row in preset("resnet18").trace((1, 28, 28), 10)] == list(maps)


def test_without_a_built_network_its_name_is_told_to_be_unknown() -> None:
    page = show(part="network", network="own")
    assert not page.exception and "network=own" in page.warning[0].value
