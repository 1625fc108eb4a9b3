"""Networks trained on own images: pages show them and draw for them, also once the images are gone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets_page import show
from image_zips import class_folders
from streamlit.testing.v1 import AppTest

from nnlab.data import dataset_info, load_dataset
from nnlab.data.images import ImageOptions, delete, import_images
from nnlab.drawing import drawing_to_image
from nnlab.drawing.stages import drawing_stages
from nnlab.nets.presets import preset
from nnlab.runs import Run, RunStore
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.ui import store as pages_store
from nnlab.ui.datasets.images.example import example_zip
from nnlab.ui.draw.reader import answer_of, readable_runs, reader
from nnlab.ui.train.form import rows_of

ROOT = Path(__file__).parents[1]
SEVEN = [np.array([[90.0, 80], [190, 80], [170, 130], [125, 220]])]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    """An empty store, which is the pages' own, and an empty data root."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))
    (tmp_path / "data").mkdir()
    pages_store.run_store.cache_clear()
    yield RunStore(tmp_path / "runs")
    pages_store.run_store.cache_clear()


def trained(store: RunStore, archive: bytes, options: ImageOptions, folder: Path, **recipe: object) -> Run:
    """A network trained on that archive, in this process."""
    path = folder / "mine.zip"
    path.write_bytes(archive)
    info = import_images(path, options)
    spec = RunSpec(info.name, preset("net"), Recipe(batch_size=8, **recipe))
    return store.train_here(spec)


@pytest.fixture
def colour_run(runs: RunStore, tmp_path: Path) -> Run:
    return trained(runs, class_folders(test=2), ImageOptions(24, 3), tmp_path, epochs=1)


def train_page(run: Run) -> AppTest:
    page = show(part="images")
    page.switch_page("pages/lab/train.py")
    page.query_params["run"] = run.id
    return page.run()


def test_a_colour_network_is_drawn_for_with_its_own_class_names(runs: RunStore, colour_run: Run) -> None:
    [line] = readable_runs(runs).values()
    assert line.startswith("net · mine")
    chosen = reader(runs, colour_run.id)
    assert "3 × 24 × 24" in chosen.facts and chosen.model.info.classes == ("cat", "dog")
    answer = answer_of(chosen.model, drawing_stages(chosen.model, SEVEN))
    assert answer.image.shape == (3, 24, 24)
    # What the pad shows is what the network gets, in each of its channels.
    image = torch.tensor(answer.image)[None]
    mean, std = (torch.tensor(v)[:, None, None] for v in (chosen.model.info.mean, chosen.model.info.std))
    with torch.no_grad():
        expected = chosen.model((image / 255 - mean) / std).softmax(1)[0]
    assert torch.allclose(torch.tensor(answer.probabilities), expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_code_of_the_page_gives_the_answer_of_the_page(
    runs: RunStore, tmp_path: Path, channels: int
) -> None:
    """Digits on white paper: the drawing is turned to dark on light, and made larger."""
    run = trained(runs, example_zip("folders"), ImageOptions(32, channels), tmp_path, epochs=1)
    chosen = reader(runs, run.id)
    assert "dark on light" in chosen.facts
    answer = answer_of(chosen.model, drawing_stages(chosen.model, SEVEN))
    assert (answer.image[:, 0, 0] == 255).all() and answer.image.min() < 80
    script = tmp_path / "draw.py"
    script.write_text(chosen.code)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": str(ROOT), "NNLAB_RUNS": str(runs.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = dict(re.findall(r"^(\d): ([\d.]+)%$", done.stdout, re.MULTILINE))
    assert told == {str(i): f"{100 * p:.1f}" for i, p in enumerate(answer.probabilities)}


def test_a_network_that_learned_digits_on_paper_reads_a_drawn_seven(runs: RunStore, tmp_path: Path) -> None:
    run = trained(runs, example_zip("folders"), ImageOptions(28, 1), tmp_path, epochs=8)
    model = reader(runs, run.id).model
    answer = answer_of(model, drawing_stages(model, SEVEN))
    assert int(np.argmax(answer.probabilities)) == 7
    assert np.array_equal(answer.image, 255 - drawing_to_image(SEVEN)[0].numpy())


def test_a_run_outlives_its_images(runs: RunStore, colour_run: Run) -> None:
    name = colour_run.spec.dataset
    delete(dataset_info(name))
    [again] = RunStore(runs.path).runs()
    assert again.in_shape == (3, 24, 24)
    assert list(readable_runs(runs)) == [colour_run.id]
    assert reader(runs, colour_run.id).model.info.classes == ("cat", "dog")
    page = train_page(colour_run)
    assert not page.exception and not page.error
    assert name in page.dataframe[-1].value["Dataset"].tolist()
    assert "Draw with it" in [link.proto.label for link in page.get("page_link")]
    listed = subprocess.run(
        [sys.executable, "-m", "nnlab", "runs", "--runs", str(runs.path)],
        capture_output=True, text=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert listed.returncode == 0 and f"net on {name}" in listed.stdout


def test_the_form_lets_go_of_images_that_are_gone(runs: RunStore, colour_run: Run) -> None:
    page = show(part="images")
    page.switch_page("pages/lab/train.py")
    page.query_params["dataset"] = name = colour_run.spec.dataset
    page.run()
    assert page.selectbox(key="train-dataset").value == name
    page.switch_page("pages/lab/home.py").run()
    delete(dataset_info(name))
    page.switch_page("pages/lab/train.py").run()
    assert not page.exception and not page.error
    assert page.selectbox(key="train-dataset").value == "strokes"


def test_another_dataset_by_the_same_name_is_traced_anew(runs: RunStore, tmp_path: Path) -> None:
    """What was computed for a name must not outlive it."""
    path = tmp_path / "mine.zip"
    path.write_bytes(class_folders(test=2))
    first = import_images(path, ImageOptions(24, 3), "mine")
    small = sum(row.params for row in rows_of(RunSpec(first.name, preset("net"))))
    delete(first)
    second = import_images(path, ImageOptions(48, 3), "mine")
    assert sum(row.params for row in rows_of(RunSpec(second.name, preset("net")))) > small
    assert load_dataset(second.name).shape == (3, 48, 48)
