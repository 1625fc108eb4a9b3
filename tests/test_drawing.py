"""From strokes to an answer."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms.functional import resize as torchvision_resize

import nnlab
from nnlab.data import load_dataset
from nnlab.drawing import drawing_for, drawing_to_image, predict_drawing, predict_image, shipped_model
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
    model, _ = shipped_model()
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
        predict_drawing(shipped_model()[0], nothing)


@pytest.mark.parametrize("bad", [[np.array([[1.0, np.nan]])], [np.zeros((3, 3))], [np.array([1.0, 2.0])]])
def test_bad_strokes_are_refused(bad: list[np.ndarray]) -> None:
    with pytest.raises(LabError):
        predict_drawing(shipped_model()[0], bad)


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
    shipped, _ = shipped_model()
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
    model, facts = shipped_model()
    assert facts["parameters"] == sum(p.numel() for p in model.parameters())
    strokes = load_dataset("strokes")
    found = evaluate(model, strokes.test, model.info.mean, model.info.std)
    assert found.accuracy == pytest.approx(facts["strokes_accuracy"], abs=0.002)


@pytest.mark.mnist
def test_the_mnist_accuracy_of_the_shipped_model_is_true() -> None:
    model, facts = shipped_model()
    found = evaluate(model, nnlab.load_dataset("mnist").test, model.info.mean, model.info.std)
    assert found.accuracy == pytest.approx(facts["test_accuracy"], abs=0.0005)
    assert found.accuracy > 0.99


def test_normalisation_of_the_shipped_model_travels_with_it() -> None:
    model, _ = shipped_model()
    image = drawing_to_image(SEVEN)
    with torch.no_grad():
        expected = model(normalise(image, model.info.mean, model.info.std)).softmax(1)[0]
    assert torch.allclose(predict_image(model, image), expected, atol=1e-6)
