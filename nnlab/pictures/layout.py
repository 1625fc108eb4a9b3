"""What the files of an archive mean: which are pictures, of which class, for training or for the test.

Three layouts are known, each also inside one common folder: folders of classes; such folders inside
``train`` and ``test`` (``val`` serves as the test where there is none, else it joins the training pictures);
and pictures anywhere with one table of labels.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from nnlab.errors import DataError
from nnlab.pictures import limits
from nnlab.pictures.listing import Entry, Files
from nnlab.pictures.names import folded, printable
from nnlab.pictures.options import held_out
from nnlab.pictures.problems import Problems
from nnlab.pictures.table import TEST, TRAIN, VALIDATION, Table, is_picture, is_table, read_table

_ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"}
_SPLITS = TRAIN | TEST | VALIDATION
_NUMBER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class Item:
    """One picture: its file, its class, and "train", "test" or "" where the archive does not say.

    `row` is where the table of labels names it, from 1.
    """

    entry: Entry
    label: str
    split: str
    row: int | None = None


@dataclass(frozen=True)
class Layout:
    """All pictures of an archive, sorted by class and path, or in the order of the table."""

    kind: str  # "folders" or "csv"
    classes: tuple[str, ...]
    items: tuple[Item, ...]

    @property
    def divided(self) -> bool:
        """Whether the archive itself says what the test is."""
        return any(item.split == "test" for item in self.items)

    def counts(self, split: str) -> list[int]:
        """Pictures of each class in a split ("train" includes those of which the archive does not say)."""
        found = Counter(item.label for item in self.items if (item.split or "train") == split)
        return [found[label] for label in self.classes]

    def hold_out(self, share: float, seed: int) -> Layout:
        """The layout with `share` of each class for the test, unless it is divided already.

        Of each class at least one picture stays on either side. Which ones is settled by a digest of seed
        and path, so that it hangs on nothing else.
        """
        if self.divided:
            return replace(
                self, items=tuple(replace(item, split=item.split or "train") for item in self.items)
            )
        of_class: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            of_class[item.label].append(item)
        held: set[str] = set()
        for items in of_class.values():
            count = held_out(len(items), share)
            drawn = sorted(items, key=lambda item: _draw(seed, item.entry.path))
            held.update(item.entry.path for item in drawn[:count])
        return replace(
            self,
            items=tuple(
                replace(item, split="test" if item.entry.path in held else "train") for item in self.items
            ),
        )


def recognise(files: Files, archive: str, problems: Problems) -> Layout:
    """Say what each picture is. What is wrong goes into `problems`; then the result is of no use."""
    all_listed = not problems.total
    root = _common_folder(files)
    entries = [(entry.path[len(root) :], entry) for entry in files.entries if entry.path.startswith(root)]
    tables = _tables(entries, problems)
    naming = [found for found in tables if found[1].matches]
    folders = {path.split("/", 1)[0] for path, _ in entries if "/" in path}
    depth = _class_depth(entries)
    by_class = len(folders) > 1 and any(path.count("/") > depth for path, _ in entries)
    if len(naming) > 1 or (not naming and len(tables) > 1 and not by_class):
        names = ", ".join(entry.path for entry, _, _ in naming or tables)
        problems.add(archive, DataError("There are several tables of labels: {names}.", names=names))
        return Layout("csv", (), ())
    unsure: set[str] | None  # classes that may have more pictures than were found; None: any may
    if naming or (tables and not by_class):
        items, unsure = _by_table(entries, *(naming or tables)[0], problems)
        kind, where = "csv", (naming or tables)[0][0].path
    else:
        items = _by_folder(entries, files, root, archive, problems)
        kind, where, unsure = "folders", archive, set() if all_listed else None
    classes = _sorted({item.label for item in items})
    if kind == "folders":
        order = {label: i for i, label in enumerate(classes)}
        items.sort(key=lambda item: order[item.label])
    layout = Layout(kind, classes, tuple(items))
    if unsure is not None:
        _check_classes(layout, where, unsure, problems)
    return layout


def _common_folder(files: Files) -> str:
    """The folder around everything, with its /, or ""."""
    paths = [entry.path for entry in files.entries if "/" in entry.path or _matters(entry.path)]
    paths += [folder + "/" for folder in files.folders]
    root = ""
    while paths:
        rest = [path[len(root) :] for path in paths if len(path) > len(root)]
        tops = {path.split("/", 1)[0] for path in rest}
        if len(tops) != 1 or not all("/" in path for path in rest):
            break
        root += tops.pop() + "/"
    return root


def _matters(path: str) -> bool:
    """Whether a file beside the folders is more than a note to the reader."""
    return is_picture(path) or is_table(path) or PurePosixPath(path).suffix.lower() in _ARCHIVES


def _tables(entries: list[tuple[str, Entry]], problems: Problems) -> list[tuple[Entry, Table, _Index]]:
    """The tables at the top, read, each with what finds the pictures it names."""
    indices = _Index(entries), _Index(entries, suffixes=False)
    tables = []
    for path, entry in entries:
        if "/" not in path and is_table(path):
            try:
                data = entry.read()
                read = [(entry, read_table(data, index.holds), index) for index in indices]
            except DataError as error:
                problems.add(entry.path, error)
            else:  # names without .png and the like only where no name is whole
                tables.append(read[0] if read[0][1].matches or not read[1][1].matches else read[1])
    return tables


class _Index:
    """Finds a picture by what a table calls it: its path, or as much of its end as is unmistakable."""

    def __init__(self, entries: list[tuple[str, Entry]], suffixes: bool = True) -> None:
        self._by_path: dict[str, list[Entry]] = defaultdict(list)
        self._by_name: dict[str, list[Entry]] = defaultdict(list)
        for path, entry in entries:
            if not is_table(path):
                key = folded(path if suffixes else str(PurePosixPath(path).with_suffix("")))
                self._by_path[key].append(entry)
                self._by_name[key.rsplit("/", 1)[-1]].append(entry)

    def holds(self, name: str) -> bool:
        """Whether `name` means one file."""
        return len(self.find(name)) == 1

    def find(self, name: str) -> list[Entry]:
        """Every file that `name` may mean."""
        key = folded(name.replace("\\", "/")).removeprefix("./").removeprefix("/")
        for found in (self._by_path.get(key), self._by_path.get("images/" + key)):
            if found:
                return found
        return self._by_name.get(key.rsplit("/", 1)[-1], [])


def _by_table(
    entries: list[tuple[str, Entry]], file: Entry, table: Table, index: _Index, problems: Problems
) -> tuple[list[Item], set[str] | None]:
    """The pictures, and the classes of which some cannot be taken (None where that may be any)."""
    wrong = list(table.faulty)
    rows: dict[str, int] = {}
    items = []
    for row in table.rows:
        name, found = printable(row.file), index.find(row.file)
        if len(found) != 1:
            several = DataError("There are several files {name}; write the folder, too.", name=name)
            wrong.append((row.number, several if found else DataError("There is no file {name}.", name=name)))
            continue
        entry = found[0]
        before = rows.setdefault(entry.path, row.number)
        if before != row.number:
            twice = DataError("{name} was labelled in row {row} already.", name=name, row=before)
            wrong.append((row.number, twice))
        elif (unusable := _wrong_label(row.label)) is not None:
            wrong.append((row.number, unusable))
        elif row.split and row.split not in _SPLITS:
            value = printable(row.split)
            wrong.append((row.number, DataError("{value} is neither train nor test.", value=value)))
        else:
            items.append(Item(entry, row.label, row.split, row.number))
    for number, error in sorted(wrong, key=lambda each: each[0]):
        problems.add(file.path, error, number)
    for path, entry in entries:
        if entry.path not in rows and is_picture(path):
            problems.add(
                entry.path, DataError("There is no label for this file in {table}.", table=file.path)
            )
    numbers = {number for number, _ in wrong}
    unsure = None if table.faulty else {row.label for row in table.rows if row.number in numbers}
    return _with_split_names(items), unsure


def _wrong_label(label: str) -> DataError | None:
    if not label or label.lower() == "nan":
        return DataError("There is no label in this row.")
    if _NUMBER.fullmatch(label) and int(label) < 0:
        return DataError("The label {label} is below 0.", label=label)
    return _unfit(label)


def _unfit(label: str) -> DataError | None:
    if len(label) > limits.MAX_LABEL or not label.isprintable():
        return DataError(
            "This label is longer than {most} characters, or cannot be shown.", most=limits.MAX_LABEL
        )
    return None


def _class_depth(entries: list[tuple[str, Entry]]) -> int:
    """How many folders are around those of the classes: 1 where there are ``train`` and ``test``."""
    tops = {path.split("/", 1)[0].lower() for path, _ in entries if "/" in path}
    return int(len(tops) > 1 and tops <= _SPLITS and bool(tops & TRAIN))


def _by_folder(
    entries: list[tuple[str, Entry]], files: Files, root: str, archive: str, problems: Problems
) -> list[Item]:
    depth = _class_depth(entries)
    items, loose = [], []
    for path, entry in entries:
        parts = path.split("/")
        if len(parts) > depth + 1:
            label = parts[depth]
            if (wrong := _unfit(label)) is not None:
                problems.add(entry.path, wrong)
            else:
                items.append(Item(entry, label, parts[0].lower() if depth else ""))
        elif PurePosixPath(path).suffix.lower() in _ARCHIVES:
            problems.add(entry.path, DataError("This is an archive in the archive; unpack it before."))
        elif is_picture(path):
            loose.append(entry.path)
    if not items and loose and root:
        problems.add(
            archive,
            DataError(
                "All pictures lie in one folder, {folder}. It takes a folder for each of at least two "
                "classes, or a CSV file of labels.",
                folder=root.removesuffix("/"),
            ),
        )
    elif not items and not problems.total:
        problems.add(
            archive, DataError("There are neither folders of classes nor a CSV file of labels in it.")
        )
    elif items:
        for name in loose:
            problems.add(name, DataError("This picture lies in no folder of a class."))
    for folder in files.folders:
        if folder.startswith(root) and folder not in files.filled:
            problems.add(folder, DataError("This folder is empty."))
    return _with_split_names(sorted(items, key=lambda item: item.entry.path))


def _with_split_names(items: list[Item]) -> list[Item]:
    """Items whose split is "train", "test" or ""; what is called validation takes its place."""
    test = TEST if any(item.split in TEST for item in items) else VALIDATION
    return [replace(item, split=item.split and ("test" if item.split in test else "train")) for item in items]


def _check_classes(layout: Layout, where: str, unsure: set[str], problems: Problems) -> None:
    """Note classes that cannot be learned or tested, and too few or too many of them."""
    classes = layout.classes
    if len(classes) > limits.MAX_CLASSES:
        problems.add(
            where,
            DataError("There are {count:,} classes; at most {most:,}.",
                      count=len(classes), most=limits.MAX_CLASSES),
        )  # fmt: skip
        return
    if len(classes) < 2 and not problems.total:
        problems.add(where, DataError("There is only one class; a network needs at least two to tell apart."))
        return
    rows = {item.label: item.row for item in reversed(layout.items)}  # where each class is first named
    for label, train, test in zip(classes, layout.counts("train"), layout.counts("test"), strict=True):
        if label in unsure:
            continue
        if train == 0:
            none = DataError(
                "The class {label} has pictures for the test and none for training.", label=label
            )
            problems.add(where, none, rows[label])
        elif train == 1 and test == 0 and not layout.divided:
            one = DataError(
                "The class {label} has only one picture; training and test take one each.",
                label=label,
            )
            problems.add(where, one, rows[label])


def _sorted(labels: set[str]) -> tuple[str, ...]:
    """Class names in their order: by number where all are numbers, else by name."""
    numbers = all(_NUMBER.fullmatch(label) for label in labels)
    return tuple(sorted(labels, key=lambda label: (int(label) if numbers else 0, label)))


def _draw(seed: int, path: str) -> bytes:
    return hashlib.sha256(f"{seed}:{path}".encode()).digest()
