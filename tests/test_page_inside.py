"""The part Inside of the Draw page: what is sent is what PyTorch computes; few bytes while the pen moves."""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pytest
import torch
from datasets_page import unpack
from helpers import random_dataset
from layers_page import floats
from streamlit.testing.v1 import AppTest
from torch import Tensor

from nnlab.drawing import drawing_for, drawing_to_image, shipped_model
from nnlab.lens import remembering
from nnlab.lens.contributions import contributions
from nnlab.lens.forward import forward
from nnlab.lens.maps import feature_maps
from nnlab.lens.neighbours import Remembered, features_of, remember
from nnlab.lens.saliency import grad_cam, saliency, usual_cam_layer
from nnlab.nets.architecture import Architecture, sequence
from nnlab.nets.presets import preset
from nnlab.program import Programs
from nnlab.training.batches import normalise
from nnlab.training.weights import TrainedModel, WeightsInfo
from nnlab.ui.draw import inside_near

playwright = pytest.importorskip("playwright.sync_api")
expect, Page = playwright.expect, playwright.Page

SEVEN = [[700, 600, 2100, 600, 1200, 2400]]


class Started:
    """In place of the processes that compute features: notes what they would be told, and has got nowhere."""

    running, problem, stopped, lines = True, None, False, ([300, 10_000],)

    def __init__(self) -> None:
        self.commands: list[tuple[list[str], str]] = []

    def known(self, key: str) -> Started | None:
        return self if self.commands else None

    def start(self, key: str, arguments: list[str], module: str) -> Started:
        self.commands.append((arguments, module))
        return self


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Started:
    """No dataset but the built-in one, no runs, no features that were computed before."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("nnlab.lens.remembering.cache_root", lambda: tmp_path / "cache")
    monkeypatch.setattr(inside_near, "_files", WeakKeyDictionary())
    found = Started()
    monkeypatch.setattr(inside_near, "_programs", found)
    return found


def opened(strokes: list[list[int]] = SEVEN, rest: str | None = None, **query: object) -> AppTest:
    page = AppTest.from_file(str(Path(__file__).parents[1] / "app.py"), default_timeout=60).run()
    page.session_state["pad:drawing"] = {"seq": 1, "strokes": strokes}
    if rest is not None:
        page.session_state["inside"] = {"rest": rest, "chosen": None, "tick": None}
    page.switch_page("pages/lab/draw.py")
    for name, value in {"part": "inside", **query}.items():
        page.query_params[name] = str(value)
    page.run()
    assert not page.exception
    return page


def sent(page: AppTest) -> tuple[dict[str, Any], list[bytes], int]:
    """What the component was given, and in how many bytes."""
    (data,) = (
        block.proto.bytes
        for block in page.get("bidi_component")
        if block.proto.component_name == "nnlab.inside"
    )
    header, blobs = unpack(zlib.decompress(unpack(data)[1][0]))
    return header, blobs, len(data)


def values(found: dict[str, Any], blobs: list[bytes]) -> Tensor:
    """The numbers behind what is drawn."""
    if "steps" not in found:
        return floats(blobs[found["at"]], found["shape"])
    steps = np.frombuffer(blobs[found["at"]], np.int8).astype(np.float32).reshape(found["shape"])
    limits = np.array(found["limits"], np.float32).reshape(-1, *[1] * (steps.ndim - 1))
    return torch.from_numpy(steps / found["steps"] * limits)


def drawn_image() -> Tensor:
    return drawing_to_image([np.array(flat).reshape(-1, 2) / 10 for flat in SEVEN])


def drawn() -> tuple[TrainedModel, Tensor]:
    model = shipped_model()
    return model, normalise(drawn_image(), model.info.mean, model.info.std)


@pytest.mark.parametrize("layer", ["conv1", "relu2", "linear1", "linear2"])
def test_at_rest_the_chosen_layer_is_that_of_torch_and_little_is_sent_while_drawing(layer: str) -> None:
    model, x = drawn()
    wanted = feature_maps(model, x)[layer][0]
    wanted = wanted if wanted.ndim == 3 else wanted[None]
    header, blobs, size = sent(opened(layer=layer))
    assert not header["exact"] and size < 9_000
    moving = values(header["maps"], blobs)
    assert len(moving) == len(wanted)
    if moving.shape == wanted.shape:
        room = wanted.flatten(1).abs().amax(1) / 29
        assert bool(((moving - wanted).abs().flatten(1).amax(1) <= room + 1e-4).all())
    header, blobs, _ = sent(opened(layer=layer, rest=header["mark"]))
    assert header["exact"] and torch.equal(values(header["maps"], blobs), wanted)
    assert header["layers"][header["chosen"]]["name"] == layer


@pytest.mark.parametrize("overlay", ["saliency", "product", "cam"])
@pytest.mark.parametrize("explained", ["first", "difference"])
def test_overlays_and_sums_are_those_of_the_class_that_is_explained(overlay: str, explained: str) -> None:
    model, x = drawn()
    seen = forward(model, x)
    best, second, *_ = seen.ranking()
    against = second if explained == "difference" else None
    first = sent(opened(overlay=overlay, explained=explained))[0]
    header, blobs, _ = sent(opened(overlay=overlay, explained=explained, rest=first["mark"]))
    wanted = {
        "saliency": saliency(seen, best, against).gradient[0],
        "product": saliency(seen, best, against).product[0],
        "cam": grad_cam(seen, best, usual_cam_layer(model, seen), against).fine,
    }[overlay]
    assert torch.equal(values(header["over"]["values"], blobs)[0], wanted)
    sums = contributions(seen, best)
    sums = sums if against is None else sums.minus(contributions(seen, against))
    told = header["sums"]
    assert np.float32(told["logit"]) == sums.logit.numpy()
    shown = sum(value for _, value in (*told["above"], *told["below"]))
    assert shown + told["rest"] + told["bias"] == pytest.approx(float(sums.total), abs=1e-6)
    assert "7" in told["result"]


@pytest.mark.parametrize("explained", ["first", "difference"])
def test_the_code_computes_what_is_shown(explained: str) -> None:
    page = opened(overlay="cam", cam="conv1", explained=explained, code="yes")
    names: dict[str, Any] = {}
    exec(page.code[0].value, names)
    model = shipped_model()
    seen = forward(model, names["x"])
    best, second, *_ = seen.ranking()
    against = second if explained == "difference" else None
    assert torch.allclose(names["gradient"][0], saliency(seen, best, against).gradient, atol=1e-6)
    assert torch.allclose(names["cam"], grad_cam(seen, best, "conv1", against).fine, atol=1e-6)
    assert torch.equal(names["products"].detach(), contributions(seen, best).products)


def test_nonsense_in_the_address_gets_a_sentence() -> None:
    page = opened(layer="nosuch", overlay="x", explained="y", cam="z")
    told = " ".join(warning.value for warning in page.warning)
    assert all(f"{name}=" in told for name in ("layer", "overlay", "explained"))
    assert sent(page)[0]["chosen"] == 0


def test_what_is_chosen_stands_in_the_address() -> None:
    page = opened(overlay="none")
    page.segmented_control(key="draw-explained").set_value("second").run()
    assert "second" in page.query_params["explained"]
    assert "7" not in sent(page)[0]["sums"]["result"]


def untrained(architecture: Architecture) -> TrainedModel:
    data = random_dataset()
    model = TrainedModel(OrderedDict(architecture.build(data.shape, 10).named_children())).eval()
    info = WeightsInfo.of(architecture, data, 0)
    model.info = replace(info, dataset="strokes", mean=(0.13,), std=(0.31,))
    return model


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (preset("logistic"), "has none"),
        (sequence("ends", ("conv2d", {"out_channels": 10, "kernel_size": 28}), "flatten"), "not linear"),
    ],
)
def test_what_a_network_cannot_show_is_told(
    network: Architecture, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = untrained(network)
    monkeypatch.setattr("nnlab.ui.draw.reader.shipped_model", lambda: model)
    header, blobs, _ = sent(opened(overlay="cam"))
    sentences = [header[name].get("sentence", "") for name in ("over", "sums", "near")]
    assert any(said in sentence for sentence in sentences)
    if header["sums"].get("places"):  # the image itself reaches the only layer
        x = normalise(drawing_for(model, drawn_image()), model.info.mean, model.info.std)
        wanted = contributions(forward(model, x), int(model(x).argmax())).maps()
        assert wanted is not None
        found = values(header["sums"]["places"], blobs)[0]
        assert torch.allclose(found, wanted[0], atol=float(wanted.abs().max()) / 29)


def test_nearest_images_are_computed_by_a_process_and_say_where_they_are_from(
    monkeypatch: pytest.MonkeyPatch, started: Started
) -> None:
    header, _, _ = sent(opened())
    assert header["near"] == {"done": 300, "of": 10_000, "waiting": False}
    opened()
    [(arguments, module)] = started.commands  # MNIST is not in this folder, so they are of the built-in data
    assert module == remembering.__name__ and arguments[1] == "strokes"
    data = replace(random_dataset(train=90), name="strokes")
    monkeypatch.setattr(remembering, "load_dataset", lambda name: data)
    threads = torch.get_num_threads()
    remembering.main(Path(arguments[0]), arguments[1], Path(arguments[2]))
    torch.set_num_threads(threads)
    header, blobs, _ = sent(opened())
    model, x = drawn()
    *_, found = remember(model, data)
    assert isinstance(found, Remembered)
    wanted = found.nearest(features_of(model, x))
    shown = header["near"]["images"]
    assert [image["index"] for image in shown] == [one.index for one in wanted]
    assert [image["distance"] for image in shown] == pytest.approx([one.distance for one in wanted])
    assert [blobs[image["image"]["at"]] for image in shown] == [
        data.train.images[one.index].numpy().tobytes() for one in wanted
    ]
    assert "MNIST is not on this machine" in header["near"]["about"]
    assert not Path(arguments[0]).exists()  # the weights were only lent
    Path(arguments[2]).write_bytes(b"damaged")
    inside_near._loaded.cache_clear()
    assert sent(opened())[0]["near"]["done"] == 300  # it is computed again
    assert len(started.commands) == 1


def test_nearest_images_that_could_not_be_computed_can_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, started: Started
) -> None:
    real = Programs()
    monkeypatch.setattr(inside_near, "_programs", real)
    model = shipped_model()
    key = str(inside_near._file(model, "strokes"))
    real.start(key, ["no such weights", "strokes", key], remembering.__name__).wait()
    for _ in range(2):  # it is not tried again by itself
        near = sent(opened())[0]["near"]
        assert near["failed"] and near["sentence"].startswith("The computation ended early")
    inside_near.compare_again(model)
    monkeypatch.setattr(real, "start", started.start)
    assert sent(opened())[0]["near"]["done"] == 300 and len(started.commands) == 1


def test_while_the_pen_is_down_nothing_exact_is_sent() -> None:
    page = opened()
    mark = sent(page)[0]["mark"]
    page.session_state["inside"] = {"rest": mark, "chosen": None, "tick": None}
    page.session_state["pad:drawing"] = {"seq": 1, "strokes": SEVEN, "down": True}
    page.run()
    header, _, size = sent(page)
    assert header["moving"] and not header["exact"] and size < 9_000
    page.session_state["pad:drawing"] = {"seq": 1, "strokes": SEVEN, "down": False}
    page.run()
    assert sent(page)[0]["exact"]


@pytest.mark.browser
def test_layers_light_up_while_drawing_and_tell_exact_numbers_at_rest(
    lab: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{lab}/draw?part=inside")
    canvas = page.locator("canvas.paper[data-answered]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in
          ((0.32, 0.28), (0.68, 0.28), (0.6, 0.46), (0.45, 0.78))]  # fmt: skip
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    rows = shipped_model().info.architecture.trace((1, 28, 28), 10)
    shape = next("×".join(map(str, row.out_shape)) for row in rows if row.name == "conv2")
    last = [row.name for row in rows if row.kind == "conv2d"][-1]
    host = page.locator(".host[data-mark]")
    expect(host).to_have_attribute("data-updates", re.compile(r"^[1-9]"))  # the pen is still down
    page.mouse.up()
    expect(host).to_have_attribute("data-exact", "true")
    page.get_by_role("option", name="conv2").click()
    expect(host.locator("h4").first).to_have_text(f"conv2 · {shape}")
    expect(page).to_have_url(re.compile("layer=conv2"))
    expect(host).to_have_attribute("data-exact", "true")
    maps = host.locator(".maps .marks")
    maps.focus()
    page.keyboard.press("ArrowRight")
    expect(host.locator(".under .readout")).to_have_text(re.compile(r"^conv2\[0, 0, 0\] = -?\d"))
    page.get_by_role("radio", name="Grad-CAM").click()
    expect(host.locator(".over .about")).to_have_text(f"Where the maps of {last} speak for 7")
    assert host.locator("a.open").get_attribute("href") == ("layers?part=network&network=shipped&stage=conv2")
