"""What is made of an archive's files: classes, splits, tables of labels; and every problem, told at once."""

from __future__ import annotations

import random
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from own_images_kit import class_folders, encoded, noise, packed, png, spread

from nnlab.data import Dataset
from nnlab.data.images import Found, held_out, load_images, look_at, pack_files
from nnlab.errors import DataError, LabError
from nnlab.pictures import worker
from nnlab.pictures.archive import open_files
from nnlab.pictures.layout import Layout, recognise
from nnlab.pictures.options import ImageOptions
from nnlab.pictures.problems import Problems
from nnlab.pictures.table import read_table

pytest_plugins = ("own_images_fixtures",)
pytestmark = pytest.mark.usefixtures("root")

PICTURES = {f"images/{i}.png": png(i) for i in range(6)}
FILES = [f"{i}.png" for i in range(6)]
LABELS = ["cat", "dog", "cat", "dog", "cat", "dog"]


def table(rows: list[list[Any]], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows).encode(encoding)


def with_table(path: Path, data: bytes, name: str = "labels.csv", **more: bytes) -> Path:
    return packed(path / "p.zip", {**PICTURES, **more, name: data})


def understood(path: Path) -> tuple[Layout, Problems]:
    """The layout alone, in this process and before any picture is opened."""
    wrong = Problems()
    return recognise(open_files(path, wrong), path.name, wrong), wrong


def in_training(path: Path) -> tuple[tuple[str, ...], list[int]]:
    """The classes, and how many pictures of each are there to learn from."""
    layout, wrong = understood(path)
    assert not wrong.total, wrong.first
    return layout.classes, layout.counts("train")


def problems(path: Path) -> list[tuple[str, int | None, str]]:
    with pytest.raises(DataError) as failure:
        look_at(path)
    error = failure.value
    assert str(path.name) in str(error) and error.values["total"] >= len(error.problems)
    return [(problem.file, problem.row, str(problem.reason)) for problem in error.problems]


def test_class_folders(tmp_path: Path) -> None:
    found = look_at(packed(tmp_path / "p.zip", class_folders(3, 5, 2)))
    assert isinstance(found, Found) and found.layout == "folders"
    assert found.classes == ("a", "b", "c") and found.counts == {"train": (3, 5, 2), "test": None}
    assert [example.label for example in found.examples] == ["a", "a", "a", "b", "b", "b", "c", "c"]
    assert found.file_bytes == sum(map(len, class_folders(3, 5, 2).values()))


@pytest.mark.parametrize("around", ["", "photos/", "my photos/of 2026/"])
@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("Training", "Testing"), ("train", "val")])
def test_split_folders(tmp_path: Path, around: str, train: str, test: str) -> None:
    files = {
        **class_folders(3, 2, prefix=f"{around}{train}/"),
        **class_folders(1, 4, prefix=f"{around}{test}/"),
        f"{around}README.txt": b"about",
    }
    for path in (packed(tmp_path / "p.zip", files), spread(tmp_path / "p", files)):
        assert look_at(path).counts == {"train": (3, 2), "test": (1, 4)}
        data = load_images(path, 8)
        assert data.train.labels.tolist() == [0, 0, 0, 1, 1] and data.test.labels.tolist() == [0, 1, 1, 1, 1]


def test_validation_pictures_join_the_training_where_there_is_a_test(tmp_path: Path) -> None:
    files = {
        **class_folders(3, 2, prefix="train/"),
        **class_folders(1, 1, prefix="valid/"),
        **class_folders(2, 2, prefix="test/"),
    }
    layout, _ = understood(packed(tmp_path / "p.zip", files))
    assert (layout.counts("train"), layout.counts("test")) == ([4, 3], [2, 2])


def test_classes_called_train_and_plane_are_classes(tmp_path: Path) -> None:
    files = {f"{label}/{i}.png": png(i) for label in ("train", "plane") for i in range(2)}
    assert in_training(packed(tmp_path / "p.zip", files)) == (("plane", "train"), [2, 2])


def test_numbers_are_sorted_by_number_and_names_by_name(tmp_path: Path) -> None:
    numbers = {f"{label}/{i}.png": png(i) for label in ("10", "9", "1") for i in range(2)}
    assert in_training(packed(tmp_path / "n.zip", numbers))[0] == ("1", "9", "10")
    mixed = {f"{label}/{i}.png": png(i) for label in ("10", "9", "A") for i in range(2)}
    assert in_training(packed(tmp_path / "m.zip", mixed))[0] == ("10", "9", "A")


class Old(zipfile.ZipInfo):
    """Windows' own packer writes the bytes of the code page, and does not say so."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp949"), 0


def test_names_in_korean_however_they_are_written(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        for label in ("고양이", "강아지"):
            for i in range(2):
                archive.writestr(Old(f"{label}/{i}.png"), png(i))
    decomposed = {
        unicodedata.normalize("NFD", f"{label}/{i}.png"): png(i)
        for label in ("고양이", "강아지")
        for i in range(2)
    }
    for path in (tmp_path / "old.zip", packed(tmp_path / "mac.zip", decomposed)):
        assert in_training(path) == (("강아지", "고양이"), [2, 2])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", [None, ["file", "label"], ["Filename", "species"]])
@pytest.mark.parametrize("prefix", ["", "images/", "./images/", "images\\"])
def test_tables_of_labels(tmp_path: Path, delimiter: str, header: list[str] | None, prefix: str) -> None:
    rows = [[f"{prefix}{file}", label] for file, label in zip(FILES, LABELS, strict=True)]
    data = table([*([header] if header else []), *rows], delimiter)
    assert in_training(with_table(tmp_path, data)) == (("cat", "dog"), [3, 3])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_encodings_of_tables(tmp_path: Path, encoding: str) -> None:
    labels = ["고양이", "강아지"] * 3
    data = table([["파일", "이름"], *map(list, zip(FILES, labels, strict=True))], encoding=encoding)
    assert in_training(with_table(tmp_path, data))[0] == ("강아지", "고양이")


def test_columns_are_found_by_looking(tmp_path: Path) -> None:
    rows = [[i, LABELS[i], 31, FILES[i], "x, y"] for i in range(6)]
    data = "id,label,width,path,note\n" + "".join(f'{a},{b},{c},{d},"{e}"\r\n' for a, b, c, d, e in rows)
    assert in_training(with_table(tmp_path, data.encode())) == (("cat", "dog"), [3, 3])


def test_numeric_labels_and_a_column_of_splits(tmp_path: Path) -> None:
    splits = ["train", "test", "train", "train", "test", "train"]
    data = table(
        [[file, i % 2 + 9, split] for i, (file, split) in enumerate(zip(FILES, splits, strict=True))]
    )
    path = with_table(tmp_path, data)
    found = look_at(path)
    assert found.classes == ("9", "10") and found.counts == {"train": (2, 2), "test": (1, 1)}
    assert load_images(path, 8).test.labels.tolist() == [1, 0], "in the order of the table"


def test_a_folder_of_pictures_and_a_table_without_images_folder(tmp_path: Path) -> None:
    files = {**{name.removeprefix("images/"): data for name, data in PICTURES.items()}}
    files["my labels.tsv"] = table([list(row) for row in zip(FILES, LABELS, strict=True)], "\t")
    assert in_training(spread(tmp_path / "p", files)) == (("cat", "dog"), [3, 3])


@pytest.mark.parametrize(
    "rows",
    [
        [["id", "label"], *([i, LABELS[i]] for i in range(6))],  # names without .png
        [["label", "id"], *([LABELS[i], i] for i in range(6))],
        [[i, FILES[i], LABELS[i]] for i in range(6)],  # rows counted, without a header
        [["", "photo", "animal"], *([i, FILES[i], LABELS[i]] for i in range(6))],
        [[f'"{FILES[i]}"', f' "{LABELS[i]}"'] for i in range(6)],
    ],
)
def test_tables_as_others_write_them(tmp_path: Path, rows: list[list[Any]]) -> None:
    assert in_training(with_table(tmp_path, table(rows))) == (("cat", "dog"), [3, 3])


def test_names_without_suffix_beside_labels_that_are_numbers(tmp_path: Path) -> None:
    data = table([["label", "id"], *([i % 2, i] for i in range(6))])
    layout, _ = understood(with_table(tmp_path, data))
    assert [(item.entry.path, item.label) for item in layout.items] == [
        (f"images/{i}.png", str(i % 2)) for i in range(6)
    ]


def test_numbers_written_with_a_point_are_numbers(tmp_path: Path) -> None:
    data = table([[FILES[i], [0.0, 2.0, 10.0][i % 3]] for i in range(6)])
    assert in_training(with_table(tmp_path, data)) == (("0", "2", "10"), [2, 2, 2])


def test_a_note_beside_the_common_folder_changes_nothing(tmp_path: Path) -> None:
    files = {**class_folders(2, 2, prefix="pets/"), "README.txt": b"about"}
    assert in_training(packed(tmp_path / "p.zip", files)) == (("a", "b"), [2, 2])


def test_a_name_that_several_files_have(tmp_path: Path) -> None:
    files = {f"{folder}/{i}.png": png(i) for folder in ("train", "test") for i in range(2)}
    path = packed(tmp_path / "p.zip", {**files, "labels.csv": b"0.png,cat\n1.png,dog\n"})
    assert problems(path)[:2] == [
        ("labels.csv", i, f"There are several files {i - 1}.png; write the folder, too.") for i in (1, 2)
    ]
    path = packed(tmp_path / "q.zip", {**files, "train.csv": b"0.png,a\n", "test.csv": b"0.png,a\n"})
    assert problems(path) == [("q.zip", None, "There are several tables of labels: train.csv, test.csv.")]


def test_a_class_of_one_picture_is_told_by_its_row_and_beside_what_else_is_wrong(tmp_path: Path) -> None:
    data = b"file,label\n0.png,cat\n1.png,cat\n2.png,caat\nnone.png,dog\n3.png,dog\n4.png,cat\n5.png,cat\n"
    assert problems(with_table(tmp_path, data)) == [
        ("labels.csv", 5, "There is no file none.png."),
        (
            "labels.csv",
            4,
            "The class caat has only one picture; training and test take one each.",
        ),
    ]  # dog may well have two


def test_row_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    data = b"file;label\n0.png;cat\n\nnone.png;cat\n1.png;\n2.png;cat;more\n0.png;dog\n3.png;dog\n4.png;-1\n"
    assert problems(with_table(tmp_path, data)) == [
        ("labels.csv", 4, "There is no file none.png."),
        ("labels.csv", 5, "There is no label in this row."),
        ("labels.csv", 6, "This row has 3 cells; the others have 2."),
        ("labels.csv", 7, "0.png was labelled in row 2 already."),
        ("labels.csv", 9, "The label -1 is below 0."),
        ("images/2.png", None, "There is no label for this file in labels.csv."),
        ("images/5.png", None, "There is no label for this file in labels.csv."),
    ]


def test_every_problem_is_counted_and_fifty_are_told(tmp_path: Path) -> None:
    files = {f"a/{i:03}.png": b"no picture" for i in range(300)}
    with pytest.raises(DataError) as failure:
        look_at(packed(tmp_path / "p.zip", {**files, **class_folders(0, 2)}))
    assert failure.value.values["total"] == 300 and "300" in str(failure.value)
    assert [problem.file for problem in failure.value.problems] == [f"a/{i:03}.png" for i in range(50)]


def test_problems_of_all_kinds_are_told_together(tmp_path: Path) -> None:
    files = {
        **class_folders(3, 2), "a/cut.jpg": encoded(noise("RGB", (64, 64)), "JPEG")[:900], "a/": b"",
        "empty/": b"", "b/notes.txt": b"hello", "loose.png": png(), "../out.png": png(), "A/0.png": png(),
    }  # fmt: skip
    told = dict((file, reason) for file, _, reason in problems(packed(tmp_path / "p.zip", files)))
    assert told == {
        "../out.png": "This path leads outside the archive.",
        "A/0.png": "Another file has the same name: a/0.png.",
        "empty": "This folder is empty.",
        "loose.png": "This picture lies in no folder of a class.",
        "a/cut.jpg": "This JPEG picture is damaged or cut off.",
        "b/notes.txt": "This is no picture in PNG, JPEG, WebP, GIF or BMP.",
    }


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (class_folders(3), "All pictures lie in one folder, a."),
        ({**class_folders(3), **class_folders(0, 1)}, "The class b has only one picture"),
        ({"0.png": png(), "1.png": png()}, "neither folders of classes nor a CSV"),
        ({**class_folders(2, 2, prefix="train/"), "test/": b""}, "This folder is empty"),
        (
            {**class_folders(2, prefix="train/"), **class_folders(0, 2, prefix="test/")},
            "The class b has pictures for the test and none for training",
        ),
        ({**PICTURES, "a.csv": b"0.png,a\n", "b.csv": b"1.png,b\n"}, "several tables of labels: a.csv"),
        ({**PICTURES, "a.csv": b"one column\n"}, "no two columns"),
        ({**PICTURES, "a.csv": table([[file, "a"] for file in FILES])}, "only one class"),
        ({**class_folders(2, 2), "inner.zip": b"PK"}, "an archive in the archive"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned(tmp_path: Path, files: dict[str, bytes], reason: str) -> None:
    for path in (packed(tmp_path / "p.zip", files), spread_without_folders(tmp_path, files)):
        _, wrong = understood(path)
        assert reason in " ".join(problem.reason for problem in wrong.first)
    assert reason in " ".join(told for _, _, told in problems(path))


def spread_without_folders(tmp_path: Path, files: dict[str, bytes]) -> Path:
    folder = spread(tmp_path / "p", {name: data for name, data in files.items() if not name.endswith("/")})
    for name in files:
        if name.endswith("/"):
            (folder / name).mkdir()
    return folder


def test_too_many_classes(tmp_path: Path) -> None:
    picture = png()
    files = {f"{label:04}/{i}.png": picture for label in range(1001) for i in range(2)}
    ((file, row, reason),) = problems(packed(tmp_path / "p.zip", files))
    assert (file, row, reason) == ("p.zip", None, "There are 1,001 classes; at most 1,000.")


def test_what_is_not_there_or_no_archive(tmp_path: Path) -> None:
    assert problems(tmp_path / "absent.zip") == [("absent.zip", None, "absent.zip is not there.")]
    (tmp_path / "photos.rar").write_bytes(b"Rar!\x1a\x07\x00")
    assert problems(tmp_path / "photos.rar")[0][2] == "It is not a zip archive, or a damaged one."


def test_the_finished_tensors_have_a_limit_told_with_its_arithmetic(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.zip", class_folders(400, 300))
    with pytest.raises(DataError, match=r"700 pictures of 3 x 512 x 512 bytes are 551 MB; at most 512 MB"):
        load_images(path, 512)


@pytest.mark.parametrize(
    ("share", "counts", "held"),
    [(0.2, (10, 25, 3), (2, 5, 1)), (0.5, (2, 3, 9), (1, 2, 5)), (0.01, (2, 40, 300), (1, 1, 3)),
     (0.99, (2, 10, 50), (1, 9, 49))],
)  # fmt: skip
def test_a_share_of_each_class_is_held_out(
    tmp_path: Path, share: float, counts: tuple[int, ...], held: tuple[int, ...]
) -> None:
    assert tuple(held_out(count, share) for count in counts) == held
    data = load_images(packed(tmp_path / "p.zip", class_folders(*counts)), 8, test_share=share)
    assert class_counts(data.test.labels) == held
    assert class_counts(data.train.labels) == tuple(
        all - test for all, test in zip(counts, held, strict=True)
    )


def class_counts(labels: torch.Tensor) -> tuple[int, ...]:
    return tuple(count for _, count in sorted(Counter(labels.tolist()).items()))


def test_the_seed_settles_what_is_held_out_and_nothing_is_lost(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.zip", class_folders(20, 20))

    def pictures(data: Dataset) -> tuple[set[bytes], set[bytes]]:
        return tuple({image.numpy().tobytes() for image in split.images} for split in (data.train, data.test))

    train, test = pictures(load_images(path, 8, seed=1))
    assert not train & test and len(train | test) == 40
    assert pictures(load_images(path, 8, seed=1)) == (train, test)
    other_train, other_test = pictures(load_images(path, 8, seed=2))
    assert other_test != test and other_train | other_test == train | test


@pytest.mark.parametrize(
    "wrong",
    [{"image_size": 3}, {"image_size": 513}, {"image_size": 32.0}, {"image_size": True}, {"channels": 2},
     {"channels": "3"}, {"fit": "crop"}, {"test_share": 0}, {"test_share": 1}, {"test_share": "half"},
     {"test_share": float("nan")}, {"seed": -1}, {"seed": 1.5}],
)  # fmt: skip
def test_options_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(LabError, match=r"[a-z].*should|There is no fit"):
        ImageOptions(**wrong).validate()


def test_options_through_json() -> None:
    options = ImageOptions(28, 1, "fill", 0.25, 7)
    assert ImageOptions.from_json(options.to_json()) == options


def test_a_handful_of_labelled_files() -> None:
    files = [(f"{i}.png", png(i), ("cat", 'a "dog", big')[i % 2]) for i in range(4)]
    found = look_at(pack_files(files))
    assert found.classes == ('a "dog", big', "cat") and found.counts["train"] == (2, 2)
    assert {example.file for example in found.examples} == {f"images/{i}.png" for i in range(4)}


def test_a_handful_obeys_the_same_rules() -> None:
    files = [("0.png", png(0), "a"), ("0.png", png(1), "a"), ("../1.png", png(2), "b"), ("3.txt", b"x", "")]
    told = {reason for _, _, reason in problems(pack_files(files))}
    assert "Another file has the same name: images/0.png." in told
    assert "This path leads outside the archive." in told
    assert "There is no label in this row." in told
    with pytest.raises(DataError, match="At most 20,000 pictures of 200 MB"):
        pack_files([("a.png", bytes(2 * 10**8 + 1), "a")])


def test_a_column_called_split_is_never_the_label(tmp_path: Path) -> None:
    rows = [["file", "split", "label"], *([FILES[i], "train", LABELS[i]] for i in range(6))]
    assert in_training(with_table(tmp_path, table(rows))) == (("cat", "dog"), [3, 3])


def test_two_thousand_tables_of_anything() -> None:
    numbers = random.Random(0)
    pieces = [
        "0.png", "images/1.png", "a", "고양이", "", '"', "'", ",", ";", "\t", "\n", "\r\n", "\n\n", "\0", " ",
        "train", "test", "split", "label", "\u2028", "-1", "nan",
    ]  # fmt: skip
    read = 0
    for _ in range(2000):
        text = "".join(numbers.choices(pieces, k=numbers.randint(0, 40)))
        data = bytearray(text.encode(numbers.choice(["utf-8", "utf-16", "cp949"]), "replace"))
        for _ in range(numbers.randint(0, 2) if data else 0):
            data[numbers.randrange(len(data))] = numbers.randrange(256)
        try:
            found = read_table(bytes(data), {"0.png", "images/1.png"}.__contains__)
        except DataError:
            continue
        read += 1
        assert all(row.number >= 1 for row in found.rows) and found.matches <= len(found.rows)
    assert read > 500


def test_room_on_the_disk_is_looked_for_before(tmp_path: Path) -> None:
    worker._check_disk(tmp_path, 1000)
    with pytest.raises(DataError, match=r"needs 1,000,000,000,000 MB on the disk, where [0-9,]+ MB are free"):
        worker._check_disk(tmp_path, 10**18)
