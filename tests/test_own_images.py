"""Own pictures as datasets: named, saved, loaded, exported, swept away; and what may go wrong meanwhile."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import torch
from own_images_kit import class_folders, encoded, noise, packed, png, spread
from PIL import Image
from runs_kit import ended
from safetensors.torch import load_file

import nnlab
from nnlab.cli import main
from nnlab.data import dataset_info, dataset_names, images, is_present, load_dataset, own_images
from nnlab.data.images import (
    ImageOptions,
    delete,
    export_zip,
    import_images,
    load_images,
    look_at,
    save_as,
    saved_images,
)
from nnlab.errors import DataError
from nnlab.pictures import limits
from nnlab.runs import RunStore

pytest_plugins = ("own_images_fixtures", "runs_fixtures")

DAY = 24 * 3600


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return packed(tmp_path / "My pets.zip", class_folders(8, 6))


def test_a_dataset_like_any_other(archive: Path, root: Path) -> None:
    info = import_images(archive, ImageOptions(16, 1), "My pets")
    assert info.name == "images/My pets" and info.title == "My pets" and info.own and info.drawable
    assert dataset_info(info.name) == info and info.name in dataset_names() and is_present(info.name)
    assert (info.shape, info.classes, info.train_count, info.test_count) == ((1, 16, 16), ("a", "b"), 11, 3)
    data = load_dataset(info.name)
    assert data is load_dataset(info.name), "shared"
    assert (data.name, data.title, data.classes) == (info.name, "My pets", ("a", "b"))
    assert data.train.images.shape == (11, 1, 16, 16) and data.test.images.shape == (3, 1, 16, 16)
    assert data.train.images.is_contiguous() and data.train.labels.dtype == torch.int64
    assert data.mean[0] == pytest.approx(float(data.train.images.float().mean() / 255))


def test_the_file_is_safetensors(archive: Path, root: Path) -> None:
    info = import_images(archive, ImageOptions(16))
    data = load_dataset(info.name)
    tensors = load_file(root / info.name / own_images.DATASET)
    for split in ("train", "test"):
        assert torch.equal(tensors[f"{split}.images"], getattr(data, split).images)
        assert torch.equal(tensors[f"{split}.labels"], getattr(data, split).labels)
    places = [info.source.place("train", i).file for i in range(info.train_count)]
    assert json.loads(tensors["files"].numpy().tobytes())[: info.train_count] == places


def test_what_is_not_saved_is_named_by_its_contents(archive: Path, root: Path, tmp_path: Path) -> None:
    first = import_images(archive, ImageOptions(16))
    assert own_images.is_unsaved(first.name) and first.title == "My pets"
    assert first.name not in dataset_names() and dataset_info(first.name) == first
    (tmp_path / "copy").mkdir()
    copy = shutil.copy(archive, tmp_path / "copy" / archive.name)
    assert import_images(copy, ImageOptions(16)) == first
    assert import_images(archive, ImageOptions(17)).name != first.name
    folder = spread(tmp_path / "My pets", class_folders(8, 6))
    assert import_images(folder, ImageOptions(16)).classes == first.classes


def test_saved_beside_the_unsaved(archive: Path, root: Path) -> None:
    unsaved = import_images(archive, ImageOptions(16))
    saved = save_as(unsaved, "Haustiere")
    assert [info.name for info in saved_images()] == ["images/Haustiere"] and is_present(unsaved.name)
    assert torch.equal(load_dataset(saved.name).train.images, load_dataset(unsaved.name).train.images)
    with zipfile.ZipFile(saved.source.archive) as source:
        assert len(source.namelist()) == 14
    delete(unsaved)
    assert not is_present(unsaved.name) and is_present(saved.name)
    delete(saved)
    assert saved_images() == [] and not [path for path in root.rglob("*") if path.is_file()]
    with pytest.raises(DataError, match='There are no pictures saved as "Haustiere" here'):
        load_dataset(saved.name)
    with pytest.raises(DataError, match="were not saved, and not used for a day"):
        dataset_info(unsaved.name)
    for act in (delete, export_zip, lambda info: save_as(info, "other")):
        with pytest.raises(DataError, match="There are no pictures"):
            act(saved)


@pytest.mark.parametrize("name", ["Pets", "PETS", "pets"])
def test_a_name_is_given_once(archive: Path, root: Path, name: str) -> None:
    import_images(archive, ImageOptions(16), "Pets")
    for attempt in (
        lambda: import_images(archive, ImageOptions(17), name),
        lambda: save_as(import_images(archive, ImageOptions(17)), name),
    ):
        with pytest.raises(DataError, match="already pictures saved"):
            attempt()
    assert [info.shape for info in saved_images()] == [(3, 16, 16)]


@pytest.mark.parametrize(
    "name", ["", " ", "..", "a/b", "~x", ".x", " x", "x ", "x.", "con", "NUL", "a" * 41, "a\\b", "e\u0301\0"]
)
def test_names_that_are_none(archive: Path, root: Path, name: str) -> None:
    with pytest.raises(DataError):
        import_images(archive, ImageOptions(16), name)
    assert not root.exists()


def test_unknown_names(root: Path) -> None:
    for name in (
        "images/",
        "images/..",
        "images/../MNIST",
        "images/~zz",
        "images/a/b",
        "images/none",
        "images",
    ):
        assert own_images.home(name) is None
        with pytest.raises(DataError):
            load_dataset(name)
    assert not is_present("images/none")


def test_exported_and_read_again_it_is_the_same(archive: Path, root: Path) -> None:
    for options in (ImageOptions(16, 3, "fill"), ImageOptions(9, 1)):
        info = import_images(archive, options)
        target = export_zip(info)
        assert export_zip(info) == target and target.is_relative_to(root)
        with zipfile.ZipFile(target) as export:
            rows = list(csv.DictReader(io.TextIOWrapper(export.open("labels.csv"), "utf-8")))
            assert [row["split"] for row in rows] == ["train"] * info.train_count + ["test"] * info.test_count
            picture = Image.open(io.BytesIO(export.read(f"images/{rows[0]['file']}")))
            assert picture.format == "PNG" and picture.mode == {1: "L", 3: "RGB"}[options.channels]
        again, data = load_images(target, options.image_size, options.channels), load_dataset(info.name)
        assert again.classes == data.classes
        for split in ("train", "test"):
            assert torch.equal(getattr(again, split).images, getattr(data, split).images)
            assert torch.equal(getattr(again, split).labels, getattr(data, split).labels)


@pytest.mark.parametrize("harm", ["cut", "flip", "header", "shape", "empty", "huge_header", "nonsense"])
def test_a_damaged_file_is_a_sentence(archive: Path, root: Path, harm: str) -> None:
    info = import_images(archive, ImageOptions(16), "x")
    path = root / info.name / own_images.DATASET
    data = bytearray(path.read_bytes())
    if harm == "flip":
        data[-5000] ^= 1
    elif harm == "shape":
        data = data.replace(b"[11,3,16,16]", b"[11,3,16,17]")
    path.write_bytes({
        "cut": data[:-100], "flip": data, "header": data.replace(b"nnlab", b"nnlad"), "shape": data,
        "empty": b"", "huge_header": b"\xff" * 8 + data[8:], "nonsense": os.urandom(5000),
    }[harm])  # fmt: skip
    with pytest.raises(DataError, match="is damaged"):
        load_dataset(info.name)


def test_swept_a_day_after_its_last_use(archive: Path, root: Path) -> None:
    old, used = import_images(archive, ImageOptions(16)), import_images(archive, ImageOptions(17))
    saved = import_images(archive, ImageOptions(18), "kept")
    left = root / "images" / ".part-left"
    left.mkdir()
    long_ago = time.time() - DAY - 60
    for folder in (root / old.name, root / used.name, root / saved.name, left):
        os.utime(folder, (long_ago, long_ago))
    load_dataset(used.name)
    images.pack_files([("a.png", png(), "a")])  # a new part, which stays
    import_images(archive, ImageOptions(19))
    assert not is_present(old.name) and not left.exists()
    assert is_present(used.name) and is_present(saved.name)
    assert len(list((root / "images").glob(".part-*"))) == 1


def test_the_cache_takes_what_the_data_root_may_not(archive: Path, root: Path, cache: Path) -> None:
    root.mkdir()
    root.chmod(0o555)
    info = import_images(archive, ImageOptions(16), "pets")
    assert (cache / info.name / own_images.DATASET).is_file() and list(root.iterdir()) == []
    assert load_dataset(info.name, root=root).name == info.name, "as the process does that trains a run"
    assert info.name in dataset_names() and saved_images() == [info]
    root.chmod(0o755)


def test_nothing_can_be_written(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "file" / "root"))
    monkeypatch.setattr(own_images, "cache_root", lambda: tmp_path / "file" / "cache")
    with pytest.raises(DataError, match=r"cannot be kept in .* choose another folder by NNLAB_DATA"):
        import_images(archive, ImageOptions(16))
    assert look_at(archive).classes == ("a", "b")


@contextlib.contextmanager
def longest_file(size: int) -> Iterator[None]:
    """No process of ours may write a longer file: like a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk(archive: Path, root: Path) -> None:
    with (
        longest_file(10**6),
        pytest.raises(DataError, match=r"could not be read or written \(File too large"),
    ):
        import_images(archive, ImageOptions(256))
    assert not [path for path in root.rglob("*") if path.is_file()]


def test_many_at_once(archive: Path, root: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        unsaved = list(pool.map(lambda _: import_images(archive, ImageOptions(16)), range(4)))
        named = [pool.submit(import_images, archive, ImageOptions(16), "one") for _ in range(2)]
        loaded = list(pool.map(lambda info: load_dataset(info.name), unsaved))
    assert len({info.name for info in unsaved}) == 1 and len({id(data) for data in loaded}) == 1
    assert sorted(future.exception() is None for future in named) == [False, True]
    assert len([path for path in (root / "images").iterdir()]) == 2


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """An archive that takes a second: pictures of nine million pixels in a few kilobytes each."""
    black = encoded(Image.new("L", (3000, 3000)), "PNG")
    files = {f"{label}/{i}.png": black for label in "ab" for i in range(60)}
    return packed(tmp_path / "slow.zip", files)


def ours() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children(recursive=True) if "pictures.worker" in command(child)
    ]


def command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def once(act: Callable[[], None]) -> Callable[[int, int], None]:
    """A progress that does something when first called, while pictures are being decoded."""
    done: list[bool] = []

    def progress(_: int, of: int) -> None:
        assert of == 120
        if not done:
            done.append(True)
            act()

    return progress


def test_the_process_that_reads_is_killed(slow: Path, root: Path) -> None:
    def kill() -> None:
        min(ours(), key=lambda process: process.create_time()).kill()

    with pytest.raises(DataError, match=r"was ended \(signal 9\); try again") as failure:
        import_images(slow, ImageOptions(16), progress=once(kill))
    assert [problem.file for problem in failure.value.problems] == ["slow.zip"]
    assert not [path for path in root.rglob("*") if path.is_file()] and not ours()


def test_a_decoder_is_killed_and_the_picture_it_was_at_is_named(slow: Path, root: Path) -> None:
    def kill() -> None:
        max(ours(), key=lambda process: process.create_time()).kill()

    with pytest.raises(
        DataError, match=r"At this picture, the process that reads was ended \(signal 9\)"
    ) as failure:
        look_at(slow, progress=once(kill))
    (problem,) = failure.value.problems
    assert problem.file.endswith(".png")


def test_progress_may_end_the_work(slow: Path, root: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_images(slow, ImageOptions(16), progress=once(stop))
    assert not [path for path in root.rglob("*") if path.is_file()] and not ours()


def test_it_takes_too_long(slow: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.05)
    with pytest.raises(DataError, match=r"took more than 0.05 s and was given up"):
        look_at(slow)
    assert not ours()


def test_it_ends_with_whoever_asked(slow: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "nnlab.pictures.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    job = {"command": "look", "path": str(slow), "archive": "slow.zip"}
    out, _ = process.communicate(json.dumps(job).encode() + b"\n")  # and the input is closed
    assert process.returncode == 1 and b"found" not in out


def test_a_program_error_is_a_sentence_and_the_log_has_more(
    archive: Path, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from nnlab.pictures import process

    with pytest.raises(DataError, match="ended with an error of the program"):
        process.ask({"command": "look"}, "pets.zip")  # no path
    assert "KeyError: 'path'" in caplog.text
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DataError, match="cannot be started"):
        look_at(archive)


def test_a_run_in_a_process_of_its_own(archive: Path, root: Path, store: RunStore, monkeypatch) -> None:
    monkeypatch.setenv("NNLAB_DATA", str(root))  # `store` has its own
    info = import_images(archive, ImageOptions(8, 1), "pets")
    recipe = nnlab.Recipe(epochs=1, batch_size=4)
    run = ended(store.start(nnlab.RunSpec(info.name, nnlab.preset("logistic"), recipe)))
    assert run.state == "finished", run.status.problem
    delete(info)
    with pytest.raises(DataError, match="There are no pictures"):
        store.start(run.spec)


def test_from_the_shell(
    archive: Path, root: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root.mkdir()
    root.chmod(0o555)
    train = [
        "train",
        "--model",
        "logistic",
        "--epochs",
        "1",
        "--threads",
        "1",
        "--runs",
        str(tmp_path / "runs"),
    ]
    own = ["--image-size", "8", "--channels", "1", "--fit", "fill", "--batch-size", "4"]
    assert main([*train, "--images", str(archive), *own]) == 0
    assert "finished" in capsys.readouterr().out
    (run,) = RunStore(tmp_path / "runs").runs()
    assert dataset_info(run.spec.dataset).source.options == ImageOptions(8, 1, "fill")

    broken = packed(tmp_path / "broken.zip", {**class_folders(2, 2), "a/x.png": b"x", "b/y.png": b""})
    assert main([*train, "--images", str(broken)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "nnlab: Nothing was taken from broken.zip. Problems: 2. The first: a/x.png: "
        "This is no picture in PNG, JPEG, WebP, GIF or BMP.",
        "a/x.png: This is no picture in PNG, JPEG, WebP, GIF or BMP.",
        "b/y.png: This file is empty.",
    ]
    assert main([*train, "--images", str(archive), "--fit", "bend"]) == 2
    capsys.readouterr()
    assert main([*train, "--image-size", "8"]) == 2
    assert "pictures of --images, which is missing" in capsys.readouterr().err
    root.chmod(0o755)


def test_as_large_as_can_be(root: Path, tmp_path: Path) -> None:
    """As many files as an archive may hold, and their facts."""
    picture = encoded(noise("L", (1, 1)), "BMP")
    files = {f"{i % 10}/{i}": picture for i in range(limits.MAX_FILES)}
    info = import_images(packed(tmp_path / "large.zip", files), ImageOptions(4, 1))
    assert info.train_count + info.test_count == 20_000
    assert info.source.place("test", 3999).file in files


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_sixteen_megapixels_are_read_and_more_are_not(root: Path, tmp_path: Path, mode: str) -> None:
    just = encoded(Image.new(mode, (4000, 4000)), "PNG")
    more = encoded(Image.new(mode, (4001, 4000)), "PNG")
    small = encoded(noise(mode, (9, 9)), "PNG")
    files = {"a/0.png": just, "a/1.png": small, "b/0.png": small, "b/1.png": small}
    assert look_at(packed(tmp_path / "just.zip", files)).counts["train"] == (2, 2)
    with pytest.raises(DataError, match="This picture has more than 16 million pixels"):
        look_at(packed(tmp_path / "more.zip", {**files, "a/2.png": more}))
