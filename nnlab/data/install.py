"""Fetching a whole dataset into the data root: nothing of it is seen there until all of it is.

Everything is fetched and unpacked in a hidden folder of the data root, under a lock, and moved to its
names last. A dataset with a folder of its own appears by one rename. Where its folder is already there
(half deleted, damaged, or shared with another dataset) or torchvision's layout gives it none, its files
are moved one by one, each whole and verified; until the last one is there it still counts as absent.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import filelock

from nnlab.data.download import fetch
from nnlab.data.registry import DatasetInfo
from nnlab.data.unpack import unpack
from nnlab.errors import DataError


def install(
    info: DatasetInfo,
    root: Path,
    progress: Callable[[int, int], None] | None = None,
    replace: bool = False,
    loopback_http: bool = False,
) -> None:
    """Fetch a dataset of the registry into the data root; do nothing where another process just did.

    Args:
        info: the dataset.
        root: the data root; made where it is not there.
        progress: called with the bytes done and the bytes in all (about).
        replace: fetch it although its files are there, for they are damaged.
        loopback_http: as in `fetch`.

    Raises:
        DataError: it could not be fetched or written.
    """
    names = [root / name for name in info.source.files]
    found = _stamps(names)
    part = root / f".{info.name}.part"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(root / f".{info.name}.lock"):
            # Another process may have fetched it while this one waited.
            if all(name.is_file() for name in names) and (not replace or _stamps(names) != found):
                return
            shutil.rmtree(part, ignore_errors=True)  # left by a process that was killed
            try:
                _fetch_all(info, part, progress, loopback_http)
                _publish(part / "files", root, info.source.files)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except DataError as error:
        raise DataError(
            "{title} is not in {folder} and could not be fetched ({reason}); try again later, or use the "
            'built-in dataset "strokes", which needs no download.',
            title=info.title, folder=root, reason=error,
        ) from error  # fmt: skip
    except OSError as error:
        raise DataError(
            "{title} is not in {folder} and cannot be written there ({reason}); choose another folder by "
            'NNLAB_DATA, or use the built-in dataset "strokes".',
            title=info.title, folder=root, reason=error.strerror or error,
        ) from error  # fmt: skip


def _fetch_all(
    info: DatasetInfo, part: Path, progress: Callable[[int, int], None] | None, loopback_http: bool
) -> None:
    """Fetch and unpack every archive below ``part/files``, laid out as in the data root."""
    before = 0

    def report(done: int, _: int | None) -> None:
        if progress:
            progress(before + done, max(before + done, info.download_bytes))

    for archive in info.source.archives():
        packed = fetch(
            archive.urls, part / archive.name, archive.md5, progress=report, loopback_http=loopback_http
        )
        before += packed.stat().st_size
        unpack(packed, archive, part / "files" / archive.into)
        packed.unlink(missing_ok=True)
    for name in info.source.files:
        if not (part / "files" / name).is_file():
            raise DataError("what was fetched has no {file}", file=name)


def _publish(files: Path, root: Path, names: tuple[str, ...]) -> None:
    """Move what was fetched to its place: whole folders where nothing is in the way, else file by file."""
    for fetched in sorted(files.iterdir()):
        if fetched.is_dir() and not (root / fetched.name).exists():
            os.rename(fetched, root / fetched.name)
            continue
        for file in sorted(path for path in (fetched, *fetched.rglob("*")) if path.is_file()):
            target = root / file.relative_to(files)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, target)


def _stamps(names: list[Path]) -> list[tuple[int, int] | None]:
    return [
        (stat.st_mtime_ns, stat.st_ino) if name.is_file() and (stat := name.stat()) else None
        for name in names
    ]
