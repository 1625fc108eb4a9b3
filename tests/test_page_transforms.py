"""Transforms on the Datasets page: what it shows is torchvision's, its URL is its state, its code runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets_page import show
from published import write_dataset
from streamlit.testing.v1 import AppTest
from torchvision.transforms import v2
from torchvision.transforms.functional import to_pil_image

from nnlab.data import Dataset, load_dataset
from nnlab.transforms import PRESETS, TRANSFORMS, Pipeline, Step, as_tensor, starting_options
from nnlab.ui.datasets import fetching
from nnlab.ui.datasets.browse.samples import draw_indices
from nnlab.ui.datasets.transforms import edits

_USUAL = "to_image;to_float;normalise:mean=0.4995,std=0.2899"
_APP = Path(__file__).parents[1] / "app.py"


@pytest.fixture
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A small MNIST of noise, in a data root of its own."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    monkeypatch.setattr(fetching, "_fetches", {})
    write_dataset("mnist", tmp_path, monkeypatch)
    return load_dataset("mnist")


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    monkeypatch.setattr(fetching, "_fetches", {})
    write_dataset("cifar10", tmp_path, monkeypatch)
    return load_dataset("cifar10")


def part(dataset: str = "mnist", **query: object) -> AppTest:
    page = show(part="transforms", dataset=dataset, **query)
    assert not page.exception, page.exception
    return page


def cards(page: AppTest) -> list[dict[str, str]]:
    """The numbers beside each stage."""
    blocks = [block.proto.body for block in page.get("html") if "nnlab-numbers" in block.proto.body]
    return [dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", block)) for block in blocks]


def built(page: AppTest) -> str:
    """What the URL says is built."""
    return page.query_params.get("transforms", "to_image;to_float")


def test_every_stage_has_torchvisions_numbers(mnist: Dataset) -> None:
    text = "affine:interpolation=bilinear;to_image;to_float;normalise:mean=0.1307,std=0.3081"
    page = part(transforms=text, image=7, seed=5)
    torch.manual_seed(5)
    value: Any = to_pil_image(mnist.train.images[7])
    found = cards(page)
    assert len(found) == 5
    steps: list[Any] = [
        None,
        v2.RandomAffine(10, (0.1, 0.1), (0.9, 1.1), interpolation=v2.InterpolationMode.BILINEAR),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.1307], [0.3081]),
    ]
    for told, step, kind in zip(found, steps, ["PIL L", "PIL L", "uint8", "float32", "float32"], strict=True):
        value = step(value) if step else value
        exact = as_tensor(value).double()
        assert told["type"] == kind
        assert told["shape"] == ("28×28" if kind == "PIL L" else "1×28×28")
        digits = 3 if kind == "float32" else 2
        assert told["mean"] == f"{float(exact.mean()):.{digits}f}"
        assert told["std"] == f"{float(exact.std(correction=0)):.{digits}f}"
        assert float(told["max"]) == pytest.approx(float(exact.max()), abs=6e-4)
    table = page.dataframe[-1].value
    assert table["type"].tolist() == [told["type"] for told in found]
    assert table["mean"].tolist() == [told["mean"] for told in found]


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
@pytest.mark.parametrize("preset", PRESETS)
def test_the_code_gives_the_tensors_on_the_screen(
    preset: str, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    write_dataset(dataset, tmp_path, monkeypatch)
    data = load_dataset(dataset)
    pipeline = Pipeline((*PRESETS[preset](data).steps, Step("invert", {}, False)), one_hot=True)
    page = part(dataset, transforms=pipeline.to_text(), image=11, seed=3, show="code")
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(page.code[-1].value, space)
    picture = to_pil_image(data.train.images[11])
    assert torch.equal(space["image"], pipeline.apply(picture, 3))
    label = int(data.train.labels[11])
    assert torch.equal(space["label"], torch.nn.functional.one_hot(torch.tensor(label), 10).float())
    assert torch.equal(
        torch.stack(space["repeats"]), torch.stack(pipeline.under_seeds(picture, range(3, 19)))
    )
    drawn = draw_indices(data.train.labels, None, 16, 3)
    pictures = [to_pil_image(data.train.images[i]) for i in drawn.tolist()]
    assert torch.equal(torch.stack(space["samples"]), torch.stack(pipeline.apply_all(pictures, 3)))
    told = cards(page)[-1]
    assert told["mean"] == f"{float(space['image'].double().mean()):.3f}"


@pytest.mark.parametrize("text", ["", "rotation", "to_image"])
def test_the_code_of_pipelines_that_end_before_floats(text: str, mnist: Dataset) -> None:
    page = part(transforms=text, show="code", seed=2)
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(page.code[-1].value, space)
    expected = Pipeline.from_text(text).apply(to_pil_image(mnist.train.images[0]), 2)
    assert type(space["image"]) is type(expected)
    assert torch.equal(as_tensor(space["image"]), as_tensor(expected))


def test_grids_before_and_after(mnist: Dataset) -> None:
    page = part(transforms=_USUAL, seed=4)
    drawn = draw_indices(mnist.train.labels, None, 16, 4)
    told = [
        dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", block.proto.body))
        for block in page.get("html")
        if "nnlab-facts" in block.proto.body
    ][-2:]
    before = mnist.train.images[drawn].double()
    after = ((mnist.train.images[drawn] / 255 - 0.4995) / 0.2899).double()
    assert told[0]["shape"] == told[1]["shape"] == "16 × 1 × 28 × 28"
    assert [told[0]["type"], told[1]["type"]] == ["PIL", "torch.float32"]
    for numbers, values in zip(told, (before, after), strict=True):
        assert float(numbers["mean"]) == pytest.approx(float(values.mean()), abs=6e-4)
        assert float(numbers["std"]) == pytest.approx(float(values.std(correction=0)), abs=6e-4)


def test_building_step_by_step(mnist: Dataset) -> None:
    page = part()
    assert "transforms" not in page.query_params
    page.selectbox(key="transforms-add").select("rotation").run()
    assert built(page) == "rotation;to_image;to_float"
    page.selectbox(key="transforms-add").select("erasing").run()
    assert built(page) == "rotation;to_image;to_float;erasing"
    page.button(key="transforms-normalise").click().run()
    own = starting_options("normalise", mnist.shape, mnist.mean, mnist.std)
    last = f"normalise:mean={own['mean'][0]},std={own['std'][0]}"
    assert built(page) == f"rotation;to_image;to_float;erasing;{last}"
    page.button(key="transforms-tool-down-0").click().run()
    assert built(page) == f"to_image;rotation;to_float;erasing;{last}"
    page.button(key="transforms-tool-up-3").click().run()
    assert built(page) == f"to_image;rotation;erasing;to_float;{last}"
    page.button(key="transforms-tool-remove-2").click().run()
    page.checkbox(key="transforms-enabled-1").uncheck().run()
    assert built(page) == f"to_image;!rotation;to_float;{last}"
    assert [told["type"] for told in cards(page)] == ["PIL L", "uint8", "float32", "float32"]
    assert page.button(key="transforms-tool-up-0").disabled
    assert page.button(key="transforms-tool-down-3").disabled
    page.button(key="transforms-preset-plain").click().run()
    assert built(page) == "to_image;to_float" and "transforms" not in page.query_params
    assert not page.error and not page.exception


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_step_has_a_form_that_sets_it(name: str, cifar: Dataset) -> None:
    before = "to_image;to_float;" if TRANSFORMS[name].place == "floats" else ""
    if name == "to_float":
        before = "to_image;"
    place = before.count(";")
    options = starting_options(name, cifar.shape, cifar.mean, cifar.std)
    text = before + Pipeline((Step(name, options).tidy(),)).to_text()
    page = part("cifar10", transforms=text, show="label")
    page.session_state[f"transforms-settings-{place}"] = True
    page.run()
    widgets = {w.key: w for w in (*page.number_input, *page.selectbox, *page.toggle)}
    for field in TRANSFORMS[name].fields:
        key = f"transforms-{place}-{name}-{field.name}"
        complete = Pipeline.from_text(built(page)).steps[place].complete
        match field.kind:
            case "toggle":
                widgets[key].set_value(not complete[field.name]).run()
                expected: Any = not complete[field.name]
            case "choice":
                expected = next(c for c in field.choices if c != complete[field.name])
                widgets[key].select(expected).run()
            case "whole":
                expected = complete[field.name] + field.step
                widgets[key].set_value(expected).run()
            case "number":
                expected = field.low if complete[field.name] != field.low else field.high
                widgets[key].set_value(float(expected)).run()
            case _:
                low = complete[field.name][0]
                expected = (low * 0.5 + 0.01, *complete[field.name][1:])
                widgets[f"{key}-0"].set_value(expected[0]).run()
        assert not page.exception
        assert Pipeline.from_text(built(page)).steps[place].complete[field.name] == expected
        widgets = {w.key: w for w in (*page.number_input, *page.selectbox, *page.toggle)}


def test_the_url_is_the_state(mnist: Dataset) -> None:
    text = "rotation:degrees=5;to_image;!to_float;one_hot"
    page = part(transforms=text, image=3, seed=9, show="label")
    assert page.number_input(key="transforms-image").value == 3
    assert page.number_input(key="transforms-seed").value == 9
    assert page.toggle(key="transforms-one-hot").value is True
    vector = page.dataframe[-1].value["Value"].tolist()
    assert vector.index(1) == int(mnist.train.labels[3]) and sum(vector) == 1
    page.button(key="transforms-again").click().run()
    page.number_input(key="transforms-image").set_value(5).run()
    page.toggle(key="transforms-one-hot").set_value(False).run()
    assert page.query_params == {
        "part": "transforms", "dataset": "mnist", "transforms": "rotation:degrees=5;to_image;!to_float",
        "image": "5", "seed": "10", "show": "label",
    }  # fmt: skip
    page.segmented_control(key="datasets-part").set_value("browse").run()
    page.query_params.pop("transforms", None)  # as after a visit to another page
    page.segmented_control(key="datasets-part").set_value("transforms").run()
    assert built(page) == "rotation:degrees=5;to_image;!to_float"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"transforms": "rotaton"}, "There is no transform 'rotaton'; did you mean rotation?"),
        ({"transforms": "rotation:degrees=<b>"}, "it should lie in 0 to 180"),
        ({"transforms": "x" * 5000}, "at most 4000"),
        ({"image": "60"}, "`image=60`"),
        ({"seed": "-1"}, "`seed=-1`"),
        ({"show": "all"}, "`show=all`"),
    ],
)
def test_nonsense_in_the_url_gets_one_sentence(query: dict[str, str], words: str, mnist: Dataset) -> None:
    page = part(**query)
    assert [words in warning.value for warning in page.warning] == [True]
    assert len(cards(page)) == 3


@pytest.mark.parametrize("shown", ["samples", "seeds", "normalisation", "label", "code"])
def test_a_pipeline_that_cannot_work_says_so_in_one_sentence(shown: str, mnist: Dataset) -> None:
    page = part(transforms="rotation;normalise;to_image", show=shown)
    assert [error.value for error in page.error] == [
        "Step 2, Normalise: it works on float tensors, but a PIL image reaches it. Put ToImage and ToDtype "
        "before it."
    ]
    assert len(cards(page)) == 2
    assert page.button(key="transforms-send").disabled


def test_right_and_wrong_normalisation(mnist: Dataset) -> None:
    page = part(show="normalisation")
    values = mnist.train.images[:500].double() / 255
    for wrong, scale in (("unscaled", 255.0), ("twice", None)):
        page.selectbox(key="transforms-wrong").select(wrong).run()
        assert not page.exception
        table = page.dataframe[-1].value
        own = starting_options("normalise", mnist.shape, mnist.mean, mnist.std)
        mean, std = own["mean"][0], own["std"][0]
        right = (values - mean) / std
        bad = (values * scale - mean) / std if scale else (right - mean) / std
        for row, expected in enumerate((values, right, bad)):
            assert table["mean"][row] == pytest.approx(float(expected.mean()), rel=1e-4, abs=1e-5)
            assert table["std"][row] == pytest.approx(float(expected.std(correction=0)), rel=1e-4)
    assert len(page.get("plotly_chart")) == 3


def test_the_first_losses_are_plain_pytorchs() -> None:
    from nnlab.training.first_steps import first_losses

    images, labels = torch.randn(20, 1, 4, 4), torch.arange(20) % 5
    torch.manual_seed(0)
    model = torch.nn.Linear(16, 5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    expected = []
    for _ in range(7):
        loss = torch.nn.functional.cross_entropy(model(images.flatten(1)), labels)
        expected.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert first_losses(images, labels, 5, steps=6) == pytest.approx(expected, abs=1e-6)


def test_sending_to_training(mnist: Dataset) -> None:
    page = part(transforms=f"random_crop:size=28;{_USUAL}")
    button = page.button(key="transforms-send")
    assert not button.disabled and not page.error
    page.session_state["train-code"] = True
    button.click().run()
    assert not page.exception
    assert page.title[0].value == "Train"
    train_transforms(page, "random_crop:size=28")


def train_page(**query: str) -> AppTest:
    page = AppTest.from_file(str(_APP), default_timeout=60).run()
    page.switch_page("pages/lab/train.py")
    for name, value in query.items():
        page.query_params[name] = value
    page.session_state["train-code"] = True
    page.run()
    assert not page.exception
    return page


def train_transforms(page: AppTest, text: str) -> None:
    """The Train page says it, holds it in its URL, and its code has it."""
    assert page.query_params["transforms"] == text
    kind = Pipeline.from_text(text).steps[0].entry.torch
    assert any(f"`{kind}`" in caption.value for caption in page.caption)
    assert f"transforms=nnlab.Pipeline.from_text({text!r})," in page.code[-1].value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("to_image;to_float", "only convert and normalise"),
        ("resize:size=20;to_image", "draws something at random"),
        ("rotation;resize:size=20;to_image", "makes 1 x 20 x 20 of 1 x 28 x 28"),
        ("rotation;to_image;to_float;normalise", "but test images are normalised with those of the dataset"),
    ],
)
def test_what_training_cannot_take_is_not_sent(text: str, words: str, mnist: Dataset) -> None:
    page = part(transforms=text)
    assert page.button(key="transforms-send").disabled
    assert any(words in caption.value for caption in page.caption)


@pytest.mark.parametrize(
    ("text", "words"),
    [("resize:size=20;rotation", "makes 1 x 20 x 20"), ("rotatio", "did you mean rotation?")],
)
def test_bad_transforms_in_the_url_of_the_train_page(text: str, words: str, mnist: Dataset) -> None:
    page = train_page(dataset="mnist", transforms=text)
    assert any(words in block.value for block in (*page.error, *page.warning))


def test_the_train_page_can_do_without_them_again(mnist: Dataset) -> None:
    page = train_page(dataset="mnist", batch="32", transforms="rotation:degrees=5")
    train_transforms(page, "rotation:degrees=5")
    page.button(key="train-transforms-remove").click().run()
    assert "transforms" not in page.query_params
    assert "transforms=" not in page.code[-1].value
    assert not page.exception


def test_code_of_the_train_page_trains_with_them(mnist: Dataset) -> None:
    page = train_page(dataset="mnist", model="net", batch="32", epochs="1", transforms="rotation:degrees=5")
    train_transforms(page, "rotation:degrees=5")
    space: dict[str, Any] = {}
    exec(page.code[-1].value, space)
    assert space["spec"].recipe.transforms.to_text() == "rotation:degrees=5"
    assert space["event"].kind == "finished"


def test_adding_finds_the_usual_place(mnist: Dataset) -> None:
    def after(text: str, name: str) -> list[str]:
        return [step.kind for step in edits.added(Pipeline.from_text(text), name, mnist).steps]

    assert after("", "rotation") == ["rotation"]
    assert after("to_image;to_float", "pad") == ["pad", "to_image", "to_float"]
    assert after("rotation;normalise", "to_image") == ["rotation", "to_image", "normalise"]
    assert after("to_image;normalise", "to_float") == ["to_image", "to_float", "normalise"]
    assert after("to_image;to_float;normalise", "erasing") == ["to_image", "to_float", "erasing", "normalise"]
    usual = edits.normalised(Pipeline.from_text("normalise;!to_image;rotation"), mnist)
    assert [step.kind for step in usual.active] == ["to_image", "rotation", "to_float", "normalise"]
    usual.trace(to_pil_image(mnist.train.images[0]))


def test_in_korean(mnist: Dataset) -> None:
    page = part(lang="ko", transforms=_USUAL)
    assert re.search("[가-힣]", page.button(key="transforms-again").label)
    assert all(re.search("[가-힣]", box.label) for box in page.checkbox)


@pytest.mark.browser
def test_in_a_browser(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(f"{lab}/datasets?part=transforms&dataset=strokes")
    stages = page.locator("[class*=st-key-transforms-stage-]")
    expect(stages).to_have_count(3, timeout=60_000)  # the built-in dataset may have to be written first
    page.get_by_role("button", name="Start from").click()
    page.get_by_role("button", name="Augmentation for digits").click()
    expect(stages).to_have_count(5)
    page.keyboard.press("Escape")

    # By keyboard alone: the settings open, a number is set, the step moves down.
    page.get_by_role("button", name="Settings of Affine").focus()
    page.keyboard.press("Enter")
    degrees = page.get_by_role("spinbutton", name="degrees")
    degrees.fill("30")
    degrees.press("Enter")
    expect(page).to_have_url(re.compile("degrees%3D30"))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Move Affine down").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("transforms=to_image%3Baffine"))

    # The last picture is signed: its value under the pointer is the float of the tensor.
    last = stages.last
    canvas = last.locator("canvas").first
    expect(canvas).to_have_attribute("data-version", re.compile(r"\d"))
    canvas.hover(position={"x": 5, "y": 5})
    expect(last.get_by_text(re.compile(r"^\[0, \d+, \d+\] = [-−]\d\.\d+"))).to_be_visible()

    page.get_by_role("button", name="Again").click()
    expect(page).to_have_url(re.compile("seed=1"))
    page.set_viewport_size({"width": 390, "height": 844})
    expect(stages.first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Train with it").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(page.get_by_text("Each training image goes through").first).to_be_visible()
    expect(page).to_have_url(re.compile("transforms=to_image%3Baffine"))
