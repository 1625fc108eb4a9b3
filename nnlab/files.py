"""Files that are whole or absent."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def replace(path: Path, write: Callable[[Path], object], durable: bool = True) -> None:
    """Call `write` on a new file beside `path`, then put it in the place of `path` in one step.

    Readers see the old content or the new. A failed write leaves the old content and no rubbish.
    With `durable`, the content is on the disk before it gets its name.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write(temporary)
        if durable:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
