"""Archives, pictures and names that mean harm: each answered with a sentence, none with anything else."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import hostile
import psutil
import pytest
from own_images_kit import packed, png, spread

from nnlab.data import dataset_info, images, own_images
from nnlab.data.images import ImageOptions, import_images, load_images, look_at
from nnlab.errors import DataError, Problem, Sentence
from nnlab.pictures.names import dataset_name, folded, is_device, member_path

pytest_plugins = ("own_images_fixtures",)

MOST_MEMORY = 200 * 10**6


def state(folder: Path) -> dict[str, str]:
    """Everything below a folder, with what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }


def peak_growth(work: Callable[[], None]) -> int:
    """By how many bytes the memory of this process grew at most while working; 0 where that is not known."""
    if sys.platform != "linux":
        work()
        return 0
    process = psutil.Process()
    before = process.memory_info().rss
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark begins anew
    work()
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return peak - before


def look(path: Path) -> list[Problem]:
    """What is said of an archive that is only looked at."""
    return told(lambda: look_at(path))


def refused(path: Path) -> list[Problem]:
    """What is said of an archive that is to become a dataset."""
    return told(lambda: import_images(path, ImageOptions(8)))


def told(read: Callable[[], object]) -> list[Problem]:
    with pytest.raises(DataError) as failure:
        read()
    problems = list(failure.value.problems)
    assert 1 <= len(problems) <= 50
    for problem in problems:
        assert isinstance(problem.reason, Sentence) and problem.reason and problem.file.isprintable()
        assert "ended" not in problem.reason, "the process did not get through it"
    return problems


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All hostile archives as files."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, make in hostile.ARCHIVES.items():
        (folder / f"{name}.zip").write_bytes(make())
    return {name: folder / f"{name}.zip" for name in hostile.ARCHIVES}


@pytest.fixture(scope="module")
def looked(archives: dict[str, Path]) -> tuple[dict[str, list[Problem]], int]:
    """What is said of each of them when they are looked at, and by how much the memory grew meanwhile."""
    answers: dict[str, list[Problem]] = {}
    growth = peak_growth(lambda: answers.update({name: look(path) for name, path in archives.items()}))
    return answers, growth


@pytest.fixture
def sentinel(root: Path, tmp_path: Path) -> Iterator[Path]:
    """A tree around the data root in which nothing may change, but for what is made in "uploads"."""
    spread(tmp_path / "around", {"a.txt": b"a", "b/escaped.png": b"b", "0.png": b"c"})
    before = state(tmp_path / "around")
    yield tmp_path / "around" / "uploads"
    after = state(tmp_path / "around")
    assert {name: value for name, value in after.items() if not name.startswith("uploads")} == before
    assert not [path for path in tmp_path.rglob("*") if "escaped" in path.name and "around" not in path.parts]
    assert state(root) in ({}, {"images": ""}), "nothing is left in the data root"


@pytest.mark.parametrize("name", hostile.ARCHIVES)
def test_a_hostile_archive_is_refused(
    name: str, archives: dict[str, Path], looked: tuple[dict[str, list[Problem]], int], sentinel: Path
) -> None:
    assert refused(archives[name]) == looked[0][name]


def test_hostile_archives_take_no_memory_here(looked: tuple[dict[str, list[Problem]], int]) -> None:
    assert len(looked[0]) >= 30 and looked[1] < MOST_MEMORY


def test_of_hostile_pictures_each_is_refused_and_only_those(sentinel: Path) -> None:
    good = {f"{label}/{i}.png": png(i) for label in "ab" for i in range(2)}
    wrong = {f"b/{name}.png": make() for name, make in hostile.PICTURES.items()}
    problems = refused(packed(sentinel / "pictures.zip", {**good, **wrong}))
    assert [problem.file for problem in problems] == sorted(wrong)


def test_each_of_500_damaged_pictures_is_answered(sentinel: Path, root: Path) -> None:
    """By fifties, for so many problems are told one by one: what is not told of is made a tensor."""
    pictures = list(hostile.mutated(500))
    good = wrong = 0

    def answer_all() -> None:
        nonlocal good, wrong
        for start in range(0, len(pictures), 50):
            some = enumerate(pictures[start : start + 50])
            files = {f"{'ab'[i % 2]}/{name}": data for i, (name, data) in some}
            frame = {f"{label}/whole{i}.png": png(i) for label in "ab" for i in range(2)}
            problems: tuple[Problem, ...] = ()
            try:
                look_at(packed(sentinel / "pictures.zip", {**files, **frame}))
            except DataError as error:
                problems = tuple(error.problems)
                assert error.values["total"] == len(problems)
            told = {problem.file for problem in problems}
            assert len(told) == len(problems) and told <= set(files)
            left = {name: data for name, data in files.items() if name not in told}
            data = load_images(packed(sentinel / "rest.zip", {**left, **frame}), 16)
            assert len(data.train) + len(data.test) == len(left) + len(frame)
            good, wrong = good + len(left), wrong + len(told)
            images.delete(dataset_info(data.name))

    assert peak_growth(answer_all) < MOST_MEMORY
    assert good + wrong == 500 and good > 50 and wrong > 200


def fuzzed_names(count: int) -> Iterator[str]:
    """Names out of the pieces that paths, shells, browsers and systems stumble over, and out of any signs."""
    numbers = random.Random(4)
    pieces = [
        "..", "/", "\\", "~", ".", " ", "\0", "\n", "con", "NUL", "com1", "COM¹", "aux.png", ":",
        "C:", "images", "a", "Z", "ä", "e\u0301", "\u202e", "\u200d", "고양이", "한",
        "\u1112\u1161\u11ab", "猫", "-", "_", "0", "٣", "'", '"', "$(id)", "`", "*", "?", "<b>",
        "|", "%2e%2e", "%00", "\ufeff", "\u0301", "İ", "ß", "\ud800", "~0123456789abcdef0123",
        "x" * 39, "ﬁ", "½", "\u2215", "\uff0f", "\u3000", "\u00a0", "😀",
    ]  # fmt: skip
    for number in range(count):
        if number % 3:
            yield "".join(numbers.choices(pieces, k=numbers.randint(0, 6)))
        else:
            yield "".join(chr(numbers.randrange(1, 0x11000)) for _ in range(numbers.randint(1, 45)))


def test_ten_thousand_names_and_no_escape(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    for folder in (outside, root, root / "images"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / own_images.DATASET).write_bytes(b"not to be found")
    taken = 0
    for text in fuzzed_names(10_000):
        assert own_images.home(f"images/{text}") is None
        assert own_images.home(f"images/{text}/../../outside") is None
        try:
            name = dataset_name(text)
        except DataError:
            continue
        taken += 1
        folder = root / own_images.full_name(name)
        assert folder.resolve().parent == (root / "images").resolve() and folder.name == name
        assert 1 <= len(name) <= 40 and len(name.encode()) < 200
        assert name == unicodedata.normalize("NFC", name) == name.strip() and name.isprintable()
        assert not is_device(name) and not set(name) & set("./\\~:*?\"'<>|$`%&;#!()[]{}")
        assert not own_images.is_unsaved(f"images/{name}")
        assert dataset_name(name) == name
    assert taken > 300


def test_ten_thousand_member_names_and_no_escape() -> None:
    taken = 0
    for text in fuzzed_names(10_000):
        try:
            parts = member_path(text)
        except DataError:
            continue
        taken += 1
        inside = Path("/here").joinpath(*parts)
        assert inside.is_relative_to("/here") and inside != Path("/here")
        assert all(part not in ("", ".", "..") and not set(part) & set("/\\\0\n") for part in parts)
        assert folded("/".join(parts)) == folded(unicodedata.normalize("NFD", "/".join(parts)))
    assert taken > 1000


@pytest.mark.parametrize("make", ["link", "link_to_folder", "pipe"])
def test_what_is_no_file_in_a_folder_is_refused(make: str, tmp_path: Path, root: Path) -> None:
    folder = spread(tmp_path / "photos", {f"{label}/{i}.png": png(i) for label in "ab" for i in range(2)})
    spread(tmp_path / "elsewhere", {"secret.png": png(3)})
    wrong = folder / "a" / "wrong.png"
    if make == "pipe":
        os.mkfifo(wrong)
    else:
        wrong.symlink_to(tmp_path / ("elsewhere" if make == "link_to_folder" else "elsewhere/secret.png"))
    (problem,) = refused(folder)
    assert problem.file == "a/wrong.png" and ("link" in problem.reason) == (make != "pipe")


def test_litter_is_left_out(tmp_path: Path, root: Path) -> None:
    good = {f"{label}/{i}.png": png(i) for label in "ab" for i in range(2)}
    litter = {
        "__MACOSX/a/._0.png": b"x", "a/.DS_Store": b"x", "a/Thumbs.db": b"x", "b/desktop.ini": b"x",
        ".hidden/0.png": b"x", "a/.hidden.png": b"x", "README.md": b"x", "LICENSE": b"x",
    }  # fmt: skip
    for path in (packed(tmp_path / "p.zip", {**litter, **good}), spread(tmp_path / "p", {**litter, **good})):
        assert look_at(path).counts == {"train": (2, 2), "test": None}


def test_the_process_that_reads_does_without_torch() -> None:
    code = (
        "import sys, nnlab.pictures.worker, nnlab.pictures.process\n"
        "print({name.split('.')[0] for name in sys.modules} & {'torch', 'torchvision', 'numpy', 'streamlit'})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
