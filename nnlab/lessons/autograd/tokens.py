"""Words of an expression, with their places: names, numbers, signs."""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

from nnlab.lessons.typed import TypedError, check_length

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGNS = ("**", "+", "-", "*", "/", "@", "(", ")", "[", "]", ",", ".", "=", ";")
# As they are copied from a text about mathematics.
_WRITTEN = {"−": "-", "×": "*", "·": "*", "÷": "/"}
_MOST_DIGITS = 24


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
    for sign in _SIGNS:
        if text.startswith(sign, at):
            return Token("sign", sign, at, at + len(sign))
    if text[at] in _WRITTEN:
        return Token("sign", _WRITTEN[text[at]], at, at + 1)
    if text[at] == "^":
        raise TypedError("A power is written a ** 3 in Python.", text=text, start=at)
    raise TypedError("“{sign}” has no meaning here.", text=text, start=at, sign=text[at])


def _checked(text: str, token: Token) -> Token:
    if len(token.text) > _MOST_DIGITS or not math.isfinite(float(token.text)):
        raise TypedError(
            "This number is too long or too large.", text=text, start=token.start, stop=token.stop
        )
    return token
