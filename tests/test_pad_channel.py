"""The pad's own connection: what it answers, how it follows a drawing, and what nonsense does to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from datasets_page import unpack
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnlab.drawing import predict_drawing, rasterize, shipped_model
from nnlab.drawing.stages import Switches, drawing_stages
from nnlab.errors import LabError
from nnlab.ui.components.drawing import MOST_POINTS, Drawing, read_drawing
from nnlab.ui.components.pad import runs
from nnlab.ui.draw.channel import Talk, path
from nnlab.ui.draw.told import stage_numbers

SEVEN = [[700, 600, 2100, 600, 1200, 2400]]  # x, y, ... in tenths of a pixel
FOUR = [[1000, 400, 700, 1500, 2000, 1500], [1700, 600, 1650, 2500]]
CONFIG = {"name": "c", "run": "", "off": [], "lang": "en", "stages": True}


def ask(
    talk: Talk, keep: Sequence[int], more: list[Any], **also: object
) -> tuple[dict[str, Any], list[bytes]]:
    return unpack(talk.answer(json.dumps({"seq": 1, "keep": list(keep), "more": more, **also})))


def expand(pairs: bytes) -> np.ndarray:
    counts, values = np.frombuffer(pairs, np.uint8).reshape(-1, 2).T
    return np.repeat(values, counts)


def arrays_of(strokes: list[list[int]]) -> list[np.ndarray]:
    return [np.array(flat, np.float32).reshape(-1, 2) / 10 for flat in strokes]


def test_it_answers_as_the_network_does() -> None:
    header, (image, probabilities, _) = ask(Talk(), (0, 0), FOUR, config=CONFIG)
    strokes = arrays_of(FOUR)
    assert header["seq"] == 1 and header["config"] == "c" and header["shape"] == [1, 28, 28]
    assert np.array_equal(expand(image), rasterize(strokes).flatten())
    expected = predict_drawing(shipped_model(), strokes)
    assert torch.equal(torch.tensor(np.frombuffer(probabilities, np.float32)), expected)
    assert header["stages"] == stage_numbers(drawing_stages(shipped_model(), strokes))
    assert header["given"] and not header["doubt"] and "problem" not in header


def test_a_drawing_told_bit_by_bit_is_the_drawing() -> None:
    talk = Talk()
    ask(talk, (0, 0), [SEVEN[0][:2]], config=CONFIG)
    ask(talk, (0, 2), [SEVEN[0][2:4]])
    _, grown = ask(talk, (0, 4), [SEVEN[0][4:]])
    assert grown == ask(Talk(), (0, 0), SEVEN, config=CONFIG)[1]
    ask(talk, (1, 0), [FOUR[0]])
    _, more = ask(talk, (1, 6), [[], FOUR[1]])
    assert talk.strokes == [*SEVEN, *FOUR] and more == ask(Talk(), (0, 0), [*SEVEN, *FOUR], config=CONFIG)[1]
    _, back = ask(talk, (1, 0), [])  # undone, twice
    assert back == grown
    header, blobs = ask(talk, (0, 0), [])
    assert blobs == [b"", b""] and "problem" not in header and "shape" not in header


@pytest.mark.parametrize("keep", [(2, 0), (0, 8), (-1, 0), (0, -2), (1, 2)])
def test_what_does_not_fit_what_was_told_is_asked_for_anew(keep: tuple[int, int]) -> None:
    talk = Talk()
    ask(talk, (0, 0), SEVEN, config=CONFIG)
    assert ask(talk, keep, [[1, 2]])[0]["lost"]
    assert "lost" not in ask(talk, (0, 0), FOUR)[0] and talk.strokes == FOUR


def test_a_drawing_without_an_end_ends_the_talk() -> None:
    talk, many = Talk(), [5] * 300_000
    for count in range(2):
        assert "at most 100,000" in ask(talk, (count, 0), [many], config=CONFIG)[0]["problem"]
    with pytest.raises(ValueError):
        ask(talk, (2, 0), [many], config=CONFIG)


@pytest.mark.parametrize(
    "question",
    [
        "", "7", "[]", "{", "null", '{"seq": 1}', '{"seq": "1", "keep": [0, 0], "more": []}',
        '{"seq": 1, "keep": [0], "more": []}', '{"seq": 1, "keep": [0, 0], "more": [7]}',
        '{"seq": 1, "keep": ["0", 0], "more": []}', '{"seq": 1, "keep": [0, 0], "more": {}}',
        '{"seq": 1, "keep": [0, 0], "more": [], "config": 3}',
        '{"seq": 1, "keep": [0, 0], "more": [], "config": {"run": 3}}',
        '{"seq": 1, "keep": [0, 0], "more": [], "config": {"off": "box"}}',
        '{"seq": 1, "keep": [0, 0], "more": [], "config": {"step": "last"}}',
    ],
)  # fmt: skip
def test_what_is_no_question_ends_the_talk(question: str) -> None:
    with pytest.raises(ValueError):
        Talk().answer(question)


@pytest.mark.parametrize(
    ("strokes", "sentence"),
    [
        ([[1, 2, 3]], "Stroke 0 has 3 numbers"),
        ([["a", "b"]], "Stroke 0 is not an array of numbers"),
        ([[1, 2], [None, 3]], "Stroke 1 is not an array of numbers"),
        ([[float("nan"), 3]], "not finite"),
        ([[1e300, 3]], "far beyond the canvas"),
        ([[9000, 400]], "Nothing of the drawing lies on the canvas, which is 280 x 280"),
        ([[0, 0] * (MOST_POINTS + 1)], "100,001 points; at most 100,000"),
    ],
)
def test_bad_drawings_get_a_sentence_and_the_next_one_is_answered(strokes: list[Any], sentence: str) -> None:
    talk = Talk()
    header, blobs = ask(talk, (0, 0), strokes, config=CONFIG)
    assert sentence in header["problem"] and blobs == [b"", b""]
    assert "problem" not in ask(talk, (0, 0), SEVEN)[0]


def test_a_hundred_thousand_points_are_read() -> None:
    angle = np.linspace(0, 2 * np.pi, MOST_POINTS)
    ring = np.stack([1400 + 600 * np.cos(angle), 1400 + 900 * np.sin(angle)], 1).round().astype(int)
    _, (_, probabilities, _) = ask(Talk(), (0, 0), [ring.flatten().tolist()], config=CONFIG)
    assert np.frombuffer(probabilities, np.float32).argmax() == 0


def test_the_configuration_says_who_answers_how_and_in_which_language() -> None:
    talk = Talk()
    header, _ = ask(talk, (0, 0), SEVEN, config={**CONFIG, "run": "nosuchrun", "lang": "ko"})
    assert "nosuchrun" in header["problem"]
    off = {**CONFIG, "name": "d", "off": ["box", "ink"], "pen": 30, "stages": False}
    header, (image, *_rest) = ask(talk, (1, 0), [], config=off)
    assert header["config"] == "d" and "stages" not in header
    found = drawing_stages(shipped_model(), arrays_of(SEVEN), on=Switches(box=False, ink=False), pen=30)
    assert np.array_equal(expand(image), found.given.flatten())
    korean, _ = ask(talk, (0, 0), [[9000, 400]], config={**CONFIG, "lang": "ko"})
    english, _ = ask(talk, (0, 0), [[9000, 400]], config={**CONFIG, "lang": "nowhere"})
    assert korean["problem"] != english["problem"] and english["problem"].startswith("Nothing of")


def test_where_it_is_found() -> None:
    assert path() == "/pad/answers"


@given(arrays(np.uint8, st.integers(1, 2000), elements=st.sampled_from([0, 0, 0, 7, 255])))
@settings(max_examples=50)
def test_runs_are_the_image(values: np.ndarray) -> None:
    assert np.array_equal(expand(runs(values)), values)


def test_long_runs_are_split() -> None:
    assert runs(np.full(600, 9, np.uint8)) == bytes([255, 9, 255, 9, 90, 9])


@pytest.mark.parametrize(
    "told",
    [
        None, 3, "drawing", [], {}, {"seq": 1}, {"seq": "1", "strokes": []}, {"seq": True, "strokes": []},
        {"seq": 1, "strokes": {}}, {"seq": 1, "strokes": [3]}, {"seq": 1, "strokes": [[True, False]]},
        {"seq": 1, "strokes": [], "pen": 0}, {"seq": 1, "strokes": [], "pen": "thick"},
        {"seq": 1, "strokes": [], "pen": float("nan")}, {"seq": 1, "strokes": [], "pen": 1e9},
    ],
)  # fmt: skip
def test_what_is_no_drawing_gets_a_sentence(told: object) -> None:
    with pytest.raises(LabError):
        read_drawing(told)


def test_times_and_pressures_are_kept_where_they_fit() -> None:
    told = {
        "seq": 4,
        "strokes": FOUR,
        "times": [[0, 10, 20], [500, 30]],
        "pressures": [[0, 255, 51], [51, 51]],
    }
    drawing = read_drawing(told)
    assert drawing == Drawing(4, FOUR, told["times"], told["pressures"])
    assert drawing.seconds == 0.56 and drawing.mean_pressure == pytest.approx(408 / 5 / 255)
    for nonsense in ([[0]], [[0, 1, 2], [3, "4"]], "soon", [[0, 1, 2], [3, -4]], None):
        without = read_drawing({**told, "times": nonsense, "pressures": nonsense})
        assert without.seconds == 0 and without.mean_pressure is None and len(without.arrays) == 2
