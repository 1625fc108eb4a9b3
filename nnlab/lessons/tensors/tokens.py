"""A typed text cut into words: numbers, names and signs, each with its place. Nothing is ever run."""

from __future__ import annotations

import math
import re
from typing import NamedTuple, NoReturn

from nnlab.errors import Sentence
from nnlab.lessons.typed import TypedError, check_length

_WORD = re.compile(
    r"(?P<space>[ \t\n\r]+)"
    r"|(?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)"  # Python's digits only
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\.\.\.|<=|>=|==|!=|\*\*|//|<<|>>|[-+*/%@()\[\],:.<>=&|^~])"
)
_PAIRS = {"(": ")", "[": "]"}
_DEEPEST = 12  # brackets within brackets
MOST_DIMS = 6
MOST_ELEMENTS = 10_000
_LONG = 2**63  # the first whole number beyond int64


class Word(NamedTuple):
    """One word of a text; kind is "number", "name", "sign" or, after the last one, "end"."""

    kind: str
    text: str
    start: int
    stop: int


def words(text: str) -> list[Word]:
    """The words of `text`, with one of kind "end" behind them.

    Raises:
        TypedError: too long, something that is no word, or brackets that do not match.
    """
    check_length(text)
    found: list[Word] = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            if text[at] in "\"'":
                raise TypedError("Text in quotes has no place here.", text=text, start=at)
            if text[at].isdecimal():
                raise TypedError("Python reads the digits 0 to 9 only.", text=text, start=at)
            if text[at] == "−":
                raise TypedError("This is a minus of print; that of Python is -.", text=text, start=at)
            raise TypedError("This sign has no place here.", text=text, start=at)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Word(kind, match[0], at, match.end()))
        at = match.end()
    _check_brackets(text, found)
    return [*found, Word("end", "", len(text), len(text))]


def _check_brackets(text: str, found: list[Word]) -> None:
    opened: list[Word] = []
    for word in found:
        if word.text in _PAIRS:
            opened.append(word)
            if len(opened) > _DEEPEST:
                raise TypedError(
                    "Brackets stand at most {most} deep.",
                    text=text, start=word.start, most=_DEEPEST,
                )  # fmt: skip
        elif word.text in _PAIRS.values():
            if not opened:
                raise TypedError("This bracket was never opened.", text=text, start=word.start)
            if _PAIRS[opened[-1].text] != word.text:
                raise TypedError(
                    "This bracket closes another kind than was opened; `{wanted}` is due.",
                    text=text, start=word.start, wanted=_PAIRS[opened[-1].text],
                )  # fmt: skip
            opened.pop()
    if opened:
        raise TypedError("This bracket is never closed.", text=text, start=opened[-1].start)


class Reader:
    """Goes through the words of a text, one after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._words = words(text)
        self._at = 0

    @property
    def word(self) -> Word:
        """The one that comes next."""
        return self._words[self._at]

    @property
    def after(self) -> Word:
        """The one behind that."""
        return self._words[min(self._at + 1, len(self._words) - 1)]

    @property
    def behind(self) -> int:
        """Where the last word that was taken ends."""
        return self._words[self._at - 1].stop if self._at else 0

    def take(self, *signs: str) -> Word | None:
        """The next word, gone past, where it is one of `signs`."""
        word = self.word
        return self.next() if word.kind in ("sign", "name") and word.text in signs else None

    def next(self) -> Word:
        word = self.word
        self._at = min(self._at + 1, len(self._words) - 1)
        return word

    def demand(self, sign: str) -> Word:
        """The next word, which has to be `sign`."""
        word = self.take(sign)
        if word is None:
            if self.word.kind == "end":
                self.refuse(Sentence("`{sign}` is missing here.", sign=sign))
            self.refuse(Sentence("`{sign}` should stand here.", sign=sign))
        return word

    def end(self) -> None:
        """Nothing may follow."""
        if self.word.kind != "end":
            self.refuse(Sentence("Nothing more is expected here."))

    def number(self) -> int | float:
        """A number, maybe with a sign before it, as Python reads it.

        Raises:
            TypedError: no number, or one that neither int64 nor float64 holds.
        """
        start = self.word.start
        sign = self.take("-", "+")
        word = self.word
        if word.kind != "number":
            self.refuse(Sentence("A number should stand here."))
        self.next()
        text = word.text
        try:
            # In base 0 leading zeros are refused, as in a program.
            value: int | float = int(text, 0) if re.fullmatch(r"[\d_]+", text) else float(text)
        except ValueError:  # such as 1__0, 007, or more digits than Python reads
            raise TypedError(
                "Python does not read this as a number.", text=self.text, start=word.start, stop=word.stop
            ) from None
        value = -value if sign is not None and sign.text == "-" else value
        if isinstance(value, int) and not -_LONG <= value < _LONG:
            told = Sentence("This whole number is too large for int64, which ends at 9223372036854775807.")
            self.refuse_from(start, told)
        if not math.isfinite(value):
            self.refuse_from(
                start, Sentence("This number is too large for float64, which ends near 1.8e308.")
            )
        return value

    def whole(self) -> int:
        """A whole number."""
        start = self.word.start
        value = self.number()
        if isinstance(value, float):
            self.refuse_from(start, Sentence("A whole number should stand here."))
        return value

    def refuse(self, told: Sentence) -> NoReturn:
        """Raise `TypedError` at the next word."""
        self.refuse_from(self.word.start, told, self.word.stop)

    def refuse_from(self, start: int, told: Sentence, stop: int | None = None) -> NoReturn:
        """Raise `TypedError` for what stands from `start` to the end of the last word that was taken."""
        stop = self.behind if stop is None else stop
        raise TypedError(told.template, text=self.text, start=start, stop=stop, **told.values)
