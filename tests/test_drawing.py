"""From strokes to an answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from strangers import DIGITS, OTHERS, Hand, draw
from torchvision.transforms.functional import resize as torchvision_resize

import nnlab
from benchmarks.ship_digits import (
    HELD_OUT,
    SHIPPED,
    TEST_SEED,
    TRAINED,
    calibration_error,
    folded,
    ten_classes,
)
from nnlab.data import load_dataset
from nnlab.data.strokes import others
from nnlab.drawing import (
    digit_score,
    drawing_for,
    drawing_to_image,
    fill_image,
    logits_score,
    predict_drawing,
    predict_image,
    rasterize,
    shipped_facts,
    shipped_model,
)
from nnlab.drawing.shipped import WEIGHTS
from nnlab.errors import LabError
from nnlab.nets.presets import preset
from nnlab.training.batches import normalise
from nnlab.training.evaluate import evaluate
from nnlab.training.weights import TrainedModel, WeightsInfo

ONE = [np.array([[140.0, 40.0], [140.0, 240.0]])]
ZERO = [np.stack([140 + 60 * np.cos(t := np.linspace(0, 2 * np.pi, 60)), 140 + 90 * np.sin(t)], axis=1)]
SEVEN = [np.array([[70.0, 60.0], [210.0, 60.0], [120.0, 240.0]])]
FOUR = [np.array([[100.0, 40.0], [70.0, 150.0], [200.0, 150.0]]), np.array([[170.0, 60.0], [165.0, 250.0]])]


def trained(in_shape: tuple[int, int, int], mean: tuple[float, ...], std: tuple[float, ...]) -> TrainedModel:
    model = TrainedModel(*preset("net").build(in_shape, 10))
    model.info = WeightsInfo(0, preset("net"), in_shape, tuple("0123456789"), "some", mean, std)
    return model


@pytest.mark.parametrize(("digit", "strokes"), [(1, ONE), (0, ZERO), (7, SEVEN), (4, FOUR)])
def test_the_shipped_model_reads_plain_digits(digit: int, strokes: list[np.ndarray]) -> None:
    model = shipped_model()
    probabilities = predict_drawing(model, strokes, size=(280, 280))
    assert probabilities.shape == (10,)
    assert float(probabilities.sum()) == pytest.approx(1, abs=1e-5)
    assert int(probabilities.argmax()) == digit
    assert float(probabilities.max()) > 0.8


def test_place_size_and_canvas_do_not_matter() -> None:
    expected = drawing_to_image(FOUR, (280, 280))
    smaller = [stroke * 0.4 + [150, 20] for stroke in FOUR]
    assert torch.equal(drawing_to_image(smaller, (280, 280)), expected)
    larger = [stroke * 3 for stroke in FOUR]
    assert torch.equal(drawing_to_image(larger, (840, 840)), expected)


def test_a_trembling_dot_is_a_dot() -> None:
    dot = drawing_to_image([np.array([[100.0, 100.0]])])
    trembling = drawing_to_image([np.array([[100.0, 100.0], [101.5, 99.0], [100.4, 100.8]])])
    assert torch.equal(dot, trembling)
    wide = drawing_to_image([np.array([[100.0, 100.0], [160.0, 100.0]])])
    assert not torch.equal(dot, wide)


@pytest.mark.parametrize("nothing", [[], [np.zeros((0, 2))]])
def test_an_empty_canvas_gives_no_answer(nothing: list[np.ndarray]) -> None:
    with pytest.raises(LabError, match="Nothing is drawn"):
        predict_drawing(shipped_model(), nothing)


BAD_STROKES = {
    "not a number": ([np.array([[1.0, np.nan], [5.0, 5.0]])], "not finite"),
    "infinite": ([np.array([[1.0, np.inf], [5.0, 5.0]])], "not finite"),
    "three numbers a point": ([np.zeros((3, 3))], r"shape \(3, 3\)"),
    "a list of numbers": ([np.array([1.0, 2.0])], r"shape \(2,\)"),
    "words": ([[["a", "b"]]], "Stroke 0 is not an array of numbers"),
    "complex": ([np.array([[1j, 2], [3, 4]])], "Stroke 0 is not an array of numbers"),
    "nothing at all": (None, "should be a list of arrays"),
    "a sky of stars": ([np.array([[5.0, 5.0]])] * 10_001, "has 10,001 strokes; at most 10,000"),
    "ragged": ([ONE[0], [[1.0, 2.0], [3.0]]], "Stroke 1 is not an array of numbers"),
    "off the canvas": ([np.array([[900.0, 40.0]])], "on the canvas, which is 280 x 280"),
}


@pytest.mark.parametrize("read", [predict_drawing, digit_score])
@pytest.mark.parametrize("name", BAD_STROKES)
def test_bad_strokes_get_a_sentence(name: str, read: Callable[..., object]) -> None:
    strokes, sentence = BAD_STROKES[name]
    with pytest.raises(LabError, match=sentence):
        read(shipped_model(), strokes)


@pytest.mark.filterwarnings("error")
def test_strokes_may_come_as_any_array() -> None:
    """Reversed, read-only, of another byte order, learned: all are numbers."""
    frozen = FOUR[0].copy()
    frozen.flags.writeable = False
    four = FOUR[0]
    for first in (
        np.asfortranarray(four), frozen, four.astype(">f8"), four.astype(np.int16), four.tolist(),
        torch.tensor(four, requires_grad=True), torch.tensor(four, dtype=torch.bfloat16),
    ):  # fmt: skip
        assert torch.equal(rasterize([first, FOUR[1]]), rasterize(FOUR))
    backwards = rasterize([stroke[::-1] for stroke in FOUR])
    assert (backwards.int() - rasterize(FOUR).int()).abs().max() <= 1


def test_a_network_without_parameters_is_asked_all_the_same() -> None:
    class Means(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((1, 3))

    assert predict_drawing(Means(), FOUR).shape == (28,)


@pytest.mark.parametrize("size", [(0, 280), (280, -1), (280, float("nan")), (280,), 280, "large", None])
def test_a_canvas_without_a_size_gets_a_sentence(size: object) -> None:
    with pytest.raises(LabError, match="The canvas's size is"):
        rasterize(ONE, size)


def test_a_canvas_of_one_pixel_and_a_hundred_thousand_points_are_drawn() -> None:
    tiny = [stroke / 280 for stroke in FOUR]
    assert (rasterize(tiny, (1, 1)).int() - rasterize(FOUR, (280, 280)).int()).abs().max() <= 1
    angle = np.linspace(0, 2 * np.pi, 100_000)
    many = [np.stack([140 + 60 * np.cos(angle), 140 + 90 * np.sin(angle)], axis=1)]
    assert (rasterize(many).int() - rasterize(ZERO).int()).abs().max() <= 8
    assert int(predict_drawing(shipped_model(), many).argmax()) == 0


def test_a_pen_that_leaves_the_canvas_for_a_while_is_followed() -> None:
    beyond = [stroke + np.array([120.0, 0.0]) for stroke in FOUR]  # the right half lies beyond the edge
    assert torch.equal(rasterize(beyond), rasterize(FOUR))


def test_rasterize_is_the_image_that_the_network_sees() -> None:
    image = rasterize(FOUR, (280, 280))
    assert image.shape == (28, 28) and image.dtype == torch.uint8
    assert torch.equal(image[None, None], drawing_to_image(FOUR, (280, 280)))


def test_a_colour_network_gets_the_drawing_in_equal_channels() -> None:
    model = trained((3, 32, 48), (0.5, 0.4, 0.3), (0.2, 0.25, 0.3))
    image = drawing_for(model, drawing_to_image(SEVEN))
    assert image.shape == (1, 3, 32, 48) and image.dtype == torch.uint8
    plain = torchvision_resize(drawing_to_image(SEVEN), [32, 48], antialias=True)
    for channel in image[0]:
        assert (channel.int() - plain[0, 0].int()).abs().max() <= 1
        assert torch.equal(channel, image[0, 0])
    mean, std = (torch.tensor(values)[:, None, None] for values in (model.info.mean, model.info.std))
    with torch.no_grad():
        expected = model.eval()((image / 255 - mean) / std).softmax(1)[0]
    assert torch.allclose(predict_drawing(model, SEVEN), expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_of_dark_ink_on_light_paper_gets_the_drawing_like_that(channels: int) -> None:
    model = trained((channels, 28, 28), (0.9,) * channels, (0.2,) * channels)
    drawing = drawing_to_image(FOUR)
    assert torch.equal(drawing_for(model, drawing), (255 - drawing).expand(1, channels, 28, 28))
    dark = trained((channels, 28, 28), (0.5,) * channels, (0.2,) * channels)
    assert torch.equal(drawing_for(dark, drawing), drawing.expand(1, channels, 28, 28))


def test_a_network_that_tells_digits_on_paper_reads_a_drawing() -> None:
    """The shipped network, rebuilt to expect the negatives of its images, answers as itself."""
    shipped = shipped_model()
    negative = TrainedModel(OrderedDict([("negative", Negative()), *shipped.named_children()]))
    info = shipped.info
    negative.info = replace(info, mean=(1 - info.mean[0],))
    assert torch.allclose(predict_drawing(negative, SEVEN), predict_drawing(shipped, SEVEN), atol=1e-5)


class Negative(torch.nn.Module):
    """(1 - v - mean') / std -> (v - mean) / std, for mean' = 1 - mean."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return -x


def test_an_image_of_another_shape_is_refused() -> None:
    model = trained((3, 32, 32), (0.5,) * 3, (0.5,) * 3)
    with pytest.raises(LabError, match=r"\(3, 32, 32\), not \(1, 28, 28\)"):
        predict_image(model, drawing_to_image(ONE))


def test_probabilities_are_softmax_of_the_normalised_image() -> None:
    """For a model that says nothing of itself: 28x28, and the mean and std published for MNIST."""
    model = preset("lenet").build((1, 28, 28), 10, seed=1)
    image = drawing_to_image(SEVEN)
    with torch.no_grad():
        expected = model((image.float() / 255 - 0.1307) / 0.3081).softmax(1)[0]
    assert torch.allclose(predict_drawing(model, SEVEN), expected, atol=1e-6)
    assert model.training


def test_smaller_inputs_get_a_smaller_picture() -> None:
    model = trained((1, 16, 16), (0.2,), (0.3,))
    assert drawing_for(model, drawing_to_image(ZERO)).shape == (1, 1, 16, 16)
    assert predict_drawing(model, ZERO).shape == (10,)


def test_the_facts_of_the_shipped_model_are_true() -> None:
    model, facts = shipped_model(), shipped_facts()
    assert facts["parameters"] == sum(p.numel() for p in model.parameters())
    strokes = load_dataset("strokes")
    found = evaluate(model, strokes.test, model.info.mean, model.info.std)
    assert found.accuracy == pytest.approx(facts["strokes_accuracy"], abs=0.002)
    logits = logits_of(strokes.test.images[:, 0])
    assert calibration_error(logits, strokes.test.labels) == pytest.approx(facts["strokes_ece"], abs=0.002)
    assert facts["strokes_ece"] < 0.02
    drawn = logits_of(others.write_others(1000, TEST_SEED, HELD_OUT).images[:, 0])
    assert (
        refused(drawn) == pytest.approx(facts["refused_others"], abs=0.05) and facts["refused_others"] >= 0.8
    )


@pytest.mark.mnist
def test_the_mnist_accuracy_of_the_shipped_model_is_true() -> None:
    model, facts = shipped_model(), shipped_facts()
    test = nnlab.load_dataset("mnist").test
    found = evaluate(model, test, model.info.mean, model.info.std)
    assert found.accuracy == pytest.approx(facts["test_accuracy"], abs=0.0005)
    assert found.accuracy >= 0.993
    logits = torch.cat([logits_of(images) for images in test.images[:, 0].split(1000)])
    assert calibration_error(logits, test.labels) == pytest.approx(facts["ece"], abs=0.001)
    assert facts["ece"] < 0.02
    assert refused(logits) == pytest.approx(facts["refused_digits"], abs=0.001)
    assert facts["refused_digits"] <= 0.03


def test_the_score_is_one_less_the_share_of_an_eleventh_class_with_logit_nought() -> None:
    logits = torch.randn(50, 10, generator=torch.Generator().manual_seed(0)) * 4
    eleven = torch.cat([logits, torch.zeros(50, 1)], dim=1).double().softmax(1)
    found = torch.tensor([logits_score(row) for row in logits], dtype=torch.float64)
    assert torch.allclose(found, 1 - eleven[:, 10], atol=1e-9)
    assert logits_score(torch.full((10,), 1e4)) == 1 and logits_score(torch.full((10,), -1e4)) == 0


def test_ten_classes_say_what_the_eleven_said() -> None:
    """The shipped network is folded from one of eleven classes: digits' shares and the rest are kept."""
    layers = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 11))
    x = torch.randn(20, 6)
    eleven = layers(x).double().softmax(1)
    folded = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 10))
    folded.load_state_dict(ten_classes(dict(layers.state_dict())))
    ten = folded(x)
    scores = torch.tensor([logits_score(row) for row in ten.detach()])
    assert torch.allclose(scores, 1 - eleven[:, 10].float(), atol=1e-5)
    assert torch.allclose(
        ten.softmax(1), (eleven[:, :10] / eleven[:, :10].sum(1, keepdim=True)).float(), atol=1e-5
    )


def test_the_network_without_batch_normalisation_computes_what_it_did_with_it() -> None:
    generator = torch.Generator().manual_seed(0)
    with_it = TRAINED.build((1, 28, 28), 11, seed=0)
    for layer in with_it.children():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for values in (layer.weight, layer.running_var):
                values.data.uniform_(0.5, 2, generator=generator)
            for values in (layer.bias, layer.running_mean):
                values.data.normal_(generator=generator)
    without = SHIPPED.build((1, 28, 28), 11)
    without.load_state_dict(folded(with_it.eval()))
    images = torch.randn(20, 1, 28, 28, generator=generator)
    with torch.no_grad():
        assert torch.allclose(without(images), with_it(images), atol=1e-4)


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    sure = torch.zeros(4, 10)
    sure[:, 3] = 50.0
    assert calibration_error(sure, torch.tensor([3, 3, 3, 1])) == pytest.approx(0.25)
    half = torch.full((2, 10), -50.0)
    half[:, :2] = 0.0
    assert calibration_error(half, torch.tensor([0, 1])) == pytest.approx(0, abs=1e-9)
    both = torch.cat([sure, half])
    assert calibration_error(both, torch.tensor([3, 3, 3, 1, 0, 0])) == pytest.approx(
        (4 * 0.25 + 2 * 0.5) / 6
    )


# Strangers: drawings of another make than those that the network learned from (tests/strangers.py).


@pytest.fixture(scope="module")
def mouse() -> tuple[torch.Tensor, torch.Tensor]:
    """36 digits of each class by strangers: logits (360, 10) and labels."""
    return strangers_digits(Hand(), 36)


def strangers_digits(hand: Hand, each: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(5)
    drawn = [
        (rasterize(draw(styles[i % len(styles)](rng), rng, hand)), digit)
        for digit, styles in DIGITS.items()
        for i in range(each)
    ]
    return logits_of(torch.stack([image for image, _ in drawn])), torch.tensor([digit for _, digit in drawn])


def logits_of(images: torch.Tensor) -> torch.Tensor:
    model = shipped_model()
    with torch.inference_mode():
        return model(normalise(images[:, None], model.info.mean, model.info.std))


def refused(logits: torch.Tensor) -> float:
    facts = shipped_facts()
    return sum(logits_score(row) < facts["threshold"] for row in logits) / len(logits)


def test_strangers_digits_are_read_and_not_refused(mouse: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, labels = mouse
    right = logits.argmax(1) == labels
    assert right.float().mean() >= 0.97
    assert min(right[labels == digit].float().mean() for digit in range(10)) >= 0.9
    assert refused(logits) <= 0.03


@pytest.mark.parametrize(
    "hand",
    [
        Hand(rate=15), Hand(rate=200), Hand(extent=0.2, place="corner"), Hand(extent=0.95, place="middle"),
    ],
    ids=["15 a second", "200 a second", "small in a corner", "large"],
)  # fmt: skip
def test_size_place_and_sampling_hardly_matter(hand: Hand) -> None:
    logits, labels = strangers_digits(hand)
    assert (logits.argmax(1) == labels).float().mean() >= 0.97
    assert refused(logits) <= 0.03


def test_what_is_no_digit_is_refused_even_of_kinds_not_in_training() -> None:
    rng = np.random.default_rng(6)
    new = [name for name in OTHERS if name not in others.OTHERS or name in HELD_OUT]
    new.remove("scribble")
    assert len(new) > 15
    images = [rasterize(draw(OTHERS[name](rng), rng, Hand())) for name in new for _ in range(6)]
    assert refused(logits_of(torch.stack(images))) >= 0.8


@pytest.mark.parametrize("dots", [1, 2, 5])
def test_dots_are_no_digit(dots: int) -> None:
    model, facts = shipped_model(), shipped_facts()
    drawn = [np.array([[40.0 + 170 * i % 201, 60.0 + 90 * i % 173]]) for i in range(dots)]
    assert digit_score(model, drawn) < facts["threshold"]


def test_the_score_of_a_plain_digit_is_high() -> None:
    model, facts = shipped_model(), shipped_facts()
    for strokes in (ONE, ZERO, SEVEN, FOUR):
        assert digit_score(model, strokes) > facts["threshold"]
    assert 0 < facts["threshold"] < 1


def test_the_shipped_model_is_small_and_plain() -> None:
    model = shipped_model()
    assert WEIGHTS.stat().st_size < 2_000_000
    assert model.info.classes == tuple("0123456789")
    assert {type(layer) for layer in model} <= {
        torch.nn.Conv2d, torch.nn.MaxPool2d, torch.nn.ReLU, torch.nn.Flatten, torch.nn.Linear
    }  # fmt: skip


def test_normalisation_of_the_shipped_model_travels_with_it() -> None:
    model = shipped_model()
    image = drawing_to_image(SEVEN)
    with torch.no_grad():
        expected = model(normalise(image, model.info.mean, model.info.std)).softmax(1)[0]
    assert torch.allclose(predict_image(model, image), expected, atol=1e-6)


@pytest.mark.parametrize("sides", [(28, 28), (16, 16), (20, 32)])
def test_a_filled_image_is_the_inked_part_at_that_size(sides: tuple[int, int]) -> None:
    image = torch.zeros(3, 1, 28, 28, dtype=torch.uint8)
    image[0, 0, 5:25, 12:16] = 200  # tall: as much is added on either side
    image[1, 0, 26:28, 0:2] = 90  # in a corner
    filled = fill_image(image, sides)
    assert filled.shape == (3, 1, *sides) and filled.dtype == torch.uint8
    part = image[:1, :, 5:25, 4:24]
    assert torch.equal(filled[:1], torchvision_resize(part, list(sides), antialias=True))
    assert (filled[1] == 90).all() and not filled[2].any()
