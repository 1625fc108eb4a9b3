"""Loading a dataset once, for everyone who asks.

What is loaded is kept for the whole process, so that thirty sessions share one tensor: nobody may write
into it. The most recently used datasets stay, up to `KEPT_BYTES`; an older one that somebody still holds
is shared as well, one that nobody holds is given back. A file that changes is read anew.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from nnlab.data import own_images
from nnlab.data.dataset import Dataset, measure
from nnlab.data.images_source import ImagesSource
from nnlab.data.install import install
from nnlab.data.registry import DatasetInfo, dataset_info
from nnlab.errors import DataError
from nnlab.paths import data_root

KEPT_BYTES = 512 * 2**20

Progress = Callable[[int, int], None]
_Key = tuple[str, Path, tuple[tuple[int, int], ...]]

_guard = threading.Lock()  # of the four below
_kept: OrderedDict[_Key, Dataset] = OrderedDict()
_alive: weakref.WeakValueDictionary[_Key, Dataset] = weakref.WeakValueDictionary()
_reading: dict[tuple[str, Path], threading.Lock] = {}


def load_dataset(
    name: str, root: str | Path | None = None, download: bool = False, progress: Progress | None = None
) -> Dataset:
    """A dataset of the registry, as tensors that are shared and must not be written to.

    Args:
        name: one of `dataset_names()`, or ``images/...`` for pictures of one's own.
        root: the folder of datasets; `nnlab.paths.data_root` says which one without it.
        download: fetch it where it is absent or damaged.
        progress: called while downloading with the bytes done and the bytes in all (about); an exception
            it raises stops the download.

    Raises:
        DataError: unknown, absent, damaged, or not to be fetched; each with what to do about it.
    """
    info = dataset_info(name, root)
    folder = _folder(info, root)
    own_images.touch(folder / info.folder)
    if download and missing_files(info, folder):
        install(info, folder, progress)
    try:
        return _shared(info, folder)
    except DataError:
        if not download or not info.source.archives():
            raise
    install(info, folder, progress, replace=True)
    return _shared(info, folder)


def is_present(name: str, root: str | Path | None = None) -> bool:
    """Whether every file of a dataset is there. Opens none of them, but for the header of own pictures."""
    try:
        info = dataset_info(name, root)
    except DataError:
        if own_images.is_own(name):
            return False
        raise
    return not missing_files(info, _folder(info, root))


def missing_files(info: DatasetInfo, root: Path) -> list[str]:
    """The files of a dataset that the data root lacks."""
    return [name for name in info.source.files if not (root / name).is_file()]


def _folder(info: DatasetInfo, root: str | Path | None) -> Path:
    """The data root that holds a dataset; that of own pictures may be the cache."""
    if isinstance(info.source, ImagesSource):
        return info.source.root
    return data_root(root).expanduser().resolve()


def _shared(info: DatasetInfo, root: Path) -> Dataset:
    """The dataset from memory, else from the files; each is read by one thread at a time."""
    with _guard:
        reading = _reading.setdefault((info.name, root), threading.Lock())
    with reading:
        missing = missing_files(info, root)
        if missing:
            raise DataError(
                '{title} is not in {folder} ({file} is missing there); download it, or use the built-in '
                'dataset "strokes".',
                title=info.title, folder=root, file=missing[0],
            )  # fmt: skip
        stamps = ((root / name).stat() for name in info.source.files)
        key = (info.name, root, tuple((stamp.st_mtime_ns, stamp.st_size) for stamp in stamps))
        with _guard:
            data = _alive.get(key)
        if data is None:
            data = _read(info, root)
        with _guard:
            _alive[key] = _kept[key] = data
            _kept.move_to_end(key)
            while len(_kept) > 1 and sum(map(_bytes, _kept.values())) > KEPT_BYTES:
                _kept.popitem(last=False)
        return data


def _read(info: DatasetInfo, root: Path) -> Dataset:
    """Read and measure a dataset; what is wrong with its files is told with the way out."""
    try:
        train, test = info.source.read(root)
        if tuple(train.images.shape[1:]) != info.shape:
            raise DataError(
                "{folder} is damaged: its images have the shape {found} instead of {shape}.",
                folder=root / info.folder, found=tuple(train.images.shape[1:]), shape=info.shape,
            )  # fmt: skip
        mean, std = measure(train.images)
        return Dataset(
            name=info.name, title=info.title, train=train, test=test, classes=info.classes, mean=mean,
            std=std, drawable=info.drawable,
        ).validate()  # fmt: skip
    except DataError as error:
        if info.built_in or info.own:
            raise
        raise DataError(
            '{reason} Download {title} again, or use the built-in dataset "strokes".',
            reason=error, title=info.title,
        ) from error  # fmt: skip
    except OSError as error:
        raise DataError(
            "{title} in {folder} cannot be read ({reason}); mend that, or use the built-in dataset "
            '"strokes".',
            title=info.title, folder=root, reason=error,
        ) from error  # fmt: skip


def _bytes(data: Dataset) -> int:
    splits = (data.train, data.test)
    return sum(split.images.nbytes + split.labels.nbytes for split in splits)
