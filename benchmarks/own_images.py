"""How fast an archive of pictures is unpacked and checked: `python -m benchmarks.own_images`.

From the call to the answer, with the start of the process that reads, every file checked and decoded.
Beside it, in turns: a plain loop in one thread of this process, which unpacks and decodes and checks nothing
else.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import psutil
from PIL import Image

from nnlab.data.images import ImageOptions, import_images, look_at
from nnlab.paths import data_root


def seconds(act: Callable[[], object]) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def plain_loop(path: Path) -> int:
    """Unpack and decode every picture of a zip; how many there are."""
    count = 0
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".jpg"):
                Image.open(BytesIO(archive.read(name))).convert("RGB")
                count += 1
    return count


def main() -> None:
    """Measure in turns, and print the table of benchmarks/README.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--archive", type=Path, default=data_root() / "photos" / "cifar10-folders.zip")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    path: Path = arguments.archive
    count = plain_loop(path)  # also warms the file
    look_at(path)
    before = psutil.Process().memory_info().rss

    rows: dict[str, list[float]] = {"plain loop, one thread": [], "checked": [], "checked and kept": []}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NNLAB_DATA"] = folder
        for seed in range(arguments.rounds):
            options = ImageOptions(seed=seed)  # another one each time, so that none is there already
            rows["plain loop, one thread"].append(seconds(partial(plain_loop, path)))
            rows["checked"].append(seconds(partial(look_at, path)))
            rows["checked and kept"].append(seconds(partial(import_images, path, options)))
    growth = psutil.Process().memory_info().rss - before

    print(f"{path.name}: {count:,} pictures, {arguments.rounds} rounds\n")
    print("| what | median seconds | pictures a second | against the loop |\n| --- | --- | --- | --- |")
    loop = statistics.median(rows["plain loop, one thread"])
    for what, times in rows.items():
        median = statistics.median(times)
        print(f"| {what} | {median:.2f} | {count / median:,.0f} | {loop / median:.2f} |")
    print(f"\nThis process grew by {growth / 1e6:.1f} MB.")


if __name__ == "__main__":
    main()
