"""The views "Why wrong?" and "Your drawings" of the Draw page: what they show is what the engine finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets_page import component
from runs_kit import until
from streamlit.testing.v1 import AppTest

from nnlab.data import load_dataset
from nnlab.data.own_images import saved_names
from nnlab.drawing import drawing_for, drawing_to_image, image_logits, shipped_model
from nnlab.drawing.changes import Inked
from nnlab.drawing.flips import find_flips
from nnlab.drawing.keeping import archive_of, kept, make_dataset
from nnlab.drawing.own import OwnSet
from nnlab.drawing.own_drawing import OwnDrawing
from nnlab.nets.presets import preset
from nnlab.runs import Run, RunStore
from nnlab.training.evaluate import evaluate
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.training.start import digest
from nnlab.ui.draw import why_measuring
from nnlab.ui.draw.why_cards import change_text
from nnlab.ui.store import run_store

APP = Path(__file__).parents[1] / "app.py"
# x, y, ... in tenths of a pixel, as the pad tells its strokes
SEVEN = [[900, 800, 1900, 800, 1700, 1300, 1250, 2200]]
POINTS = [np.array(SEVEN[0], np.float32).reshape(-1, 2) / 10]


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Data, runs and cache of the test's own; without MNIST, the built-in strokes are the test images."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(why_measuring, "cache_root", lambda: tmp_path / "cache")
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))
    run_store.cache_clear()
    why_measuring._asked.clear()
    yield
    run_store.cache_clear()
    why_measuring._asked.clear()


@pytest.fixture
def taught(places: None) -> Run:
    """A network that tells a few drawings of ones and sevens apart."""
    ones = [OwnDrawing("1", ((140 + x, 60, 140, 220),)) for x in range(0, 50, 5)]
    sevens = [OwnDrawing("7", ((90 + x, 80, 190, 80 + x, 125, 220),)) for x in range(0, 20, 2)]
    info = make_dataset(OwnSet((*ones, *sevens)), "mine")
    recipe = Recipe(batch_size=8, epochs=20, lr=1e-3)
    return RunStore().train_here(RunSpec(info.name, preset("logistic"), recipe))


def opened(view: str, strokes: list[list[int]] | None = SEVEN, **query: str) -> AppTest:
    """The Draw page with that view open, and a drawing on its pad."""
    page = AppTest.from_file(str(APP), default_timeout=120).run()
    if strokes:
        page.session_state["pad:drawing"] = {"seq": 1, "strokes": strokes, "times": [[0, 20, 30, 40]]}
    page.switch_page("pages/lab/draw.py")
    page.query_params["part"] = view
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def texts(page: AppTest) -> str:
    """All that is said on the page."""
    said = [
        block.value
        for kind in ("markdown", "caption", "info", "warning", "error")
        for block in page.get(kind)
    ]
    return "\n".join([*said, *(block.proto.body for block in page.get("html"))])


def say_what_it_is(page: AppTest, place: str) -> None:
    (control,) = [one for one in page.segmented_control if str(one.key).startswith("why-right-")]
    control.set_value(place).run()
    assert not page.exception


def name_in_url(page: AppTest) -> str:
    return in_url(page, "own")


def in_url(page: AppTest, name: str) -> str:
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


def test_what_is_taken_for_no_digit_is_told_so() -> None:
    page = opened("why", [[800, 300, 800, 2500], [2000, 300, 850, 1400, 2000, 2500]])  # a K
    say_what_it_is(page, "4")
    assert "It takes this for no digit" in texts(page)
    page = opened("why")
    say_what_it_is(page, "4")
    assert "It takes this for no digit" not in texts(page)


def test_one_click_shows_the_smallest_changes_of_the_engine(taught: Run) -> None:
    page = opened("why", run=taught.id)
    assert "Say what it really is" in texts(page)
    say_what_it_is(page, "0")  # a 1
    wanted = find_flips(taught.load_model(), Inked(POINTS), 0)
    told, said = texts(page), wanted.said
    assert f"It says {'17'[said]} with {float(wanted.probabilities[said]):.1%}" in told
    flipped = [flip for flip in wanted.found if flip.change is not None]
    assert len(flipped) > 0 and told.count("<figure") == 1 + len(flipped)
    assert ("No such change within" in told) == (len(flipped) < 5)
    for flip in flipped:
        assert change_text(flip.kind.name, flip.change) in told
        assert f"says {'17'[flip.answer]} · {flip.probability:.1%}" in told
    assert f"{sum(flip.tried for flip in wanted.found)} changed drawings were tried" in told


def test_the_matrix_is_that_of_the_test_images_and_marks_the_drawing(taught: Run, tmp_path: Path) -> None:
    page = opened("why", run=taught.id)
    say_what_it_is(page, "0")  # a 1
    asked = why_measuring.examination(why_measuring.examined(taught))
    asked.wait(300)
    assert asked.problem is None and asked.found is not None
    page.run()
    data, model = load_dataset(taught.spec.dataset), taught.load_model()
    matrix = torch.zeros(2, 2, dtype=torch.int64)
    for image, label in zip(data.test.images, data.test.labels, strict=True):
        matrix[label, image_logits(model, image[None]).argmax()] += 1
    told = texts(page)
    right = int(matrix.diagonal().sum()) / len(data.test)
    assert f"the {len(data.test)} test images of mine" in told and f"{right:.2%} are right" in told
    cells = re.findall(r"<td class=\"([^\"]*)\"[^>]*>([\d,]+)</td>", told)
    assert torch.equal(torch.tensor([int(count) for _, count in cells]).view(2, 2), matrix)
    said = int(image_logits(model, drawing_for(model, drawing_to_image(POINTS))).argmax())
    assert ["here" in kinds for kinds, _ in cells] == [place == said for place in range(4)]
    # Another server finds what this one has left on the disk.
    assert len(list((tmp_path / "cache" / "confusions").iterdir())) == 1
    why_measuring._asked.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(why_measuring, "Program", None)
        again = why_measuring.examination(why_measuring.examined(taught))
        again.wait(300)
    assert again.found is not None and torch.equal(again.found.answers, asked.found.answers)


def test_the_network_of_the_package_is_asked_about_what_there_is() -> None:
    assert why_measuring.examined(None).dataset == "strokes"  # here is no MNIST
    assert why_measuring.examined(None).weights == digest(shipped_model().state_dict())


def test_a_drawing_is_kept_with_its_strokes_relabelled_taken_out_and_back() -> None:
    page = opened("own")
    page.button(key="own-keep-4").click().run()
    drawings = kept(name_in_url(page))
    one = drawings.drawings[0]
    assert one.label == "4" and one.strokes == ((90, 80, 190, 80, 170, 130, 125, 220),)
    assert one.times == ((0, 20, 30, 40),) and torch.equal(one.image(), drawing_to_image(POINTS))
    page.button(key="own-keep-7").click().run()
    assert kept(name_in_url(page)).labels == ["4", "7"]
    page.session_state["own-grid"] = {"selected": 0}
    page.run()
    page.selectbox(key="own-label").set_value("9").run()
    assert [d.label for d in kept(name_in_url(page)).drawings] == ["9", "7"]
    page.button(key="own-remove").click().run()
    assert [d.label for d in kept(name_in_url(page)).drawings] == ["7"]
    for labels in (["9", "7"], ["4", "7"], ["4"]):
        page.button(key="own-undo").click().run()
        assert [d.label for d in kept(name_in_url(page)).drawings] == labels
    page.button(key="own-undo").click().run()
    assert "own" not in page.query_params and not page.exception
    assert "own-undo" not in {button.key for button in page.button}


def test_a_link_shows_the_set_and_a_dead_one_says_so() -> None:
    page = opened("own")
    page.button(key="own-keep-4").click().run()
    name = name_in_url(page)
    other = opened("own", strokes=None, own=name)
    header, _ = component(other, "own-grid")
    assert header["captions"] == ["4"] and "one click keeps it here" in texts(other)
    gone = opened("own", own="~" + "0" * 20)
    assert "not here any more" in gone.warning[0].value and "own" not in gone.query_params


def test_a_zip_is_taken_in_all_of_it_or_nothing() -> None:
    page = opened("own", strokes=None)
    drawings = OwnSet(
        (OwnDrawing("3", ((90, 80, 190, 80, 125, 220),)), OwnDrawing("5", ((140, 60, 140, 220),)))
    )
    page.file_uploader[0].set_value(("drawings.zip", archive_of(drawings), "application/zip")).run()
    assert kept(name_in_url(page)) == drawings and not page.error
    page.file_uploader[0].set_value(("broken.zip", b"PK nonsense", "application/zip")).run()
    assert "This zip is damaged" in page.error[0].value and kept(name_in_url(page)) == drawings


def test_a_label_that_is_none_is_refused_in_a_sentence() -> None:
    page = opened("own")
    page.button(key="own-keep-other").click().run()
    assert "cannot be what a drawing shows" in page.error[0].value and "own" not in page.query_params


def drawn_set() -> OwnSet:
    """Sevens that somebody calls ones, and real ones."""
    sevens = [OwnDrawing("1", ((90 + x, 80, 190, 80 + x, 170, 130, 125, 220),)) for x in (0, 6, 12)]
    return OwnSet(
        (
            *sevens,
            OwnDrawing("7", ((92, 80, 190, 84, 125, 220),)),
            OwnDrawing("7", ((80, 80, 190, 84, 105, 220),)),
        )
    )


def test_they_become_a_dataset() -> None:
    page = opened("own", strokes=None)
    page.file_uploader[0].set_value(("d.zip", archive_of(drawn_set()), "application/zip")).run()
    page.text_input(key="own-name").set_value("my ones").run()
    page.button(key="own-make").click().run()
    page.session_state["own:making"].wait(120)
    page.run()
    assert "The dataset my ones is made" in texts(page) and "images/my ones" in saved_names()
    assert load_dataset("images/my ones").classes == ("1", "7")
    page.button(key="own-make").click().run()
    page.session_state["own:making"].wait(120)
    page.run()
    assert any("already pictures saved" in error.value for error in page.error)


def test_fine_tuning_is_a_run_whose_before_and_after_are_measured(taught: Run) -> None:
    page = opened("own", run=taught.id)
    page.file_uploader[0].set_value(("d.zip", archive_of(drawn_set()), "application/zip")).run()
    for slider, value in ((page.slider[0], 100), (page.slider[1], 0)):
        slider.set_value(value).run()
    assert "5 × 100 + 0 = 500 images, 16 steps" in texts(page)
    page.button(key="own-tune").click().run()
    assert not page.error and not page.exception
    run = RunStore().open(in_url(page, "tuned"))
    until(lambda: run.status.has_ended, f"the end of {run.id}, which is {run.state}")
    assert run.state == "finished", run.status.problem
    for step in (0, None):
        why_measuring.examination(why_measuring.examined(run, step)).wait(300)
    page.run()
    _check_table(texts(page), taught, run)
    assert "fine-tuned" not in texts(page)
    page.button(key="own-use").click().run()
    assert (
        in_url(page, "run") == run.id
        and "logistic, fine-tuned" in page.selectbox(key="draw-network-1").options[1]
    )


def _check_table(told: str, before: Run, run: Run) -> None:
    data, own = load_dataset(before.spec.dataset), drawn_set()
    rows = {
        name: rest
        for name, *rest in re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', told)
    }
    for column, model in enumerate((before.load_model(), run.load_model())):
        info = model.info
        assert info.mean == before.load_model().info.mean
        split, left_out = own.split(model)
        assert split is not None and not left_out
        tested = evaluate(model, data.test, info.mean, info.std).accuracy
        assert rows[f"{len(data.test)} test images of mine"][column] == f"{tested:.2%}"
        learned = evaluate(model, split, info.mean, info.std).accuracy
        assert rows["Your drawings that it has learned (5)"][column] == f"{learned:.2%}"
        image = drawing_for(model, drawing_to_image(POINTS))
        probabilities = image_logits(model, image).softmax(0)
        best = int(probabilities.argmax())
        assert rows["This drawing"][column] == f"{info.classes[best]} · {float(probabilities[best]):.1%}"
    assert {"1", "7"} < set(rows)


def test_other_views_are_told_of_nothing_by_nonsense_in_the_url() -> None:
    page = opened("own", tuned="nosuchrun", repeat="-5", rate="fast", own="../../x")
    told = [warning.value for warning in page.warning]
    assert any("nosuchrun" in text or "not here any more" in text for text in told)
    assert not page.exception
