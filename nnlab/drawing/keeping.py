"""Kept drawings on the disk: under a digest of what is in them for a day, as a zip, and as a dataset.

A set lies in ``drawings/~<digest>.json`` below the data root, or below the cache where that cannot be written
to. It is never changed: whoever keeps one drawing more has another set, so a link goes on showing what its
sender saw, and undoing is going back to the name before. What nobody has used for a day is swept away. A set
that is made a dataset and saved stays as that dataset does, with its strokes in the dataset's folder.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import time
import zipfile

from PIL import Image

from nnlab.data import own_images
from nnlab.data.images import import_images
from nnlab.data.registry import DatasetInfo
from nnlab.drawing.own import MOST_BYTES, OwnSet
from nnlab.drawing.own_drawing import OwnDrawing
from nnlab.errors import DataError, LabError, check
from nnlab.files import replace
from nnlab.pictures.options import ImageOptions
from nnlab.pictures.repack import DATE

FOLDER, FILE = "drawings", "drawings.json"
MOST_ARCHIVE = 20 * 10**6  # bytes of a zip that is read
_NAME = re.compile(r"~[0-9a-f]{20}")


def keep(drawings: OwnSet) -> str:
    """Write a set; the name that `kept` finds it by.

    Raises:
        LabError: it is too large, or nothing can be written.
    """
    name = f"~{drawings.validate().digest}"
    text = drawings.to_text()
    failure: OSError | None = None
    sweep()
    for base in own_images.roots():
        path = base / FOLDER / f"{name}.json"
        try:
            own_images.check_meant_for_writing(base)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file():
                os.utime(path)
            else:
                replace(path, lambda part: part.write_text(text, encoding="utf-8"), durable=False)
            return name
        except OSError as error:
            failure = failure or error
    assert failure is not None
    raise DataError(
        "Drawings cannot be kept in {folder} ({reason}); choose another folder by NNLAB_DATA.",
        folder=own_images.roots()[0], reason=failure.strerror or type(failure).__name__,
    ) from failure  # fmt: skip


def kept(name: str) -> OwnSet:
    """The set of that name.

    Raises:
        LabError: it is not there any more, or damaged.
    """
    if _NAME.fullmatch(name):
        for base in own_images.roots():
            path = base / FOLDER / f"{name}.json"
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                os.utime(path)
                return OwnSet.from_text(content)
    raise DataError("These drawings are not here any more: they were not saved, and not used for a day.")


def sweep(now: float | None = None) -> None:
    """Delete what was not used for a day."""
    now = time.time() if now is None else now
    for base in own_images.roots():
        with contextlib.suppress(OSError):
            for entry in list(os.scandir(base / FOLDER)):
                with contextlib.suppress(OSError):
                    if now - entry.stat(follow_symlinks=False).st_mtime > own_images.KEPT_SECONDS:
                        os.unlink(entry.path)


def archive_of(drawings: OwnSet) -> bytes:
    """A zip of pictures (``images/000.png``), of ``labels.csv`` with file and label, and of the strokes
    (``drawings.json``): the lab takes it in again, and so does whatever reads pictures with a table."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("file", "label"))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, drawing in enumerate(drawings.drawings):
            name = f"{number:03}.png"
            archive.writestr(zipfile.ZipInfo(f"images/{name}", DATE), _png(drawing))
            rows.writerow((name, drawing.label))
        archive.writestr(zipfile.ZipInfo("labels.csv", DATE), table.getvalue())
        archive.writestr(_deflated(FILE), drawings.to_text())
    return content.getvalue()


def read_archive(content: bytes) -> OwnSet:
    """The drawings of what `archive_of` has made, or of its ``drawings.json`` alone: all of them or nothing.

    Raises:
        LabError: it is neither, or which drawing is wrong and why.
    """
    check(
        len(content) <= MOST_ARCHIVE,
        "The file has {size:.1f} MB; at most {most:.0f} MB are read.",
        size=len(content) / 1e6, most=MOST_ARCHIVE / 1e6,
    )  # fmt: skip
    if not content.startswith(b"PK"):
        return OwnSet.from_text(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(FILE) as file:
            text = file.read(MOST_BYTES + 1)
    except KeyError:
        raise LabError(
            "There is no {file} in this zip. Pictures with labels are taken in on the Datasets page.",
            file=FILE,
        ) from None
    except Exception as error:  # a damaged zip may go wrong anywhere in the library
        raise LabError(
            "This zip is damaged ({reason}).", reason=str(error)[:100] or type(error).__name__
        ) from None
    return OwnSet.from_text(text)


def make_dataset(drawings: OwnSet, name: str | None = None) -> DatasetInfo:
    """A dataset like any other from the drawings, saved under `name` or kept for a day.

    It has the classes that are drawn; pictures are 28 x 28 and grey, or as large as those that were not drawn
    here, and in colour where one of them is. Of each class a fifth, at least one, is held out for the test.

    Raises:
        DataError: with `problems`; the name is taken or cannot be one, there are fewer than two classes, or a
            class has only one drawing.
    """
    shapes = [drawing.image().shape[1:] for drawing in drawings.drawings]
    sides = [max(shape[1:]) for shape in shapes]
    options = ImageOptions(max(28, *sides, 28), max((shape[0] for shape in shapes), default=1))
    part = own_images.new_part()
    try:
        archive = part / "drawings.zip"
        archive.write_bytes(archive_of(drawings))
        info = import_images(archive, options, name)
    finally:
        own_images.remove(part)
    base = own_images.home(info.name)
    if base is not None:
        with contextlib.suppress(OSError):  # the dataset is whole without its strokes
            replace(
                base / info.name / FILE, lambda path: path.write_text(drawings.to_text(), encoding="utf-8")
            )
    return info


def drawings_of(dataset: str) -> OwnSet | None:
    """The drawings that the dataset ``images/...`` was made of; None for one of other pictures."""
    base = own_images.home(dataset)
    if base is None:
        return None
    try:
        return OwnSet.from_text((base / dataset / FILE).read_bytes())
    except (OSError, LabError):
        return None


def _png(drawing: OwnDrawing) -> bytes:
    pixels = drawing.image()[0].permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def _deflated(name: str) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, DATE)
    found.compress_type = zipfile.ZIP_DEFLATED
    return found
