"""What a person hands over, opened as what it is: a zip or a folder."""

from __future__ import annotations

from pathlib import Path

from nnlab.errors import DataError
from nnlab.pictures.folders import FolderFiles
from nnlab.pictures.listing import Files
from nnlab.pictures.problems import Problems
from nnlab.pictures.zips import ZipFiles


def open_files(path: Path, problems: Problems) -> Files:
    """The files of a zip or a folder; what is wrong with single ones goes into `problems`.

    Raises:
        DataError: it is neither, or breaks a limit as a whole.
    """
    try:
        if path.is_dir():
            return FolderFiles(path, problems)
        if not path.exists():
            raise DataError("{file} is not there.", file=path.name)
        return ZipFiles(path, problems)
    except OSError as error:
        raise DataError(
            "{file} cannot be read ({reason}).", file=path.name, reason=error.strerror or type(error).__name__
        ) from error
