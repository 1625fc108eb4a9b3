"""Collecting what has to be translated: every literal message in the sources, into the catalogues."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from nnlab.ui.navigation import page_files
from nnlab.ui.text import LANGUAGES, po_path

ROOT = Path(__file__).parents[2]
# The position of the message among the arguments of each of these.
_ERRORS = ("LabError", "DataError", "RunError", "ShapeError", "MisfitError", "TypedError")
_SENTENCES = ("_", "mark", "Sentence", *_ERRORS)
_PLACES = {**dict.fromkeys(_SENTENCES, 0), "check": 1}
# Where these names are defined; what they are given there is no message.
_DEFINITIONS = (Path("nnlab/ui/text.py"), Path("nnlab/errors.py"))


def collect() -> dict[str, list[str]]:
    """Every message, and the files it is in; raises ValueError for one that is put together on the spot.

    A variable is allowed: what it says has been noted with ``mark``, stands in a page's header, or comes
    from an error that was stored.
    """
    found: dict[str, set[str]] = {}
    for path in _sources():
        where = path.relative_to(ROOT)
        for message in _messages(path, where):
            found.setdefault(message, set()).add(where.as_posix())
    for page in page_files():
        for message in (page.title, page.section):
            found.setdefault(message, set()).add(page.path.relative_to(ROOT).as_posix())
    return {message: sorted(found[message]) for message in sorted(found)}


def update_catalogues() -> None:
    """Bring every catalogue up to date: new messages wait for their translation, unused ones go."""
    messages = collect()
    for name in LANGUAGES:
        path = po_path(name)
        if not path.exists():
            continue
        with path.open("rb") as file:
            old = read_po(file, locale=name)
        fresh = Catalog(locale=name, project="nnlab", charset="utf-8", fuzzy=False)
        waiting = 0
        for message, files in messages.items():
            known = old.get(message)
            translation = str(known.string) if known else ""
            waiting += not translation
            fresh.add(message, translation, locations=[(file, 0) for file in files])
        with path.open("wb") as out:
            out.write(_HEADER.format(language=name).encode())
            write_po(out, fresh, width=110, omit_header=True, include_lineno=False)
        print(f"{path.relative_to(ROOT)}: {len(messages)} messages, {waiting} without translation")


# Without dates and tools, so that the file changes only where its messages do.
_HEADER = (
    'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
)


def _sources() -> Iterator[Path]:
    for folder in ("nnlab", "pages"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def _messages(path: Path, where: Path) -> Iterator[str]:
    if where in _DEFINITIONS:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        name = node.func.id
        place = _PLACES.get(name)
        if place is None or len(node.args) <= place:
            continue
        argument = node.args[place]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            if argument.value:
                yield argument.value
        elif not isinstance(argument, ast.Name | ast.Attribute | ast.Subscript):
            raise ValueError(f"{where}:{node.lineno}: {name}() needs a literal message to be translated")
