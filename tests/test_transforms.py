"""Transforms: every entry of the registry is torchvision's, and what cannot work is told in a sentence."""

from __future__ import annotations

import json
import random
import string
from typing import Any

import PIL.Image
import pytest
import torch
from helpers import random_dataset
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.functional import to_pil_image

from nnlab.errors import LabError
from nnlab.transforms import (
    PRESETS,
    TRANSFORMS,
    Pipeline,
    Step,
    as_tensor,
    numbers,
    one_hot,
    one_hot_code,
    pipeline,
    starting_options,
    to_picture,
)
from nnlab.transforms.checks import MAX_VALUES
from nnlab.transforms.fields import Field
from nnlab.transforms.pipeline import MAX_STEPS
from nnlab.transforms.text import MAX_LENGTH

GREY, COLOUR = (1, 28, 28), (3, 32, 32)
# The steps that bring a PIL image to each type; an entry is tried on all three.
BEFORE = {"PIL image": "", "uint8": "to_image;", "float32": "to_image;to_float;"}


def image(shape: tuple[int, int, int], seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator).to(torch.uint8)


def same(a: Any, b: Any) -> bool:
    """Also of the same type, and a PIL image of the same mode."""
    if isinstance(a, PIL.Image.Image) or isinstance(b, PIL.Image.Image):
        return type(a) is type(b) and a.mode == b.mode and torch.equal(as_tensor(a), as_tensor(b))
    return a.dtype == b.dtype and torch.equal(a, b)


# What torchvision is asked for directly, in its own words: by hand, not by the registry.
DIRECT: dict[str, tuple[dict[str, Any], v2.Transform]] = {
    "to_image": ({}, v2.ToImage()),
    "to_float": ({"scale": False}, v2.ToDtype(torch.float32, scale=False)),
    "normalise": ({"mean": (0.1307,), "std": (0.3081,)}, v2.Normalize([0.1307], [0.3081])),
    "resize": ({"size": 20, "interpolation": "nearest"},
               v2.Resize([20, 20], v2.InterpolationMode.NEAREST)),
    "pad": ({"padding": 3, "fill": 1, "padding_mode": "reflect"}, v2.Pad(3, 1, "reflect")),
    "center_crop": ({"size": 11}, v2.CenterCrop([11, 11])),
    "random_crop": ({"size": 26, "padding": 2, "fill": 1}, v2.RandomCrop(26, 2, fill=1)),
    "random_resized_crop": ({"size": 16, "scale": (0.5, 0.9), "ratio": (1, 1.5)},
                            v2.RandomResizedCrop(16, (0.5, 0.9), (1.0, 1.5))),
    "horizontal_flip": ({"p": 0.6}, v2.RandomHorizontalFlip(0.6)),
    "vertical_flip": ({"p": 0.6}, v2.RandomVerticalFlip(0.6)),
    "rotation": ({"degrees": 30, "interpolation": "bilinear", "fill": 1},
                 v2.RandomRotation(30, v2.InterpolationMode.BILINEAR, fill=1)),
    "affine": ({"degrees": 5, "translate": 0.2, "scale": (0.8, 1.2), "shear": 7},
               v2.RandomAffine(5, (0.2, 0.2), (0.8, 1.2), 7)),
    "perspective": ({"distortion_scale": 0.3, "p": 0.8}, v2.RandomPerspective(0.3, 0.8)),
    "elastic": ({"alpha": 30, "sigma": 2}, v2.ElasticTransform(30.0, 2.0)),
    "gaussian_blur": ({"kernel_size": 7, "sigma": (0.5, 3)}, v2.GaussianBlur(7, (0.5, 3.0))),
    "gaussian_noise": ({"mean": 0.1, "sigma": 0.3}, v2.GaussianNoise(0.1, 0.3)),
    "erasing": ({"p": 0.9, "scale": (0.1, 0.2), "ratio": (0.5, 2), "value": 1},
                v2.RandomErasing(0.9, (0.1, 0.2), (0.5, 2.0), 1)),
    "colour_jitter": ({"brightness": 0.3, "contrast": 0, "saturation": 0.5, "hue": 0.1},
                      v2.ColorJitter(0.3, None, 0.5, 0.1)),
    "greyscale": ({"num_output_channels": "3"}, v2.Grayscale(3)),
    "random_greyscale": ({"p": 0.5}, v2.RandomGrayscale(0.5)),
    "rgb": ({}, v2.RGB()),
    "invert": ({"p": 0.7}, v2.RandomInvert(0.7)),
    "posterise": ({"bits": 2, "p": 0.7}, v2.RandomPosterize(2, 0.7)),
    "solarise": ({"threshold": 0.5, "p": 0.7}, v2.RandomSolarize(0.5, 0.7)),
    "sharpness": ({"sharpness_factor": 3, "p": 0.7}, v2.RandomAdjustSharpness(3, 0.7)),
    "autocontrast": ({"p": 0.7}, v2.RandomAutocontrast(0.7)),
    "equalise": ({"p": 0.7}, v2.RandomEqualize(0.7)),
    "rand_augment": ({"num_ops": 3, "magnitude": 12}, v2.RandAugment(3, 12)),
    "trivial_augment": ({"interpolation": "bilinear"},
                        v2.TrivialAugmentWide(interpolation=v2.InterpolationMode.BILINEAR)),
}  # fmt: skip


@pytest.mark.parametrize("shape", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_entry_is_torchvisions(name: str, before: str, shape: tuple[int, int, int]) -> None:
    options, direct = DIRECT[name]
    built = Pipeline((*Pipeline.from_text(BEFORE[before]).steps, Step(name, options)))
    picture = to_pil_image(image(shape))
    for seed in range(4):
        stages, problem = built.look(picture, seed)
        if problem is not None:  # found by a check; torchvision must have a reason to be asked in vain
            assert name in ("to_float", "normalise", "gaussian_noise", "erasing")
            return
        torch.manual_seed(seed)
        expected = picture
        for step in built.steps[:-1]:
            expected = step.make()(expected)
        expected = direct(expected)
        assert same(stages[-1].value, expected)
        torch.manual_seed(seed)
        assert same(eval(f"v2.Compose([{', '.join(built.code())}])")(picture), expected)
        assert same(built.apply(picture, seed), expected)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_entry_as_it_is_usual_and_described(name: str) -> None:
    kind = TRANSFORMS[name]
    assert kind.title and kind.about
    built = Pipeline.from_text(f"to_image;to_float;{name}" if kind.place != "picture" else name)
    value = built.apply(to_pil_image(image(COLOUR)), 1)
    torch.manual_seed(1)
    assert same(value, eval(f"v2.Compose([{', '.join(built.code())}])")(to_pil_image(image(COLOUR))))
    # The defaults pass their own fields' checks.
    assert kind.options({}) == {f.name: f.clean(name, f.default) for f in kind.fields}
    # What is said to be random differs between seeds; what is not, does not.
    dim = to_pil_image(image(COLOUR) // 2 + 40)
    outcomes = [as_tensor(built.apply(dim, seed)) for seed in range(8)]
    assert any(not torch.equal(outcomes[0], other) for other in outcomes) == kind.random


def test_stages_are_the_values_between_the_steps() -> None:
    picture = to_pil_image(image(GREY))
    built = Pipeline.from_text("rotation;!invert:p=1;to_image;to_float;normalise:mean=0.5,std=0.25")
    stages = built.trace(picture, 3)
    assert [stage.number for stage in stages] == [0, 1, 3, 4, 5]
    assert [stage.numbers.type for stage in stages] == [
        "PIL image", "PIL image", "uint8", "float32", "float32",
    ]  # fmt: skip
    scaled, normalised = stages[-2].value, stages[-1].value
    assert torch.equal(normalised, (scaled - 0.5) / 0.25)
    told = stages[-1].numbers
    exact = normalised.double()
    assert told.shape == (1, 28, 28)
    assert (told.min, told.max) == (normalised.min(), normalised.max())
    assert told.mean == pytest.approx(exact.mean().item(), abs=1e-12)
    assert told.std == pytest.approx(exact.std(correction=0).item(), abs=1e-12)


def test_numbers_of_a_colour_picture() -> None:
    pixels = image((3, 5, 7))
    told = numbers(to_pil_image(pixels))
    assert (told.type, told.mode, told.shape) == ("PIL image", "RGB", (3, 5, 7))
    assert told.mean == pytest.approx(pixels.double().mean().item())
    assert torch.equal(as_tensor(to_pil_image(pixels)), pixels)


@pytest.mark.parametrize("shape", [GREY, COLOUR, (3, 5, 9)])
def test_pictures_are_those_of_torchvision(shape: tuple[int, int, int]) -> None:
    assert same(to_picture(image(shape)), to_pil_image(image(shape)))


def test_many_images_after_one_seed() -> None:
    pictures = [to_pil_image(image(COLOUR, seed)) for seed in range(5)]
    built = Pipeline.from_text("random_crop;horizontal_flip;to_image")
    torch.manual_seed(9)
    expected = [
        v2.Compose([v2.RandomCrop(32, 4), v2.RandomHorizontalFlip(), v2.ToImage()])(p) for p in pictures
    ]
    assert all(same(a, b) for a, b in zip(built.apply_all(pictures, 9), expected, strict=True))


def test_the_generator_of_others_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Pipeline.from_text("rotation;affine").apply(to_pil_image(image(GREY)), 1)
    assert torch.equal(torch.rand(3), expected)


SENTENCES = [
    (GREY, "normalise", "Step 1, Normalise: it works on float tensors, but a PIL image reaches it."),
    (GREY, "to_image;normalise", "Step 2, Normalise: it works on floats, but uint8 values from 0 to 255"),
    (GREY, "rotation;to_float", "Step 2, To float: it works on tensors, but a PIL image reaches it. Put"),
    (GREY, "erasing", "Step 1, Erase a rectangle: it works on tensors, but a PIL image"),
    (GREY, "gaussian_noise", "a PIL image reaches it. Put ToImage and ToDtype before it."),
    (GREY, "random_crop:size=40", "a crop of 40 does not fit the height of 28 + 2*4 = 36. Take at most 36"),
    (GREY, "to_image;to_float;normalise:mean=0.5/0.5/0.5,std=0.5",
     "mean has 3 values, one for each of 3 channels, but the image that reaches it has 1."),
    (COLOUR, "greyscale;to_image;to_float;normalise:mean=0.5,std=0.2/0.2/0.2",
     "Step 4, Normalise: std has 3 values"),
    (GREY, "to_image;pad:padding=40,padding_mode=reflect", "28 x 28 has only 27 to mirror"),
    (GREY, "elastic:sigma=9", "its window of 73 pixels reaches 36 beyond the edge, but an image of 28 x 28"),
    (GREY, "resize:size=8;gaussian_blur:kernel_size=31", "Step 2, Blur: its window of 31 pixels"),
    (GREY, "to_image;to_float;solarise:p=1", "Step 3, Solarise: the threshold is 128"),
    (GREY, ";".join(["pad:padding=256"] * 5), "Step 4, Pad: it would give 1 x 2076 x 2076 = 4,309,776 v"),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "text", "words"), SENTENCES)
def test_a_pipeline_that_cannot_work_says_which_step_and_why(
    shape: tuple[int, int, int], text: str, words: str
) -> None:
    built = Pipeline.from_text(text)
    with pytest.raises(LabError) as caught:
        built.trace(to_pil_image(image(shape)))
    assert words in str(caught.value)
    assert "{" not in str(caught.value)
    stages, problem = built.look(to_pil_image(image(shape)))
    assert str(problem) == str(caught.value)
    assert f"Step {stages[-1].number + 1}," in str(problem)
    with pytest.raises(LabError):
        built.apply_all([to_pil_image(image(shape))])


def test_the_checks_agree_with_torchvision() -> None:
    """Where a check refuses, torchvision raises, leaves a PIL image as it was, or adds channels."""
    for shape, text, _ in SENTENCES[:-1]:
        steps = Pipeline.from_text(text).steps
        value = before = to_pil_image(image(shape))
        try:
            for step in steps:
                before, value = value, step.make()(value)
        except (TypeError, ValueError, RuntimeError):
            continue
        if not isinstance(value, PIL.Image.Image):
            assert value.shape[0] != before.shape[0], text
        else:
            assert torch.equal(as_tensor(value), as_tensor(before)), text


NOTES = [
    (GREY, "to_image;to_image", "a tensor already"),
    (GREY, "to_image;to_float;to_float", "float32 already"),
    (GREY, "to_image;to_float:scale=false", "up to 255, as floats"),
    (GREY, "center_crop:size=40", "40 is more than 28 x 28: torchvision fills up with zeros."),
    (GREY, "to_image;to_float;rotation:fill=255", "white is 1 in floats"),
    (COLOUR, "to_image;to_float;normalise;colour_jitter", "run from -1.00 to 1.00"),
]


@pytest.mark.parametrize(("shape", "text", "words"), NOTES)
def test_what_is_odd_is_noted(shape: tuple[int, int, int], text: str, words: str) -> None:
    stages = Pipeline.from_text(text).trace(to_pil_image(image(shape)))
    assert words in str(stages[-1].note)
    assert all(stage.note is None for stage in stages[:-1])


def any_value(field: Field, draw: random.Random) -> Any:
    def number() -> float:
        return draw.choice([field.low, field.high, draw.uniform(field.low, field.high)])

    match field.kind:
        case "choice":
            return draw.choice(field.choices)
        case "toggle":
            return draw.random() < 0.5
        case "whole":
            return draw.randrange(int(field.low), int(min(field.high, 80)) + 1, field.step)
        case "number":
            return number()
        case "range":
            return tuple(sorted([number(), number()]))
    return tuple(number() for _ in range(draw.choice([1, 3])))


def any_step(draw: random.Random) -> Step:
    kind = draw.choice([*TRANSFORMS.values()])
    chosen = [field for field in kind.fields if draw.random() < 0.6]
    return Step(kind.name, {field.name: any_value(field, draw) for field in chosen}, draw.random() < 0.9)


@pytest.mark.parametrize("seed", range(12))
def test_random_pipelines_work_or_say_why(seed: int) -> None:
    draw = random.Random(seed)
    worked = 0
    for _ in range(25):
        built = Pipeline(tuple(any_step(draw) for _ in range(draw.randrange(1, 7)))).validate()
        shape = draw.choice([GREY, COLOUR, (1, 1, 1), (3, 2, 5)])
        stages, problem = built.look(to_pil_image(image(shape)), draw.randrange(1000))
        for stage in stages:
            values = as_tensor(stage.value)
            assert tuple(values.shape) == stage.numbers.shape and values.numel() <= MAX_VALUES
        worked += problem is None
        assert Pipeline.from_text(built.to_text()).to_text() == built.to_text()
        again = Pipeline.from_json(json.loads(json.dumps(built.to_json())))
        assert again == Pipeline.from_text(built.to_text())
        if problem is None:
            torch.manual_seed(7)
            expected = eval(f"v2.Compose([{', '.join(again.code())}])")(to_pil_image(image(shape)))
            found = again.apply(to_pil_image(image(shape)), 7)
            assert torch.equal(as_tensor(found).nan_to_num(), as_tensor(expected).nan_to_num())
    assert worked


@pytest.mark.parametrize("seed", range(5))
def test_nonsense_gets_a_sentence(seed: int) -> None:
    draw = random.Random(seed)
    good = "rotation:degrees=10,interpolation=bilinear;to_image;!to_float;normalise:mean=0.1/0.2/0.3;one_hot"
    for _ in range(400):
        letters = list(good)
        for _ in range(draw.randrange(1, 6)):
            place = draw.randrange(len(letters))
            letters[place : place + draw.randrange(3)] = draw.choices(
                string.printable + "한;:=,/!", k=draw.randrange(4)
            )
        try:
            built = Pipeline.from_text("".join(letters))
        except LabError as error:
            assert str(error)
        else:
            assert Pipeline.from_text(built.to_text()) == built


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rotate", "There is no transform 'rotate'; did you mean rotation?"),
        ("RandomErasing", "did you mean erasing?"),
        ("qqqqq", "there are: to_image, to_float"),
        ("rotation:angle=3", "rotation has no option 'angle'; it has: degrees, interpolation, fill."),
        ("to_image:x=1", "it has: none."),
        ("rotation:15", "'15' of rotation is not of the form option=value."),
        ("rotation:degrees=999", "degrees of rotation is 999.0; it should lie in 0 to 180."),
        ("rotation:degrees=nan", "degrees of rotation is nan; it should lie in 0 to 180."),
        ("rotation:degrees=x", "degrees of rotation is 'x'"),
        ("rotation:interpolation=best", "it should be one of: nearest, bilinear."),
        ("resize:size=2.5", "it should be a whole number from 1 to 512."),
        ("gaussian_blur:kernel_size=4", "it should be an odd number from 3 to 63."),
        ("gaussian_blur:sigma=2/1", "two numbers from 0.01 to 30, the smaller one first."),
        ("normalise:mean=1/2", "it should be one number from -255 to 255, or three"),
        ("normalise:std=0", "std of normalise is 0.0; it should be one number from 0.0001"),
        ("to_float:scale=1", "it should be true or false."),
        (";".join(["to_image"] * (MAX_STEPS + 1)), "has 21 steps; at most 20 are possible."),
        ("x" * (MAX_LENGTH + 1), "at most 4000 are possible."),
    ],
)  # fmt: skip
def test_bad_text_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(LabError) as caught:
        Pipeline.from_text(text)
    assert words in str(caught.value)


def test_text_leaves_out_what_is_usual() -> None:
    text = "rotation:interpolation=bilinear;to_image;!to_float;normalise:mean=0.1307,std=0.3081;one_hot"
    built = Pipeline.from_text(text.replace(":inter", ":degrees=15,inter"))
    assert built.to_text() == text
    assert built.one_hot and [step.enabled for step in built.steps] == [True, True, False, True]
    assert Pipeline().to_text() == "" and Pipeline.from_text("") == Pipeline() and not Pipeline()
    assert Pipeline().code() == ["v2.Identity()"]
    assert same(Pipeline().apply(to_pil_image(image(GREY))), to_pil_image(image(GREY)))


def test_code_is_what_one_writes_by_hand() -> None:
    text = "rotation:degrees=10;resize:size=32;to_image;to_float;normalise:mean=0.1307,std=0.3081;!invert"
    assert Pipeline.from_text(text).code() == [
        "v2.RandomRotation(degrees=10)",
        "v2.Resize(size=(32, 32))",
        "v2.ToImage()",
        "v2.ToDtype(dtype=torch.float32, scale=True)",
        "v2.Normalize(mean=[0.1307], std=[0.3081])",
    ]


@pytest.mark.parametrize("shape", [GREY, COLOUR])
@pytest.mark.parametrize("name", PRESETS)
def test_presets_suit_any_dataset(name: str, shape: tuple[int, int, int]) -> None:
    data = random_dataset(shape=shape)
    built = PRESETS[name](data)
    value = built.apply(to_pil_image(data.train.images[0]), 0)
    assert value.dtype == torch.float32 and value.shape == shape
    assert Pipeline.from_text(built.to_text()) == built
    built.for_training(data)


def test_a_new_step_suits_the_images() -> None:
    data = random_dataset(shape=COLOUR)
    assert starting_options("random_crop", data.shape, data.mean, data.std) == {"size": 32}
    assert starting_options("center_crop", data.shape, data.mean, data.std) == {"size": 24}
    own = starting_options("normalise", data.shape, data.mean, data.std)
    assert own["mean"] == pytest.approx(data.mean, abs=5e-5) and own["std"] == pytest.approx(
        data.std, abs=5e-5
    )


def test_one_hot_is_torchs() -> None:
    for label in range(10):
        expected = torch.nn.functional.one_hot(torch.tensor(label), 10).float()
        assert torch.equal(one_hot(label, 10), expected)
        assert torch.equal(eval(one_hot_code(10))(label), expected)


def test_a_pipeline_of_kinds() -> None:
    assert (
        pipeline("to_image", ("rotation", {"degrees": 15, "fill": 3})).to_text() == "to_image;rotation:fill=3"
    )
