"""The words on the pages: English in the source, other languages from gettext catalogues beside this file.

The catalogues are read as text (``locale/<language>/LC_MESSAGES/nnlab.po``), so nothing has to be compiled.
``python -m nnlab.ui.text`` brings them up to date with the sources, where every message is a literal:

    _("Epoch {epoch}", epoch=3)        on a page
    mark("Home")                       a message that is translated later, by ``_(variable)``
    LabError("{value} is ...", ...)    in the engine; also its subclasses and ``check(condition, "...")``
    # page: 10 | :material/home: | Home     the header of a page, see `nnlab.ui.navigation`
"""

from __future__ import annotations

import gettext
import io
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from nnlab.errors import LabError, Sentence

LANGUAGES = {"en": "English", "ko": "한국어"}
_SETTLED = "language-settled"
_LOCALE = Path(__file__).parent / "locale"


def _(message: str, **values: Any) -> str:
    """`message` in the reader's language, its ``{fields}`` filled in from `values`."""
    translated = catalogue(language()).gettext(message) if message else ""
    return translated.format(**values) if values else translated


def mark(message: str) -> str:
    """`message` as it is, but noted for translation; say it with ``_(variable)`` where it is shown."""
    return message


def say(error: LabError | Sentence, reader: str | None = None) -> str:
    """The sentence of `error` in language `reader`, by default the reader's; also sentences in its values."""
    reader = language() if reader is None else reader
    values = {k: say(v, reader) if isinstance(v, LabError | Sentence) else v for k, v in error.values.items()}
    return catalogue(reader).gettext(error.template).format(**values)


def plain(text: str) -> str:
    """A person's own words for where markdown is read: none of it is markup."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def language() -> str:
    """The reader's language: ``?lang=`` in the URL, else the choice of this session, else the browser's.

    Asked for every sentence, so the router notes it down once a run (see `settle_language`).
    """
    settled = st.session_state.get(_SETTLED)
    if settled is not None:
        return settled
    for asked in (st.query_params.get("lang"), st.session_state.get("language")):
        if asked in LANGUAGES:
            return asked
    browser = (st.context.locale or "en").split("-")[0].lower()
    return browser if browser in LANGUAGES else "en"


def settle_language() -> None:
    """Find out the language anew; it holds until this is called again."""
    st.session_state.pop(_SETTLED, None)
    st.session_state[_SETTLED] = language()


@lru_cache
def catalogue(name: str) -> gettext.NullTranslations:
    """The translations into language `name`; for English, the messages themselves."""
    path = po_path(name)
    if not path.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def po_path(name: str) -> Path:
    """Where the catalogue of language `name` is."""
    return _LOCALE / name / "LC_MESSAGES" / "nnlab.po"


if __name__ == "__main__":
    from nnlab.ui.messages import update_catalogues

    update_catalogues()
