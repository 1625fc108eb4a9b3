"""Numbers that somebody types in a row; what is typed stays as it is, also where it is wrong."""

from __future__ import annotations

import re

import torch

from nnlab.errors import LabError
from nnlab.ui.text import plain

_BETWEEN = re.compile(r"[\s,;]+")
_LONGEST = 24  # characters of a word in a sentence
_PLAIN = str.maketrans({"−": "-", ",": "."})


def words(text: str) -> list[str]:
    """What stands in `text` between spaces, commas or semicolons."""
    return [word for word in _BETWEEN.split(text) if word]


def typed_numbers(text: str) -> list[float]:
    """The `words` of `text` as numbers.

    Raises:
        LabError: something is no number that a float32 can hold; the sentence names it.
    """
    numbers = []
    for word in words(text):
        value = as_number(word)
        if value is None:
            raise LabError("“{word}” is not a number.", word=shown_word(word))
        numbers.append(value)
    return numbers


def as_number(word: str) -> float | None:
    """The number that `word` says, with a point or a comma; None where a float32 holds none such."""
    try:
        value = float(word.strip().translate(_PLAIN))
    except ValueError:
        return None
    return value if torch.tensor(value).isfinite() else None


def shown_word(word: str) -> str:
    """Somebody's word in a sentence: not too long, and no markup."""
    return plain(word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…")


def as_typed(numbers: list[float]) -> str:
    """The inverse of `typed_numbers`, as short as the numbers allow."""
    return ", ".join(f"{number:.9g}" for number in numbers)
