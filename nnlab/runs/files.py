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
    except (ValueError, OSError, RecursionError) as error:
        raise damaged(path, error) from None


def damaged(path: Path, error: Exception) -> RunError:
    """The sentence for a file of a run that is absent or makes no sense."""
    if isinstance(error, FileNotFoundError):
        return RunError(
            "The run {run} in {folder} is damaged: {file} is missing.",
            run=path.parent.name, folder=path.parent.parent, file=path.name,
        )  # fmt: skip
    reason = str(error) if isinstance(error, ValueError | OSError) else repr(error)
    return RunError(
        "The run {run} in {folder} is damaged: {file} makes no sense ({reason}).",
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


def disk_problem(folder: Path, error: OSError) -> LabError:
    """The sentence for an `OSError` met while writing into `folder`."""
    if error.errno in _FULL:
        return RunError(
            "There is no room left on the disk of {folder}. What was written before is kept: make room, then "
            "train again.",
            folder=folder,
        )
    return RunError(
        "{folder} cannot be written to ({reason}). What was written before is kept.",
        folder=folder, reason=error.strerror or error,
    )  # fmt: skip
