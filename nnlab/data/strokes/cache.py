"""Writing the dataset `strokes` once, and keeping it in a file.

The file's name holds a digest of everything the images follow from (glyphs, curves, hand, pen, ink, counts
and seeds), so a changed pen never meets old images. What is in it is checked against a checksum.
It is a safetensors file: the four tensors, and what else belongs to a dataset as JSON in its header.

Not covered: removing files of earlier pens; another checkout may still use them.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nnlab.data import ink
from nnlab.data.dataset import Dataset, Split, measure
from nnlab.data.strokes import curves, glyphs, hand, pen, rare
from nnlab.paths import cache_root, data_root

TRAIN_COUNT, TEST_COUNT = 20_000, 4_000
PART = 2_000  # digits of one seed; parts are written side by side
TRAIN_SEED, TEST_SEED = 1_000, 2_000  # of the first part; the next ones count on from there


def load_strokes(root: str | Path | None = None) -> Dataset:
    """The dataset `strokes`, from its file or, the first time, written now (some seconds).

    Args:
        root: the data root (see `nnlab.paths.data_root`); the file lives in its folder ``strokes``.

    Where the data root cannot be written to, the user's cache directory keeps the file; where that
    cannot either, the images are made anew in every process. A damaged file is replaced.
    """
    name = f"strokes-{_digest()}.safetensors"
    places = [folder / "strokes" / name for folder in (data_root(root), cache_root())]
    for place in places:
        data = _read(place)
        if data is not None:
            return data
    data = build_strokes()
    for place in places:
        if _write(data, place):
            break
    return data


def build_strokes(train_count: int = TRAIN_COUNT, test_count: int = TEST_COUNT) -> Dataset:
    """Write the dataset. Training and test images come from different hands (seeds).

    Args:
        train_count, test_count: images in each split, multiples of 10.
    """
    with _one_torch_thread_each() as threads:
        train, test = _written(threads, train_count, TRAIN_SEED), _written(threads, test_count, TEST_SEED)
    mean, std = measure(train.images)
    return Dataset(
        name="strokes",
        title="Strokes",
        train=train,
        test=test,
        classes=tuple("0123456789"),
        mean=mean,
        std=std,
        drawable=True,
    ).validate()


@contextmanager
def _one_torch_thread_each() -> Iterator[ThreadPoolExecutor]:
    """Python threads that run torch's operations one thread each.

    Two of torch's own threads wait for one another after every operation, which takes ten times as long
    as a single one as soon as another process wants the processor; threads with work of their own do not.
    """
    before = torch.get_num_threads()
    workers = min(4, os.cpu_count() or 1)
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)  # what threads begun from now on start with


def _written(threads: ThreadPoolExecutor, count: int, seed: int) -> Split:
    """`count` digits, in parts whose seeds count on from `seed`."""
    counts = [min(PART, count - begin) for begin in range(0, count, PART)]
    parts = list(threads.map(pen.write_digits, counts, range(seed, seed + len(counts))))
    return Split(torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts]))


def _digest() -> str:
    """Of everything that decides what the images are."""
    source = hashlib.sha256(f"{TRAIN_COUNT} {TEST_COUNT} {PART} {TRAIN_SEED} {TEST_SEED}".encode())
    for module in (ink, glyphs, rare, curves, hand, pen):
        assert module.__file__ is not None
        source.update(Path(module.__file__).read_bytes())
    return source.hexdigest()[:16]


def _tensors(data: Dataset) -> dict[str, Tensor]:
    return {
        "train_images": data.train.images,
        "train_labels": data.train.labels,
        "test_images": data.test.images,
        "test_labels": data.test.labels,
    }


def _checksum(tensors: dict[str, Tensor]) -> str:
    sha = hashlib.sha256()
    for name in sorted(tensors):
        sha.update(tensors[name].numpy().data)
    return sha.hexdigest()


def _read(path: Path) -> Dataset | None:
    """The dataset in the file, or None where there is no file, or a damaged one."""
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
        if header.get("sha256") != _checksum(tensors):
            return None
        return Dataset.from_json(
            json.loads(header["dataset"]),
            Split(tensors["train_images"], tensors["train_labels"]),
            Split(tensors["test_images"], tensors["test_labels"]),
        )
    except (OSError, SafetensorError, KeyError, ValueError):  # ValueError: JSON, and DataError
        return None


def _write(data: Dataset, path: Path) -> bool:
    """Keep the dataset in the file: under a temporary name first, so that it is whole or absent."""
    if not _writable(path.parent):
        return False
    tensors = _tensors(data)
    header = {"dataset": json.dumps(data.to_json()), "sha256": _checksum(tensors)}
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".strokes-", suffix=".part")
        os.close(handle)
        save_file(tensors, temporary, header)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except (OSError, SafetensorError):
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        return False
    return True


def _writable(folder: Path) -> bool:
    """Whether files may be made there. Also false where nobody may write, even for the superuser."""
    existing = next((place for place in (folder, *folder.parents) if place.exists()), None)
    if existing is None:
        return False
    mode = existing.stat().st_mode
    return stat.S_ISDIR(mode) and bool(mode & 0o222) and os.access(existing, os.W_OK)
