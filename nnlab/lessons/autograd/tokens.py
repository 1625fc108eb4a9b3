"""Words of an expression, with their places: names, numbers, signs."""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

from nnlab.errors import Sentence
from nnlab.lessons.typed import TypedError, check_length

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGNS = ("**", "+", "-", "*", "/", "@", "(", ")", "[", "]", ",", ".", "=", ";")
# As they are copied from a text about mathematics.
_WRITTEN = {"−": "-", "×": "*", "·": "*", "÷": "/"}
_MOST_DIGITS = 24
# What Python has and this page has not.
_ELSEWHERE = {
    **dict.fromkeys(
        ("+=", "-=", "*=", "/=", "@=", "**=", "//=", "%="),
        Sentence("Nothing is changed in place here; give the result a name of its own: c = a + 1"),
    ),
    **dict.fromkeys(
        ("==", "!=", "<", ">"), Sentence("A comparison has no gradient, so it has no place here.")
    ),
    **dict.fromkeys(("//", "%"), Sentence("Only + - * / @ and ** are on offer here.")),
}


class Token(NamedTuple):
    """`text` is in PyTorch's spelling; the word stands at ``[start:stop]`` of what was typed."""

    kind: Literal["name", "number", "sign", "end"]
    text: str
    start: int
    stop: int


def tokens(text: str) -> list[Token]:
    """The words of `text`, the last of which is an "end". A new line ends a statement, as ";" does.

    Raises:
        TypedError: a character that has no meaning here, or a text too long.
    """
    check_length(text)
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] == "\n":
            found.append(Token("sign", ";", at, at + 1))
            at += 1
            continue
        if text[at].isspace():
            at += 1
            continue
        found.append(_token(text, at))
        at = found[-1].stop
    return [*found, Token("end", "", len(text), len(text))]


def _token(text: str, at: int) -> Token:
    if number := _NUMBER.match(text, at):
        return _checked(text, Token("number", number[0], at, number.end()))
    if name := _NAME.match(text, at):
        return Token("name", name[0], at, name.end())
    for sign in sorted(_ELSEWHERE, key=len, reverse=True):
        if text.startswith(sign, at):
            told = _ELSEWHERE[sign]
            raise TypedError(told.template, text=text, start=at, stop=at + len(sign), **told.values)
    for sign in _SIGNS:
        if text.startswith(sign, at):
            return Token("sign", sign, at, at + len(sign))
    if text[at] in _WRITTEN:
        return Token("sign", _WRITTEN[text[at]], at, at + 1)
    if text[at] == "^":
        raise TypedError("A power is written a ** 3 in Python.", text=text, start=at)
    if text[at].isdecimal():
        raise TypedError("Python reads the digits 0 to 9 only.", text=text, start=at)
    raise TypedError("“{sign}” has no meaning here.", text=text, start=at, sign=text[at])


def _checked(text: str, token: Token) -> Token:
    if len(token.text) > _MOST_DIGITS or not math.isfinite(float(token.text)):
        raise TypedError(
            "This number is too long or too large.", text=text, start=token.start, stop=token.stop
        )
    if token.text.isdecimal() and token.text.startswith("0") and int(token.text):
        raise TypedError(
            "Python does not read this as a number.", text=text, start=token.start, stop=token.stop
        )
    return token
