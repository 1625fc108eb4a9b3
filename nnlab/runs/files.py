"""The small JSON files of a run, and the sentence for what the disk refuses."""

from __future__ import annotations

import errno
import json
import math
from pathlib import Path
from typing import Any

from nnlab.errors import LabError, RunError
from nnlab.files import replace

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path` in one step (see `nnlab.files.replace`)."""
    text = dumps(value)
    replace(path, lambda temporary: temporary.write_text(text, encoding="utf-8") and None)


def read_json(path: Path) -> Any:
    """What `write_json` wrote.

    Raises:
        RunError: absent or damaged.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        reason = "it is missing"
    except (ValueError, OSError) as error:
        reason = str(error)
    raise RunError(
        "The run {run} in {folder} is damaged: {file} cannot be read ({reason}).",
        run=path.parent.name, folder=path.parent.parent, file=path.name, reason=reason,
    )  # fmt: skip


def dumps(value: Any) -> str:
    """JSON in one line. It has no NaN and no infinity, so they become null; other types become text."""
    try:
        return json.dumps(value, allow_nan=False, default=str, ensure_ascii=False)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, default=str, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def disk_problem(what: str, folder: Path, error: OSError) -> LabError:
    """The sentence for an `OSError` met while writing `what` into `folder`."""
    if error.errno in _FULL:
        return RunError(
            "There is no room on the disk of {folder} for {what}. What was written before is kept: make "
            "room, then train again.",
            folder=folder, what=what,
        )  # fmt: skip
    return RunError(
        "{what} could not be written into {folder} ({reason}). What was written before is kept.",
        folder=folder, what=what, reason=error.strerror or error,
    )  # fmt: skip
