"""Every message has its Korean, with the same fields, and errors are told in the reader's language."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from nnlab.errors import LabError
from nnlab.ui import messages, text
from nnlab.ui.messages import collect
from nnlab.ui.navigation import page_files

OTHERS = [name for name in text.LANGUAGES if name != "en"]


def fields_of(message: str) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(message) if name is not None})


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_with_the_same_fields(language: str) -> None:
    catalogue = text.catalogue(language)
    found = collect()
    assert len(found) > 100
    same = object()
    missing, different = [], []
    for message, files in found.items():
        translated = catalogue._catalog.get(message, same)  # gettext() cannot tell missing from identical
        if translated is same:
            missing.append(f"{files[0]}: {message}")
        elif fields_of(translated) != fields_of(message):
            different.append(f"{message} -> {translated}")
    assert not missing, "without translation (python -m nnlab.ui.text, then fill in):\n" + "\n".join(missing)
    assert not different, "other fields:\n" + "\n".join(different)


def test_collecting_sees_every_kind_of_message(tmp_path: Path) -> None:
    source = tmp_path / "page.py"
    source.write_text(
        '_("a" " b")\nmark("c")\nraise LabError("d {x}", x=1)\n'
        'check(len(y) > 0, "e")\n_(variable)\nother("f")\n'
    )
    assert list(messages._messages(source, Path("page.py"))) == ["a b", "c", "d {x}", "e"]


def test_collecting_refuses_a_message_put_together_on_the_spot(tmp_path: Path) -> None:
    source = tmp_path / "page.py"
    source.write_text('_(f"{count} runs")\n')
    with pytest.raises(ValueError, match=r"page\.py:1"):
        list(messages._messages(source, Path("page.py")))


def test_error_is_said_in_korean_with_the_errors_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "ko")
    template = "There is no preset {name}; there are: {known}."
    inner = LabError(template, name="'x'", known="net")
    korean = text.catalogue("ko").gettext(template).format(name="'x'", known="net")
    assert text.say(inner) == korean != str(inner)
    assert text.say(LabError("{layer}: {problem}", layer="conv1", problem=inner)) == f"conv1: {korean}"


def test_english_is_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "en")
    assert text._("Undo") == "Undo"
    assert text._("What {count} of its filters find", count=3) == "What 3 of its filters find"
    assert text._("") == ""


def test_pages_have_headers_and_different_places() -> None:
    pages = page_files()
    assert {"home", "datasets", "train", "draw"} <= {page.path.stem for page in pages}
    places = [(page.section, page.order) for page in pages]
    assert len(set(places)) == len(places)


def test_page_without_a_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "new.py").write_text("import streamlit\n")
    with pytest.raises(ValueError, match=r"new\.py"):
        page_files(tmp_path)
