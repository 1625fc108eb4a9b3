"""The stages of a drawing: together what the network is given, each alone against a plain way to do it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torchvision.transforms.functional import normalize

from nnlab.data.ink import centre_of_mass
from nnlab.drawing import drawing_for, drawing_to_image, predict_drawing, rasterize, shipped_model
from nnlab.drawing.predict import input_logits
from nnlab.drawing.stages import STAGES, Switches, drawing_stages
from nnlab.errors import LabError
from nnlab.nets.presets import preset
from nnlab.training.weights import TrainedModel, WeightsInfo

SEVEN = [np.array([[70.0, 60.0], [210.0, 60.0], [120.0, 240.0]])]
FOUR = [np.array([[100.0, 40.0], [70.0, 150.0], [200.0, 150.0]]), np.array([[170.0, 60.0], [165.0, 250.0]])]
SMALL = [stroke * 0.2 + [200, 10] for stroke in FOUR]
DOT = [np.array([[30.0, 200.0]])]
MODEL = shipped_model()


def stages(strokes, size=(280, 280), pen=18.0, **off):
    return drawing_stages(MODEL, strokes, size, Switches(**off), pen)


def lone(strokes, name):
    return stages(strokes, **{name: False})


def inked_by_hand(strokes, scale, shift, width, fine=16):
    """Share of each pixel of 28 x 28 within width / 2 of the strokes, on a grid `fine` times as fine."""
    at = (torch.arange(28 * fine, dtype=torch.float64) + 0.5) / fine - 0.5
    inside = torch.zeros(28 * fine, 28 * fine, dtype=torch.bool)
    for stroke in strokes:
        points = torch.as_tensor(stroke) * scale + torch.tensor(shift)
        for a, b in pairwise(points):
            along = b - a
            dx, dy = at[None, :] - a[0], at[:, None] - a[1]
            t = ((dx * along[0] + dy * along[1]) / (along @ along)).clamp(0, 1)
            inside |= (dx - t * along[0]) ** 2 + (dy - t * along[1]) ** 2 <= (width / 2) ** 2
    return inside.double().view(28, fine, 28, fine).mean((1, 3))


strokes_of_a_hand = st.lists(
    arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=st.floats(0, 280, width=16)),
    min_size=1,
    max_size=4,
)


@given(strokes_of_a_hand)
@settings(max_examples=40)
def test_all_stages_together_are_what_the_network_is_given(strokes):
    found = stages(strokes)
    assert torch.equal(found.inked, drawing_to_image(strokes))
    assert torch.equal(found.inked[0, 0], rasterize(strokes)) and found.as_inked
    assert torch.equal(found.given, drawing_for(MODEL, found.inked))
    assert torch.equal(input_logits(MODEL, found.fed).softmax(0), predict_drawing(MODEL, strokes))


@pytest.mark.parametrize("strokes", [SEVEN, FOUR, SMALL], ids=["seven", "four", "small"])
@pytest.mark.parametrize("off", [(), *((name,) for name in STAGES), ("box", "centre"), STAGES])
def test_the_image_is_the_strokes_where_the_stages_say_that_they_lie(strokes, off):
    found = stages(strokes, **dict.fromkeys(off, False))
    place = found.centred
    by_hand = inked_by_hand(strokes, place.scale, place.shift, found.width)
    # The ramp of a pixel is not the very share at slanted edges, and points are sampled along the strokes.
    difference = found.inked[0, 0] / 255 - by_hand
    assert difference.abs().max() < 0.3 and difference.abs().mean() < 0.006
    # Sampled along their way, sharp corners lose up to half a step.
    every = torch.as_tensor(np.concatenate(strokes)) * place.scale + torch.tensor(place.shift)
    low, high = every.amin(0) - found.width / 2, every.amax(0) + found.width / 2
    assert torch.allclose(low, torch.tensor(place.low, dtype=torch.float64), atol=0.12)
    assert torch.allclose(high, torch.tensor(place.high, dtype=torch.float64), atol=0.12)
    mass = centre_of_mass(found.inked)[0, 0]
    assert torch.allclose(mass, torch.tensor(place.mass, dtype=torch.float64), atol=1e-9)


@pytest.mark.parametrize("strokes", [SEVEN, FOUR, SMALL])
def test_the_box_and_the_centre_of_mass(strokes):
    found = stages(strokes)
    assert max(found.boxed.sides) == pytest.approx(20) and max(found.centred.sides) == pytest.approx(
        20, abs=1e-2
    )
    assert found.centred.mass == pytest.approx((14, 14), abs=0.03)
    middle = (np.add(found.boxed.low, found.boxed.high)) / 2
    assert middle == pytest.approx((13.5, 13.5))
    assert lone(strokes, "centre").centred == found.boxed  # nothing else moves it


def test_without_a_box_the_canvas_is_shrunk_and_without_centring_it_stays_where_it_was():
    found = stages(SMALL, box=False, centre=False)
    assert found.centred.scale == pytest.approx(0.1) and found.centred.shift == pytest.approx((-0.5, -0.5))
    centred = lone(SMALL, "box")
    assert centred.centred.scale == pytest.approx(0.1, rel=1e-3) and centred.centred.mass == pytest.approx(
        (14, 14), abs=0.05
    )
    flat = stages([stroke * [2, 1] for stroke in SEVEN], size=(560, 280), box=False, centre=False)
    assert flat.centred.scale == pytest.approx(0.05) and flat.centred.shift == pytest.approx((-0.5, 6.5))


@pytest.mark.parametrize("pen", [8.0, 18.0, 32.0])
def test_the_pen_of_the_screen_grows_with_its_drawing(pen):
    for strokes in (SEVEN, SMALL):
        found = stages(strokes, pen=pen, ink=False)
        assert found.width == pytest.approx(pen * found.boxed.scale, rel=1e-3)
        assert max(found.boxed.sides) == pytest.approx(20, abs=0.01)
        assert stages(strokes, pen=pen).width == 2.4  # else it does not matter
        assert torch.equal(stages(strokes, pen=pen).inked, stages(strokes).inked)


def test_a_pen_thinner_than_a_pixel_covers_its_width():
    line = [np.array([[20.0, 140.0], [260.0, 140.0]])]
    found = stages(line, pen=5, box=False, ink=False)
    columns = (found.inked[0, 0] / 255).sum(0)[5:22]
    assert found.width == pytest.approx(0.5) and torch.allclose(columns, torch.tensor(0.5), atol=0.01)


def test_normalisation_is_torchvisions_and_without_it_there_is_only_the_division():
    on, off = stages(FOUR), lone(FOUR, "normalise")
    assert torch.equal(on.fed, normalize(on.given / 255, list(MODEL.info.mean), list(MODEL.info.std)))
    assert torch.equal(off.fed, on.given / 255) and torch.equal(off.given, on.given)


def test_a_network_for_small_colour_pictures_on_paper():
    in_shape, mean, std = (3, 20, 24), (0.9, 0.8, 0.7), (0.2, 0.3, 0.4)
    model = TrainedModel(*preset("mlp").build(in_shape, 10))
    model.info = WeightsInfo(0, preset("mlp"), in_shape, tuple("0123456789"), "some", mean, std)
    found = drawing_stages(model, SEVEN)
    assert found.given.shape == (1, *in_shape) and not found.as_inked
    assert torch.equal(found.given, drawing_for(model, drawing_to_image(SEVEN)))
    assert torch.equal(found.fed, normalize(found.given / 255, list(mean), list(std)))


@pytest.mark.parametrize("off", [*STAGES, None])
def test_a_dot_and_a_drawing_that_reaches_beyond_the_canvas_are_read_too(off):
    beyond = [stroke + np.array([120.0, 0.0]) for stroke in FOUR]
    for strokes in (DOT, DOT * 3, beyond):
        found = stages(strokes, **({off: False} if off else {}))
        assert found.inked.max() > 100 and torch.isfinite(found.fed).all()


@pytest.mark.parametrize("pen", [0, -3, float("nan"), float("inf"), 1e9])
def test_pens_that_are_none_get_a_sentence(pen):
    with pytest.raises(LabError, match="cannot be drawn with"):
        stages(SEVEN, pen=pen)


def test_bad_strokes_get_the_sentences_of_the_drawing():
    for strokes, sentence in ([], "Nothing is drawn"), ([np.array([[np.nan, 3.0]])], "not finite"):
        with pytest.raises(LabError, match=sentence):
            stages(strokes)


def test_switches_are_named_once():
    assert replace(Switches(), box=False) == Switches(box=False) and STAGES[0] == "box"
