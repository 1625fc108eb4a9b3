"""Kept drawings: changed, written and read again, taken along as a zip, made a dataset; nonsense refused."""

from __future__ import annotations

import csv
import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_flips import untrained

from nnlab.data import load_dataset
from nnlab.data.images import delete
from nnlab.data.own_images import KEPT_SECONDS
from nnlab.drawing import drawing_for, drawing_to_image, keeping
from nnlab.drawing.own import MOST, OwnSet, merged
from nnlab.drawing.own_drawing import OwnDrawing
from nnlab.errors import DataError, LabError

SEVEN = (90.0, 80.0, 190.0, 80.0, 125.5, 220.0)
BAR = (140.0, 60.0, 140.0, 220.0)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root of the test's own."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "data"


def seven(label: str = "7", shift: float = 0.0) -> OwnDrawing:
    moved = (SEVEN[0] + shift, *SEVEN[1:])
    return OwnDrawing(label, (moved,), ((0.0, 16.0, 17.0),), ((0.0, 128.0, 255.0),))


def some() -> OwnSet:
    picture = torch.arange(784).remainder(256).to(torch.uint8).view(1, 1, 28, 28)
    one = OwnDrawing("1", (BAR,))
    return OwnSet().with_kept(seven(), one, OwnDrawing.of_image(picture, "1"), seven(shift=5))


def test_a_set_is_written_and_read_without_loss() -> None:
    drawings = some()
    assert OwnSet.from_text(drawings.to_text().encode()) == drawings
    name = keeping.keep(drawings)
    assert keeping.kept(name) == drawings and keeping.keep(drawings) == name
    assert torch.equal(drawings.drawings[0].image(), drawing_to_image([np.reshape(SEVEN, (-1, 2))]))
    assert drawings.drawings[2].image().flatten()[300] == 44 and drawings.labels == ["1", "7"]


def test_a_change_makes_another_set_and_leaves_the_first(root: Path) -> None:
    drawings = some()
    name = keeping.keep(drawings)
    fewer = drawings.without(1)
    other = drawings.relabelled(0, "4")
    assert [d.label for d in fewer.drawings] == ["7", "1", "7"]
    assert [d.label for d in other.drawings] == ["4", "1", "1", "7"]
    assert other.drawings[0].strokes == drawings.drawings[0].strokes
    names = {name, keeping.keep(fewer), keeping.keep(other)}
    assert len(names) == 3 and keeping.kept(name) == drawings
    assert merged([drawings, fewer, OwnSet((seven("9"),))]) == drawings.with_kept(seven("9"))
    assert {path.stem for path in (root / "drawings").iterdir()} == names


def test_what_nobody_has_used_for_a_day_goes(root: Path) -> None:
    old, used = keeping.keep(some()), keeping.keep(OwnSet((seven(),)))
    long_ago = time.time() - KEPT_SECONDS - 60
    for name in (old, used):
        os.utime(root / "drawings" / f"{name}.json", (long_ago, long_ago))
    assert keeping.kept(used)  # which is using it
    keeping.sweep()
    assert keeping.kept(used)
    with pytest.raises(DataError, match="not used for a day"):
        keeping.kept(old)


def test_where_the_data_root_cannot_be_written_to_the_cache_serves(root: Path, tmp_path: Path) -> None:
    root.mkdir()
    root.chmod(0o555)
    name = keeping.keep(some())
    assert not (root / "drawings").exists() and keeping.kept(name) == some()
    root.chmod(0o755)


def test_the_zip_holds_pictures_a_table_and_the_strokes() -> None:
    drawings = some()
    content = keeping.archive_of(drawings)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
        assert [row["label"] for row in rows] == ["7", "1", "1", "7"]
        for row, drawing in zip(rows, drawings.drawings, strict=True):
            picture = np.asarray(Image.open(io.BytesIO(archive.read(f"images/{row['file']}"))))
            assert np.array_equal(picture, drawing.image()[0, 0].numpy())
        strokes = json.loads(archive.read("drawings.json"))["drawings"][0]
        assert strokes["strokes"] == [list(SEVEN)] and strokes["times"] == [[0, 16, 17]]
    assert keeping.read_archive(content) == drawings
    assert keeping.read_archive(drawings.to_text().encode()) == drawings


def test_a_set_is_a_dataset_like_any_other() -> None:
    drawings = OwnSet((*(seven(shift=i) for i in range(5)), OwnDrawing("1", (BAR,)), seven("1")))
    info = keeping.make_dataset(drawings, "my digits")
    data = load_dataset(info.name)
    assert data.classes == ("1", "7") and data.shape == (1, 28, 28) and info.drawable
    assert len(data.train) + len(data.test) == 7
    images = [image for split in (data.train, data.test) for image in split.images]
    assert any(torch.equal(image, drawings.drawings[0].image()[0]) for image in images)
    assert keeping.drawings_of(info.name) == drawings
    delete(info)
    assert keeping.drawings_of(info.name) is None
    assert keeping.make_dataset(drawings).name.startswith("images/~")
    with pytest.raises(DataError) as error:
        keeping.make_dataset(OwnSet((seven(), seven())))
    assert "only one class" in str(error.value.problems[0].reason)


def test_the_network_is_shown_what_it_is_given_for_the_drawing() -> None:
    model = untrained((3, 32, 32))
    split, left_out = OwnSet((seven("b"), seven("x"), *some().drawings[2:3])).split(model)
    assert split is not None and left_out == 2
    assert split.labels.tolist() == [1]
    assert torch.equal(split.images, drawing_for(model, seven().image()))
    assert OwnSet((seven("x"),)).split(model) == (None, 1)


def file_of(*drawings: Any, **more: Any) -> bytes:
    return json.dumps({"format": "nnlab drawings", "version": 1, "drawings": drawings, **more}).encode()


GOOD = {"label": "4", "strokes": [[1, 2, 3, 4]]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no file of drawings"),
        (b"[" * 100_000, "no file of drawings"),
        (b"\xff\xfe{}", "no file of drawings"),
        (b'{"format": "nnlab drawings", "version": 1, "drawings": 3}', "no file of drawings"),
        (file_of(GOOD, version=2), "another version of the lab, 2"),
        (file_of(GOOD, 5), "Drawing 2: It should be an object"),
        (file_of({**GOOD, "eval": "1"}), "'eval' is not known"),
        (file_of({"strokes": [[1, 2]]}), "It has no label"),
        (file_of({**GOOD, "label": ""}), "cannot be what a drawing shows"),
        (file_of({**GOOD, "label": "a\nb"}), "cannot be what a drawing shows"),
        (file_of({**GOOD, "label": 4}), "cannot be what a drawing shows"),
        (file_of({**GOOD, "label": "x" * 101}), "cannot be what a drawing shows"),
        (file_of({**GOOD, "strokes": [[1, 2, 3]]}), "x, y, x, y"),
        (file_of({**GOOD, "strokes": [["1", 2]]}), "It is damaged"),
        (file_of({**GOOD, "strokes": [[True, 2]]}), "It is damaged"),
        (file_of({**GOOD, "strokes": [[float("nan"), 2]]}), "It is damaged"),
        (file_of({**GOOD, "strokes": [[1e9, 2]]}), "x, y, x, y"),
        (file_of({**GOOD, "strokes": [[500, 500, 600, 600]]}), "Nothing of the drawing lies on the canvas"),
        (file_of({**GOOD, "strokes": [[]]}), "Nothing is drawn yet"),
        (file_of({**GOOD, "strokes": {"a": 1}}), "It is damaged"),
        (file_of({**GOOD, "times": [[1]]}), "one number for each point"),
        (file_of({**GOOD, "times": [[1, 2], [3]]}), "one number for each point"),
        (file_of({**GOOD, "size": [0, 1]}), "a width and a height"),
        (file_of({**GOOD, "size": 280}), "It is damaged"),
        (file_of({"label": "4"}), "neither strokes nor the pixels"),
        (file_of({"label": "4", "shape": [1, 2, 2], "pixels": "AAAA"}), "neither strokes nor the pixels"),
        (file_of({"label": "4", "shape": [1, 2, 2], "pixels": "AAAAAA=="}), None),
        (file_of({"label": "4", "shape": [1, 2, 2], "pixels": "%"}), "It is damaged"),
        (file_of({"label": "4", "shape": [1, 1e9, 2], "pixels": "AAAA"}), "neither strokes nor the pixels"),
        (file_of(*[GOOD] * (MOST + 1)), "at most 500"),
        (b"PK\x03\x04nonsense", "This zip is damaged"),
    ],
)  # fmt: skip
def test_nonsense_is_told_and_nothing_is_taken(content: bytes, sentence: str | None) -> None:
    if sentence is None:
        assert len(keeping.read_archive(content).drawings) == 1
        return
    with pytest.raises(LabError, match=sentence):
        keeping.read_archive(content)


def test_a_zip_of_something_else_and_one_that_swells_are_refused() -> None:
    def zipped(name: str, content: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        return file.getvalue()

    with pytest.raises(LabError, match=r"There is no drawings\.json in this zip"):
        keeping.read_archive(zipped("photo.png", b"x"))
    with pytest.raises(LabError, match="at most 8 MB"):
        keeping.read_archive(zipped("drawings.json", b" " * (40 * 10**6)))
    with pytest.raises(LabError, match="at most 20 MB"):
        keeping.read_archive(b"x" * (21 * 10**6))


def test_a_set_has_limits_and_bad_names_find_nothing() -> None:
    full = OwnSet((seven(),) * MOST)
    with pytest.raises(LabError, match="at most 500"):
        full.with_kept(seven())
    with pytest.raises(LabError, match="cannot be what a drawing shows"):
        some().relabelled(0, " ")
    for name in ("../../etc/passwd", "~" + "0" * 20, "", "~0"):
        with pytest.raises(DataError, match="not here any more"):
            keeping.kept(name)
