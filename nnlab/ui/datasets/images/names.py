"""What can be told from the names of uploaded files, and names that are safe to use."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Protocol

# What cameras and programs call their files says nothing of what they show.
_CAMERAS = {"img", "image", "dsc", "dscf", "dscn", "pxl", "photo", "picture", "screenshot", "scan"}


class File(Protocol):
    """As Streamlit hands over what was uploaded."""

    name: str

    def getbuffer(self) -> memoryview: ...


def is_zip(file: File) -> bool:
    """Whether a file begins like a zip or is called one."""
    return bytes(file.getbuffer()[:4]) in (b"PK\x03\x04", b"PK\x05\x06") or file.name.lower().endswith(".zip")


def guess_label(name: str) -> str:
    """The letters that a file name begins with, ``cat`` of ``cat_01.png``; "" where they name nothing."""
    letters = re.match(r"(?:[^\W\d_]|(?<=[^\W\d_])[ -](?=[^\W\d_]))*", PurePosixPath(name).stem)
    found = letters[0] if letters else ""
    return "" if found.lower() in _CAMERAS else found


def harmless(name: str) -> str:
    """A file name that says the same as `name`, which may be anything: no folders, at most 80 signs."""
    return re.sub(r"[^\w .,()-]", "_", name).lstrip(" .")[-80:] or "upload"


def numbered(name: str) -> Iterator[str]:
    """``image.jpg``, ``image (2).jpg``, ``image (3).jpg``, ...: cameras and phones repeat themselves."""
    path = PurePosixPath(name)
    return itertools.chain([name], (f"{path.stem} ({i}){path.suffix}" for i in itertools.count(2)))
