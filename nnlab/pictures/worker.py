"""The process that reads an archive: started as a program, told one job on its input, answers on its output.

    {"command": "look", "path": ..., "archive": ...}
    {"command": "show", "path": ..., "archive": ...}
    {"command": "import", "path": ..., "archive": ..., "options": {...}, "folder": ...}
    {"command": "export", "path": ..., "folder": ...}

It answers with lines of JSON: any number of {"done": 120, "of": 3600}, then one {"found": ...},
{"made": true} or {"problems": [...], "total": ...}. It ends when its input is closed. What it writes goes
into `folder`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

from PIL import Image

from nnlab.errors import DataError
from nnlab.pictures import limits, tensors
from nnlab.pictures.archive import open_files
from nnlab.pictures.crew import share_out
from nnlab.pictures.decode import Opened, open_picture, prepare_picture
from nnlab.pictures.export import export
from nnlab.pictures.layout import Item, Layout, recognise
from nnlab.pictures.listing import Files
from nnlab.pictures.options import ImageOptions
from nnlab.pictures.problems import Problems, to_json
from nnlab.pictures.repack import repack
from nnlab.pictures.tensors import DATASET, EXPORT, SOURCE

_EXAMPLES = 8
_EXAMPLE_SIDE = 256
_SHOWN, _SHOWN_SIDE = 100, 160
_NICE = 10  # below the server that answers the pages


def main() -> int:
    """Do the job that the input asks for; the exit status is 0 where it was answered."""
    _settle()
    job = json.loads(sys.stdin.readline())
    problems = Problems()
    try:
        answer = _COMMANDS[job["command"]](job, problems)
    except DataError as error:
        problems.add(job.get("archive", ""), error)
    except MemoryError:
        problems.add(job.get("archive", ""), DataError("Reading it takes more memory than it may."))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problems.add(
            job.get("archive", ""), DataError("It could not be read or written ({reason}).", reason=reason)
        )
    except Exception:
        traceback.print_exc()
        return 1
    if problems.total:
        answer = {"problems": [to_json(problem) for problem in problems.first], "total": problems.total}
    _say(answer)
    return 0


def _settle() -> None:
    """Low priority, and limits of memory and time where the system has them."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = limits.MAX_MEGAPIXELS * 10**6 // 2  # Pillow itself refuses above twice that
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)
    with contextlib.suppress(ImportError):
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, limits.MEMORY),
            (resource.RLIMIT_CPU, limits.CPU_SECONDS),
            (resource.RLIMIT_CORE, 0),
        ):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (most, most))


def _say(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def _progress(done: int, of: int) -> None:
    _say({"done": done, "of": of})


def _read(job: dict[str, Any], problems: Problems) -> tuple[Files, Layout]:
    files = open_files(Path(job["path"]), problems)
    return files, recognise(files, job["archive"], problems)


def _look(job: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """Check every picture, and describe some of them."""
    files, layout = _read(job, problems)
    shown = set(_spread(layout))

    def check(item: Item, number: int) -> dict[str, Any] | None:
        data = item.entry.read()
        opened = open_picture(data)
        return _example(item, opened, len(data)) if number in shown else None

    examples = share_out(layout.items, check, problems, _progress)
    return {
        "found": {
            "layout": layout.kind,
            "classes": layout.classes,
            "counts": {
                "train": layout.counts("train"),
                "test": layout.counts("test") if layout.divided else None,
            },
            "examples": examples,
            "file_bytes": sum(entry.size for entry in files.entries),
        }
    }  # fmt: skip


def _show(job: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """Describe the first pictures of a folder, whatever they show; files that are none are left out."""
    files = open_files(Path(job["path"]), problems)

    def describe(item: Item, number: int) -> dict[str, Any]:
        data = item.entry.read()
        return _example(item, open_picture(data), len(data), _SHOWN_SIDE)

    items = [Item(entry, "", "") for entry in files.entries[:_SHOWN]]
    return {"shown": share_out(items, describe, Problems(), _progress)}


def _spread(layout: Layout) -> list[int]:
    """Some numbers of pictures, of as many classes as there are, those far apart first."""
    of_class: dict[str, list[int]] = {label: [] for label in layout.classes}
    for number, item in enumerate(layout.items):
        of_class[item.label].append(number)
    classes = list(of_class.values())
    if len(classes) > _EXAMPLES:
        classes = [classes[i * len(classes) // _EXAMPLES] for i in range(_EXAMPLES)]
    by_turns = [numbers[turn] for turn in range(_EXAMPLES) for numbers in classes if turn < len(numbers)]
    return sorted(by_turns[:_EXAMPLES])


def _example(item: Item, opened: Opened, size: int, side: int = _EXAMPLE_SIDE) -> dict[str, Any]:
    picture = opened.picture
    picture.thumbnail((side, side), Image.Resampling.BILINEAR)
    return {
        "file": item.entry.path,
        "label": item.label,
        "bytes": size,
        "format": opened.format,
        "mode": opened.mode,
        "size": opened.size,
        "picture": [picture.height, picture.width, len(picture.getbands())],
        "pixels": base64.b64encode(picture.tobytes()).decode(),
    }


def _import(job: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """Write the dataset's file, and beside it the files it was made of."""
    options = ImageOptions.from_json(job["options"])
    _, layout = _read(job, problems)
    tensors.check_room(len(layout.items), options)
    if problems.total:  # tell of the pictures, too
        share_out(layout.items, lambda item, _: open_picture(item.entry.read()) and None, problems)
        return {}
    items = layout.hold_out(options.test_share, options.seed).items
    splits = [[item for item in items if item.split == split] for split in ("train", "test")]
    names = tensors.file_list([item.entry.path for split in splits for item in split])
    header = tensors.empty(
        archive=job["archive"], layout=layout.kind, classes=layout.classes, options=options,
        counts=(len(splits[0]), len(splits[1])), files_bytes=len(names),
    )  # fmt: skip
    folder = Path(job["folder"])
    _check_disk(folder, header.start + header.length + sum(item.entry.size for item in items))
    with (folder / DATASET).open("wb+") as file:
        writer = _Writer(file.fileno(), header, splits)
        writer.put("files", 0, names)
        share_out(items, writer.write, problems, _progress)
        if problems.total:
            return {}
        tensors.seal(file.fileno(), header)
        os.fsync(file.fileno())
    repack(items, folder / SOURCE)
    return {"made": True}


def _check_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed + limits.SPARE_DISK > free:
        raise DataError(
            "The dataset needs {needed:,} MB on the disk, where {free:,} MB are free.",
            needed=-(-needed // 10**6), free=free // 10**6,
        )  # fmt: skip


class _Writer:
    """Puts each picture where it belongs in the dataset's file; several processes may do so at once."""

    def __init__(self, file: int, header: tensors.Header, splits: list[list[Item]]) -> None:
        self.file, self.header, self.spans = file, header, header.spans()
        self.labels = {label: i for i, label in enumerate(header.classes)}
        self.rows = {item.entry.path: row for split in splits for row, item in enumerate(split)}
        os.ftruncate(file, header.start + header.length)
        if hasattr(os, "posix_fallocate"):  # a full disk is to be noticed before the work
            os.posix_fallocate(file, 0, header.start + header.length)

    def put(self, tensor: str, row: int, data: bytes) -> None:
        """Write one row of a tensor."""
        at = self.header.start + self.spans[tensor][0] + row * len(data)
        while data:
            written = os.pwrite(self.file, data, at)
            data, at = data[written:], at + written

    def write(self, item: Item, number: int) -> None:
        """Decode a picture, bring it to size, and write it with its label and its facts."""
        options, split, row = self.header.options, item.split, self.rows[item.entry.path]
        data = item.entry.read()
        opened = open_picture(data)
        picture = prepare_picture(opened.picture, options.image_size, options.channels, options.fit)
        self.put(f"{split}.images", row, b"".join(band.tobytes() for band in picture.split()))
        self.put(f"{split}.labels", row, self.labels[item.label].to_bytes(8, "little"))
        self.put(f"{split}.facts", row, tensors.fact(len(data), opened.format, opened.mode, *opened.size))


def _export(job: dict[str, Any], problems: Problems) -> dict[str, Any]:
    export(Path(job["path"]), Path(job["folder"]) / EXPORT, _progress)
    return {"made": True}


_COMMANDS = {"look": _look, "show": _show, "import": _import, "export": _export}

if __name__ == "__main__":
    # A decoder that a damaged picture leads astray may end the process it runs in, never this one's caller.
    os._exit(main())
