"""The built-in dataset as a source: nothing to fetch, made by our own pen where it is not yet there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnlab.data.dataset import Split
from nnlab.data.sources import Archive, Place
from nnlab.errors import Sentence


@dataclass(frozen=True)
class StrokesSource:
    """Handwriting that the lab writes itself."""

    folder: str = "strokes"
    files: tuple[str, ...] = ()

    def read(self, root: Path) -> tuple[Split, Split]:
        """The splits, from the data root's cache or written now."""
        from nnlab.data.strokes import (
            load_strokes,
        )  # here, because the pen is needed by few who list datasets

        data = load_strokes(root)
        return data.train, data.test

    def place(self, split: str, index: int) -> Place:
        """Which call of the pen wrote the image."""
        from nnlab.data.strokes.cache import PART, TEST_SEED, TRAIN_SEED

        part, row = divmod(index, PART)
        where = Sentence(
            "written by the pen: image {row:,} of write_digits({count}, seed={seed})",
            row=row, count=PART, seed=part + (TRAIN_SEED if split == "train" else TEST_SEED),
        )  # fmt: skip
        return Place("", where, None, "", "L", (28, 28))

    def archives(self) -> tuple[Archive, ...]:
        """None: it is built in."""
        return ()
