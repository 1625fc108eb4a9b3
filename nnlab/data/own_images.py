"""Datasets of a person's own pictures on the disk: where they lie, what they are called, how long they stay.

Each is a folder ``images/<name>`` below the data root, or below the user's cache where the data root cannot
be written to: the dataset's file, and the files it was made of in a zip. A saved one stays until it is
deleted. One that was not saved is called ``~`` and a digest of its contents, so that the same pictures are
kept once, and is swept away a day after it was last used.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from nnlab.errors import DataError
from nnlab.paths import cache_root, data_root
from nnlab.pictures.names import dataset_name, folded
from nnlab.pictures.tensors import DATASET

FOLDER = "images"
KEPT_SECONDS = 24 * 3600  # after last use, of what was not saved
_UNSAVED = re.compile(r"~[0-9a-f]{20}")
_PART = ".part-"


def is_own(name: str) -> bool:
    """Whether a dataset of that name would be a person's own."""
    return name.startswith(FOLDER + "/")


def is_unsaved(name: str) -> bool:
    """Whether that is the full name of a dataset that goes away by itself."""
    return is_own(name) and bool(_UNSAVED.fullmatch(name.removeprefix(FOLDER + "/")))


def full_name(name: str) -> str:
    """``images/<name>``, for a name that may be trusted. Raises `DataError` for any other."""
    return f"{FOLDER}/{name if _UNSAVED.fullmatch(name) else dataset_name(name)}"


def roots(root: str | Path | None = None) -> list[Path]:
    """Where own datasets are looked for: the data root and the cache."""
    found = [data_root(root).expanduser().resolve(), (cache_root() / "data").expanduser().resolve()]
    return found[:1] if found[0] == found[1] else found


def home(name: str, root: str | Path | None = None) -> Path | None:
    """The data root that holds the dataset ``images/...``; None where none does."""
    own = name.removeprefix(FOLDER + "/")
    try:
        checked = full_name(own)
    except DataError:
        return None
    if checked != name:  # not composed as names on the disk are
        return None
    return next((base for base in roots(root) if (base / name / DATASET).is_file()), None)


def absent(name: str) -> DataError:
    """What to say of a dataset that is not there."""
    if is_unsaved(name):
        return DataError(
            "These pictures are not here any more: they were not saved, and not used for a day. Upload them "
            "again, or choose another dataset."
        )
    return DataError(
        'There are no pictures saved as "{name}" here. Upload them again, or choose another dataset.',
        name=name.removeprefix(FOLDER + "/"),
    )


def saved_names(root: str | Path | None = None) -> list[str]:
    """The full names of all saved datasets, sorted."""
    names: set[str] = set()
    for base in roots(root):
        with contextlib.suppress(OSError):
            names.update(f"{FOLDER}/{entry.name}" for entry in os.scandir(base / FOLDER))
    return sorted(name for name in names if not is_unsaved(name) and home(name, root) is not None)


def touch(folder: Path) -> None:
    """Note that an unsaved dataset was used now."""
    if _UNSAVED.fullmatch(folder.name):
        with contextlib.suppress(OSError):
            os.utime(folder)


@contextlib.contextmanager
def workplace(beside: Path | None = None) -> Iterator[Path]:
    """A new folder on the disk that holds own datasets; what is left in it at the end is deleted.

    Args:
        beside: a data root it shall lie in; by default the first that can be written to.

    Raises:
        DataError: nothing can be written.
    """
    part = new_part(beside)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def new_part(beside: Path | None = None) -> Path:
    """A new hidden folder, which is swept away after a day. Raises `DataError` as `workplace`."""
    tried = [beside] if beside else roots()
    failure: OSError | None = None
    for base in tried:
        part = base / FOLDER / f"{_PART}{secrets.token_hex(8)}"
        try:
            check_meant_for_writing(base)
            part.mkdir(parents=True)
            return part
        except OSError as error:
            failure = failure or error
    assert failure is not None
    raise DataError(
        "Pictures cannot be kept in {folder} ({reason}); choose another folder by NNLAB_DATA.",
        folder=tried[0], reason=failure.strerror or type(failure).__name__,
    ) from failure  # fmt: skip


def check_meant_for_writing(base: Path) -> None:
    """Raise OSError for a folder that nobody may write to: root could, but is not meant to."""
    while not base.exists() and base != base.parent:
        base = base.parent
    if not base.stat().st_mode & 0o222:
        raise PermissionError(13, "Permission denied", str(base))


def publish(part: Path, name: str) -> bool:
    """Give a finished folder its name in one step; False where that name is taken."""
    try:
        os.rename(part, part.parent / name.removeprefix(FOLDER + "/"))
    except OSError:
        if (part.parent / name.removeprefix(FOLDER + "/") / DATASET).is_file():
            return False
        raise
    return True


def taken(name: str) -> str | None:
    """The saved dataset that some system would take for the one of that full name, if there is one."""
    return next((other for other in saved_names() if folded(other) == folded(name)), None)


def remove(folder: Path) -> None:
    """Take a folder away: in one step for whoever looks, then bit by bit. Raises OSError."""
    gone = folder.with_name(f"{_PART}{secrets.token_hex(8)}")
    os.rename(folder, gone)
    shutil.rmtree(gone, ignore_errors=True)


def sweep(now: float | None = None) -> None:
    """Delete what was not saved and not used for a day, and what killed processes left behind."""
    now = time.time() if now is None else now
    for base in roots():
        with contextlib.suppress(OSError):
            for entry in list(os.scandir(base / FOLDER)):
                ours = _UNSAVED.fullmatch(entry.name) or entry.name.startswith(_PART)
                if ours and entry.is_dir(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        if now - entry.stat(follow_symlinks=False).st_mtime > KEPT_SECONDS:
                            remove(Path(entry.path))
