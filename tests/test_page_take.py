"""Taking a network or a run along: what the pages show and hand out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets_page import show_page
from runs_kit import quick
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from nnlab.data.division import Division
from nnlab.export import Subject
from nnlab.nets.architecture import Architecture, LayerSpec, chain, sequence
from nnlab.nets.link import to_link
from nnlab.nets.presets import preset
from nnlab.paths import data_root
from nnlab.runs import Run, RunStore
from nnlab.training.augment import Augmentation
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.transforms import Pipeline
from nnlab.ui.store import run_store
from nnlab.ui.train import training_code

pytest_plugins = ("runs_fixtures",)

FORK = LayerSpec("residual", branches=(chain(("conv2d", {"padding": 1}), "batch_norm2d"), ()))
BUILT = sequence("forked net", ("conv2d", {"padding": 1}), FORK, "relu", "flatten", "linear")


@pytest.fixture
def made(here: RunStore, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A finished run in the store of the pages."""
    monkeypatch.setenv("NNLAB_RUNS", str(here.path))
    run_store.cache_clear()
    return here.train_here(quick())


@pytest.fixture(autouse=True)
def same_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is on the machine of the lab."""
    monkeypatch.setattr(ContextProxy, "ip_address", None)


@pytest.fixture(autouse=True)
def another_store() -> object:
    yield
    run_store.cache_clear()


def take(**query: object) -> AppTest:
    page = show_page("build", {"part": "take", **query})
    assert not page.exception
    return page


def button(page: AppTest) -> str:
    """What the one download button says."""
    (found,) = page.get("download_button")
    label: str = found.proto.label
    return label.replace("\\", "")


def test_the_program_of_a_run(made: Run) -> None:
    page = take(run=made.id)
    assert page.code[0].value == Subject.of(made).script("logistic-fashion_mnist").code().strip()
    assert button(page) == "Download logistic-fashion_mnist.py"
    assert "RECORDED" in page.code[0].value


def test_on_another_machine_a_program_does_not_look_into_folders_of_the_lab(
    made: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f'ROOT = sys.argv[1] if len(sys.argv) > 1 else "{data_root()}"' in take(run=made.id).code[0].value
    monkeypatch.setattr(ContextProxy, "ip_address", "192.0.2.7")
    code = take(run=made.id).code[0].value
    assert 'ROOT = sys.argv[1] if len(sys.argv) > 1 else "data"' in code and str(data_root()) not in code


def test_the_network_as_it_is_built_with_the_recipe_of_the_train_page(made: Run) -> None:
    link = to_link(BUILT)
    page = take(net=link, data="fashion_mnist")
    usual = Subject(RunSpec("fashion_mnist", BUILT)).script("forked-net-fashion_mnist")
    assert page.code[0].value == usual.code().strip()
    page.switch_page("pages/lab/train.py")
    page.query_params["optimizer"] = "sgd"
    page.query_params["lr"] = "0.02"
    page.run()
    page.switch_page("pages/lab/build.py")
    page.query_params["part"] = "take"
    page.query_params["data"] = "fashion_mnist"
    page.run()
    assert "class Residual" in page.code[0].value
    assert "torch.optim.SGD" in page.code[0].value and "LR = 0.02" in page.code[0].value


def test_data_of_no_publisher_travels_in_a_zip() -> None:
    page = take()
    assert button(page) == "Download convnet-strokes.zip"
    assert any("data" in caption.value and "torchvision" in caption.value for caption in page.caption)


def test_the_layers(made: Run) -> None:
    page = take(run=made.id, **{"as": "json"})
    assert Architecture.from_text(page.code[0].value) == made.spec.architecture
    assert button(page).startswith("Download logistic.json")


@pytest.mark.parametrize("kind", ["safetensors", "pt2", "onnx"])
def test_files_are_made_and_read_as_the_code_says(
    made: Run, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "onnx":
        for package in ("onnx", "onnxscript", "onnxruntime"):
            pytest.importorskip(package)
    page = take(run=made.id, **{"as": kind})
    assert button(page).startswith(f"Download logistic-fashion_mnist.{kind} (")
    ((name, content),) = Subject.of(made).files(f".{kind}", "logistic-fashion_mnist").items()
    (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    exec(page.code[0].value, space)
    model = made.load_model()
    if kind == "safetensors":
        weights = space["weights"]
        assert isinstance(weights, dict)
        assert all(torch.equal(weights[key], value) for key, value in model.state_dict().items())
        return
    expected = model(torch.zeros(1, 1, 28, 28)).detach().numpy()
    found = space["scores"]
    found = found.detach().numpy() if isinstance(found, torch.Tensor) else found
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_cannot_be_taken_gets_a_sentence(made: Run) -> None:
    assert "Choose a dataset" in take(data="imagenet").info[0].value
    assert not take(data="imagenet", **{"as": "json"}).info
    small = sequence("x", ("conv2d", {"kernel_size": 31}), "flatten", "linear")
    for kind in ("py", "onnx"):
        page = take(net=to_link(small), data="fashion_mnist", **{"as": kind})
        assert "floor((28 - 31)/1) + 1 = -2" in page.error[0].value and not page.get("download_button")
    assert "not on this machine" in take(data="cifar10").info[0].value
    large = take(model="vgg16", data="cifar10", **{"as": "safetensors"})
    assert "more than 256 MB" in large.error[0].value
    assert "`as=zip`" in take(**{"as": "zip"}).warning[0].value
    assert "`run=nobody`" in take(run="nobody").warning[0].value


def test_the_code_on_the_train_page(made: Run) -> None:
    page = show_page("train", {"run": made.id, "dataset": "fashion_mnist", "model": "logistic"})
    assert not page.code  # it is not made before somebody looks
    page.session_state["train-code"] = True
    page.run()
    assert not page.exception
    program, ours = (block.value for block in page.code)
    assert "RECORDED" not in program and "class Net" in program and "import nnlab" not in program
    assert "nnlab.preset('logistic')" in ours
    chosen = next(box for box in page.selectbox if box.key == "train-code-of")
    chosen.select(made.id).run()
    expected = Subject.of(made).script("logistic-fashion_mnist").code()
    assert [block.value for block in page.code] == [expected.strip()]


@pytest.mark.parametrize("network", [preset("net"), BUILT, replace(BUILT, name='it\'s "odd"')])
def test_the_code_of_the_lab_describes_the_same_run(network: Architecture) -> None:
    recipe = Recipe(
        "sgd", 0.02, augmentation=Augmentation(shift=0.1), transforms=Pipeline.from_text("rotation")
    )
    spec = RunSpec("strokes", network, recipe, Division(validation=0.1))
    space: dict[str, object] = {}
    exec(training_code(spec).split("\nfor event")[0], space)
    found = space["spec"]
    assert isinstance(found, RunSpec)
    assert json.dumps(found.to_json()) == json.dumps(spec.to_json())
