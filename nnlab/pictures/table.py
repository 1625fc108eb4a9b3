"""A table of labels, found by looking: its encoding, its delimiter, its header, and which column is which.

Rows are counted from 1 as in the file, the header and empty rows included.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from nnlab.errors import DataError
from nnlab.pictures import limits

_DELIMITERS = ",;\t"
_LABEL_HEADERS = ("label", "class", "category", "target", "class_name", "classname", "species", "y")
_SPLIT_HEADERS = ("split", "set", "subset", "part")
TRAIN = frozenset({"train", "training"})
TEST = frozenset({"test", "testing"})
VALIDATION = frozenset({"val", "valid", "validation"})
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib"})
_WHOLE = re.compile(r"[0-9]{1,18}\.0+")
_OTHERS = frozenset({".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".pdf"})


@dataclass(frozen=True)
class Row:
    """One picture in a table: the row's number, the file as it is called there, its label, its split."""

    number: int
    file: str
    label: str
    split: str


@dataclass(frozen=True)
class Table:
    """The rows of a table, those that cannot be read, and how many name a picture that is there."""

    rows: tuple[Row, ...]
    faulty: tuple[tuple[int, DataError], ...]
    matches: int


def is_table(path: str) -> bool:
    """Whether a file is a table by its name."""
    return PurePosixPath(path).suffix.lower() in (".csv", ".tsv")


def is_picture(path: str) -> bool:
    """Whether a file is a picture by its name."""
    return PurePosixPath(path).suffix.lower() in _SUFFIXES


def _like_a_file(cell: str) -> bool:
    return is_picture(cell) or "/" in cell or PurePosixPath(cell).suffix.lower() in _OTHERS


def read_table(data: bytes, is_there: Callable[[str], bool]) -> Table:
    """Read a table of labels.

    Args:
        data: the file's bytes.
        is_there: whether there is a picture of that name; by it the column of names is found.

    Raises:
        DataError: it is not a table of at least two columns.
    """
    text = _decoded(data)
    best: list[tuple[int, list[str]]] = []
    best_score = (-1, -1)
    for delimiter in _DELIMITERS:
        rows = _parsed(text, delimiter)
        wide = [cells for _, cells in rows if len(cells) > 1]
        score = (sum(any(is_there(cell) for cell in cells) for cells in wide), len(wide))
        if score > best_score:
            best, best_score = rows, score
    if best_score[1] == 0:
        raise DataError("This table has no two columns, one of file names and one of labels.")
    return _understood(best, is_there)


def _decoded(data: bytes) -> str:
    if len(data) > limits.MAX_TABLE_BYTES:
        raise DataError("This table has more than {most} MB.", most=limits.MAX_TABLE_BYTES // 10**6)
    encodings = ["utf-8-sig", "cp949"]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError("The characters of this table are neither UTF-8 nor CP949.")


def _parsed(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, each with its number; surplus empty cells at the end are dropped."""
    rows = []
    cells_of = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for number, cells in enumerate(cells_of, 1):
            if number > 3 * limits.MAX_FILES:
                raise DataError("This table has more than {most:,} rows.", most=3 * limits.MAX_FILES)
            if any(cell.strip() for cell in cells):
                rows.append((number, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise DataError("This table is damaged.") from error
    return rows


def _understood(rows: list[tuple[int, list[str]]], is_there: Callable[[str], bool]) -> Table:
    """Tell the columns apart: file names by their matches, labels and splits by header or contents."""
    width = Counter(len(cells) for _, cells in rows if len(cells) > 1).most_common(1)[0][0]
    regular = [cells for _, cells in rows if len(cells) == width]
    matches = [sum(map(is_there, {cells[i] for cells in regular})) for i in range(width)]
    file = max(range(width), key=lambda i: (matches[i], sum(is_picture(c[i]) for c in regular), -i))
    first = rows[0][1]
    has_header = len(first) == width and not is_there(first[file]) and not _like_a_file(first[file])
    header = [cell.lower() for cell in first] if has_header else [""] * width
    body = rows[1:] if has_header else rows
    regular = [cells for _, cells in body if len(cells) == width]
    others = [i for i in range(width) if i != file]
    split = _split_column(others, header, regular)
    labels = [i for i in others if i != split]
    named = [i for i in labels if header[i] in _LABEL_HEADERS]
    repeating = [i for i in labels if len({cells[i] for cells in regular}) < len(regular)]  # no count of rows
    label = [*named, *repeating, *labels][0]

    good, faulty = [], []
    for number, cells in body:
        if len(cells) != width:
            faulty.append(
                (number, DataError("This row has {cells} cells; the others have {width}.",
                                   cells=len(cells), width=width))
            )  # fmt: skip
        else:
            kind = "" if split is None else cells[split].lower()
            good.append(Row(number, cells[file], cells[label], kind))
    if all(_WHOLE.fullmatch(row.label) for row in good if row.label):  # 3.0: a number beside gaps, by pandas
        good = [replace(row, label=row.label.split(".")[0]) for row in good]
    return Table(tuple(good), tuple(faulty), matches[file])


def _split_column(others: list[int], header: list[str], regular: list[list[str]]) -> int | None:
    """The column that says train or test, where there is one besides that of the labels."""
    known = TRAIN | TEST | VALIDATION
    for i in others:
        values = {cells[i].lower() for cells in regular}
        says_so = header[i] in _SPLIT_HEADERS or (not any(header) and len(values) > 1)
        if len(others) > 1 and values and values <= known and says_so:
            return i
    return None
