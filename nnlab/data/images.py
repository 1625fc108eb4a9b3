"""Pictures of a person's own as a dataset: from a zip or a folder, all of it or nothing.

    data = nnlab.load_images("photos.zip", image_size=32)

An archive is read by a process of its own (`nnlab.pictures`), which checks every file. Everything that is
wrong is told at once, file by file, in the `problems` of one `DataError`. The finished dataset is called
``images/...``, and that name works wherever datasets are named.
"""

from __future__ import annotations

import base64
import csv
import io
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np

from nnlab.data import own_images
from nnlab.data.dataset import Dataset
from nnlab.data.images_source import own_info
from nnlab.data.loading import load_dataset
from nnlab.data.registry import DatasetInfo
from nnlab.data.sources import Place
from nnlab.errors import DataError, Sentence
from nnlab.pictures import FITS, ImageOptions, prepare_picture
from nnlab.pictures.limits import FORMATS, MAX_BYTES, MAX_FILES, MAX_MEGAPIXELS
from nnlab.pictures.names import printable
from nnlab.pictures.options import held_out
from nnlab.pictures.process import ask
from nnlab.pictures.tensors import DATASET, EXPORT, SOURCE, read_header

__all__ = [
    "FITS",
    "FORMATS",
    "MAX_BYTES",
    "MAX_FILES",
    "MAX_MEGAPIXELS",
    "Example",
    "Found",
    "ImageOptions",
    "delete",
    "export_zip",
    "held_out",
    "import_images",
    "load_images",
    "look_at",
    "pack_files",
    "prepare_picture",
    "save_as",
    "saved_images",
    "show_pictures",
]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Example:
    """One picture of an archive, before it is brought to size.

    Attributes:
        file: its path in the archive.
        label: its class.
        place: its format, mode and size.
        picture: uint8 (H, W, 3) or (H, W, 1), upright, at most 256 pixels a side.
    """

    file: str
    label: str
    place: Place
    picture: np.ndarray


class Counts(TypedDict):
    """Pictures of each class in each split; None where the archive does not say what the test is."""

    train: tuple[int, ...]
    test: tuple[int, ...] | None


@dataclass(frozen=True, eq=False)
class Found:
    """What an archive holds, after every file of it was checked.

    Attributes:
        layout: "folders" or "csv".
        classes: the names of the classes, in the order of the labels.
        counts: pictures of each class, of "train" and of "test".
        examples: up to eight, of as many classes as there are.
        file_bytes: of all files, unpacked.
    """

    layout: Literal["folders", "csv"]
    classes: tuple[str, ...]
    counts: Counts
    examples: tuple[Example, ...]
    file_bytes: int


def load_images(
    path: str | Path,
    image_size: int = ImageOptions.image_size,
    channels: int = ImageOptions.channels,
    *,
    fit: str = ImageOptions.fit,
    test_share: float = ImageOptions.test_share,
    seed: int = ImageOptions.seed,
) -> Dataset:
    """The pictures of a zip or a folder as a dataset, which is kept for a day under its name.

    Args:
        path: a zip or a folder with a folder for each class (maybe inside ``train`` and ``test``), or with
            pictures and one CSV file of file name and label.
        image_size: pixels of a side of the finished square.
        channels: 1 for grey, 3 for colour.
        fit: "fit" the whole picture between black bars, "fill" the middle of it, "stretch" bent to the
            square.
        test_share: how many of each class are held out for the test where the archive has none.
        seed: which ones those are.

    Raises:
        DataError: it cannot be used; its `problems` say what is wrong file by file.
    """
    options = ImageOptions(image_size, channels, fit, test_share, seed)
    return load_dataset(import_images(path, options).name)


def look_at(path: str | Path, progress: Progress | None = None) -> Found:
    """Check every file of a zip or a folder, and say what it holds. Writes nothing.

    Args:
        path: as in `load_images`.
        progress: called with the pictures done and in all; an exception it raises ends the work.

    Raises:
        DataError: as in `load_images`.
    """
    path, archive = _given(path)
    found = ask({"command": "look", "path": str(path)}, archive, progress)["found"]
    train, test = found["counts"]["train"], found["counts"]["test"]
    return Found(
        found["layout"],
        tuple(found["classes"]),
        Counts(train=tuple(train), test=None if test is None else tuple(test)),
        tuple(_example(value, archive) for value in found["examples"]),
        found["file_bytes"],
    )


def show_pictures(folder: str | Path, progress: Progress | None = None) -> tuple[Example, ...]:
    """The first 100 pictures of a folder, 160 pixels a side at most, unlabelled; other files are left out.

    Raises:
        DataError: the folder cannot be read, or breaks a limit as a whole.
    """
    folder = Path(folder).expanduser().absolute()
    shown = ask({"command": "show", "path": str(folder)}, folder.name, progress)["shown"]
    return tuple(_example(value, folder.name) for value in shown)


def import_images(
    path: str | Path, options: ImageOptions, name: str | None = None, progress: Progress | None = None
) -> DatasetInfo:
    """Make a dataset of a zip or a folder and keep it below the data root.

    Args:
        path: as in `load_images`.
        options: how the pictures are brought to one size.
        name: what it shall be saved as; None keeps it for a day.
        progress: as in `look_at`.

    Raises:
        DataError: as in `load_images`, or the name is taken or cannot be one.
    """
    options.validate()
    wanted = None if name is None else _free_name(name)
    path, archive = _given(path)
    own_images.sweep()
    with own_images.workplace() as part:
        job = {"command": "import", "path": str(path), "options": options.to_json(), "folder": str(part)}
        ask(job, archive, progress)
        header = read_header(part / DATASET)
        final = wanted or own_images.full_name(f"~{header.name}")
        base = part.parent.parent
        if not own_images.publish(part, final):
            if wanted:
                raise _taken(wanted)
            own_images.touch(base / final)  # the same pictures, brought to size in the same way
    return own_info(final, base)


def pack_files(files: Sequence[tuple[str, bytes, str]]) -> Path:
    """A zip of a handful of pictures, each with its file name and its label, to be read like any other.

    It lies in a temporary place, together with its folder, and goes away a day later.

    Raises:
        DataError: there is no place for it, or there are too many.
    """
    if len(files) > MAX_FILES or sum(len(data) for _, data, _ in files) > MAX_BYTES:
        raise DataError(
            "At most {files:,} pictures of {most} MB in all can be taken.",
            files=MAX_FILES, most=MAX_BYTES // 10**6,
        )  # fmt: skip
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("file", "label"))
    packed = own_images.new_part() / "pictures.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data, label in files:
            archive.writestr(zipfile.ZipInfo(f"images/{name}"), data)
            rows.writerow((name, label))
        archive.writestr("labels.csv", table.getvalue())
    return packed


def save_as(info: DatasetInfo, name: str) -> DatasetInfo:
    """Keep a dataset under a name until it is deleted. The unsaved one stays as well, for its day.

    Raises:
        DataError: the name is taken or cannot be one, the dataset is gone, or nothing can be written.
    """
    wanted = _free_name(name)
    base, folder = _place_of(info)
    with own_images.workplace(base) as part:
        try:
            for file in (DATASET, SOURCE):
                if (folder / file).is_file():
                    _link(folder / file, part / file)
            published = own_images.publish(part, wanted)
        except OSError as error:
            raise _not_written(info, error) from error
    if not published:
        raise _taken(wanted)
    return own_info(wanted, base)


def delete(info: DatasetInfo) -> None:
    """Delete a dataset of a person's own; whoever has it in memory keeps it. Raises `DataError`."""
    _, folder = _place_of(info)
    try:
        own_images.remove(folder)
    except OSError as error:
        raise _not_written(info, error) from error


def saved_images() -> list[DatasetInfo]:
    """The saved datasets, by name; damaged ones are left out."""
    found = []
    for name in own_images.saved_names():
        base = own_images.home(name)
        if base is not None:
            try:
                found.append(own_info(name, base))
            except DataError:
                continue
    return found


def export_zip(info: DatasetInfo, progress: Progress | None = None) -> Path:
    """A zip of the finished pictures: ``images/*.png`` and ``labels.csv`` (file, label, split).

    It lies in the dataset's folder and is made once. Read again by `load_images` at the same size it gives
    the same tensors.

    Raises:
        DataError: the dataset is gone or damaged, or nothing can be written.
    """
    base, folder = _place_of(info)
    target = folder / EXPORT
    if not target.is_file():
        with own_images.workplace(base) as part:
            job = {"command": "export", "path": str(folder / DATASET), "folder": str(part)}
            ask(job, info.title, progress)
            try:
                os.replace(part / EXPORT, target)
            except OSError as error:
                raise _not_written(info, error) from error
    own_images.touch(folder)
    return target


def _given(path: str | Path) -> tuple[Path, str]:
    """The whole path of an archive, and what it is called."""
    whole = Path(os.path.abspath(Path(path).expanduser()))
    return whole, printable(whole.name) or str(whole)


def _example(value: dict[str, Any], archive: str) -> Example:
    picture = np.frombuffer(base64.b64decode(value["pixels"]), np.uint8).reshape(value["picture"])
    width, height = value["size"]
    where = Sentence("in {archive}", archive=archive)
    place = Place(value["file"], where, value["bytes"], value["format"], value["mode"], (width, height))
    return Example(value["file"], value["label"], place, picture)


def _free_name(name: str) -> str:
    """The full name of a dataset to be saved. Raises `DataError` where it cannot be one or is taken."""
    wanted = f"{own_images.FOLDER}/{own_images.dataset_name(name)}"
    if own_images.taken(wanted):
        raise _taken(wanted)
    return wanted


def _taken(wanted: str) -> DataError:
    return DataError(
        'There are already pictures saved as "{name}".', name=wanted.removeprefix(own_images.FOLDER + "/")
    )


def _place_of(info: DatasetInfo) -> tuple[Path, Path]:
    """The data root and the folder of an own dataset. Raises `DataError` where it is not there."""
    base = own_images.home(info.name)
    if base is None:
        raise own_images.absent(info.name)
    return base, base / info.name


def _link(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the disk has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _not_written(info: DatasetInfo, error: OSError) -> DataError:
    return DataError(
        'The pictures "{title}" cannot be written or deleted ({reason}).',
        title=info.title, reason=error.strerror or type(error).__name__,
    )  # fmt: skip
