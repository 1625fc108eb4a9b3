"""The Train page with networks that are no presets, and recipes in its address."""

from __future__ import annotations

from datasets_page import show_page
from streamlit.testing.v1 import AppTest

from nnlab.nets.architecture import Architecture, chain, sequence
from nnlab.nets.link import to_link
from nnlab.nets.spec import LayerSpec

FORK = LayerSpec("residual", branches=(chain(("conv2d", {"padding": 1}), "batch_norm2d"), ()))
BUILT = sequence("forked", ("conv2d", {"padding": 1}), FORK, "relu", "flatten", "linear")


def train(**query: object) -> AppTest:
    return show_page("train", query)


def start(page: AppTest) -> object:
    return next(button for button in page.button if button.key == "train-start")


def link(architecture: Architecture) -> str:
    found = to_link(architecture)
    assert found is not None
    return found


def test_the_network_of_the_link_can_be_trained() -> None:
    page = train(model="own", net=link(BUILT))
    assert not page.exception and not page.error
    chosen = next(box for box in page.selectbox if box.key == "train-model")
    assert chosen.value == "own" and "forked (built)" in chosen.options
    parameters = sum(row.params for row in BUILT.trace((1, 28, 28), 10))
    assert any(f"{parameters:,} parameters" in caption.value for caption in page.caption)
    assert not start(page).disabled
    assert page.query_params["net"] == link(BUILT)
    chosen.select("mlp").run()
    assert "net" not in page.query_params


def test_a_network_that_does_not_fit_is_mended_by_one_button() -> None:
    page = train(model="own", net=link(sequence("x", ("conv2d", {"kernel_size": 31}), "flatten", "linear")))
    assert "floor((28 - 31)/1) + 1 = -2" in page.error[0].value
    assert start(page).disabled
    page.button(key="train-repair-0").click().run()
    assert not page.error and not start(page).disabled
    assert page.query_params["model"] == "own" and page.query_params["net"]


def test_a_damaged_link_gets_a_sentence() -> None:
    page = train(model="own", net=link(BUILT)[:-9])
    assert not page.exception
    assert ["damaged or cut off" in warning.value for warning in page.warning] == [True]
    assert not start(page).disabled  # with a preset in its place


def test_a_link_without_the_network_says_so() -> None:
    page = train(model="own")
    assert ["too long for one" in warning.value for warning in page.warning] == [True]
    assert "model" not in page.query_params and not start(page).disabled


def test_the_whole_recipe_is_in_the_address() -> None:
    given = {
        "optimizer": "sgd", "schedule": "cosine", "loss": "mse", "bfloat16": "1", "rotate": "10",
        "sgd-momentum": "0.5", "sgd-nesterov": "1", "init": "zeros",
    }  # fmt: skip
    page = train(**given)
    assert not page.exception and not page.warning
    values = {
        widget.key: widget.value
        for kind in ("selectbox", "number_input", "toggle")
        for widget in page.get(kind)
    }
    assert values["train-schedule"] == "cosine" and values["train-loss"] == "mse"
    assert values["train-bfloat16"] is True and values["train-sgd-nesterov"] is True
    assert (values["train-rotate"], values["train-sgd-momentum"], values["train-init"]) == (10, 0.5, "zeros")
    assert {name: page.query_params[name] for name in given} == given
    page.toggle(key="train-bfloat16").set_value(False).run()
    assert "bfloat16" not in page.query_params


def test_nonsense_for_a_switch_gets_a_sentence() -> None:
    page = train(bfloat16="perhaps")
    assert any("bfloat16=perhaps" in warning.value for warning in page.warning)


def test_what_is_wrong_in_the_address_is_told_outside_of_the_closed_popover() -> None:
    page = train(init="perhaps", rotate="far", schedule="never", **{"adam-betas-0": "b"})
    told = [child.value for child in page.main.children.values() if child.type == "warning"]
    for name in ("init=perhaps", "rotate=far", "schedule=never", "adam-betas-0=b"):
        assert any(name in sentence for sentence in told), name
    assert len(told) == len(page.warning) == 4
