"""The files a dataset was made of, kept beside it in a zip: only what was taken, each as it was.

The original may name its files in an old code page or hold what is none of ours; here each path is the one
the dataset knows, in UTF-8.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from nnlab.pictures.layout import Item

DATE = (1980, 1, 1, 0, 0, 0)  # the same files give the same archive


def repack(items: Sequence[Item], target: Path) -> None:
    """Write the files of `items` into a new zip. Raises OSError."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for item in items:
            archive.writestr(zipfile.ZipInfo(item.entry.path, DATE), item.entry.read())
