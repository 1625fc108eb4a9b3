"""Reading pen paths in the UNIPEN format, and putting them on a canvas."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.handwriting import CANVAS, RATE, Setting, placed, read, resampled

UNIPEN = """.INCLUDE dene.doc

.LEXICON "0" "1" "7"
.HIERARCHY DIGIT

.SEGMENT DIGIT 0 ? "1"
.COMMENT 1 1 10
.PEN_DOWN
 100 200
 100 150
 101 100
.PEN_UP
.DT 100
.SEGMENT DIGIT 1-2 ? "7"
.PEN_DOWN
 10 90
 50 92
 30 10
.PEN_UP
.DT 20
.PEN_DOWN
 20 50
 48 52
.PEN_UP
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "digits.unipen"
    path.write_text(UNIPEN)
    return path


def test_digits_with_their_strokes_and_y_down(file: Path) -> None:
    (one, stroke), (seven, two) = read(file)
    assert (one, seven) == (1, 7) and len(stroke) == 1 and len(two) == 2
    assert stroke[0].tolist() == [[100, -200], [100, -150], [101, -100]]
    assert two[0].tolist() == [[10, -90], [50, -92], [30, -10]] and two[1].tolist() == [[20, -50], [48, -52]]


@pytest.mark.parametrize("text", ["", "no pen paths\n", '.SEGMENT DIGIT 0 ? "3"\n.PEN_DOWN\n.PEN_UP\n'])
def test_a_file_without_pen_paths_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ValueError, match="no pen paths of digits"):
        read(file)


def test_what_is_no_digit_is_refused(file: Path) -> None:
    file.write_text(UNIPEN.replace('"7"', '"g"'))
    with pytest.raises(ValueError, match=r"SEGMENT DIGIT 1-2 \? \"g\" is not a digit"):
        read(file)


@pytest.mark.parametrize("extent", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_place_and_size_on_the_canvas(file: Path, extent: float, place: float) -> None:
    for _, strokes in read(file):
        every = np.concatenate(placed(strokes, Setting(extent, place)))
        assert (every == every.round()).all() and every.min() >= 0 and every.max() <= CANVAS
        assert (every.max(0) - every.min(0)).max() == pytest.approx(extent * CANVAS, abs=1)
        middle = (every.max(0) + every.min(0)) / 2
        side = every.max(0) - every.min(0)
        assert middle == pytest.approx(side / 2 + (CANVAS - side) * place, abs=1.01)


def test_a_pad_that_reports_so_many_points_a_second() -> None:
    took = 0.4
    times = np.arange(round(took * RATE) + 1) / RATE
    line = np.stack((100 * times, 50 * times), 1)
    for rate in (15, 60, 200):
        found = resampled(line, rate)
        assert len(found) == pytest.approx(took * rate + 1, abs=1.01)
        assert found[0].tolist() == [0, 0] and found[-1] == pytest.approx(line[-1])
        assert np.allclose(found[:, 0], 2 * found[:, 1])
    assert resampled(line[:1], 15).tolist() == [[0, 0]]
