"""Mistakes a person can mend, told in one sentence.

The engine speaks English; a page may show the same sentence in another language. So an error carries
its template and its values apart, and `nnlab.ui.text` translates the template before filling it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Sentence(str):
    """An English sentence that keeps its template and its values, so that a page can say it in another
    language (`nnlab.ui.text.say`)."""

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Sentence:
        self = super().__new__(cls, template.format(**values))
        self.template, self.values = template, values
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _resentence, (self.template, self.values)


class Problem(NamedTuple):
    """One thing that is wrong with one file, or with one row (from 1) of a table of labels."""

    file: str
    row: int | None
    reason: Sentence


class LabError(ValueError):
    """A mistake in what was asked for: what is wrong, where, and what would be right.

    Args:
        template: an English sentence with `str.format` fields, e.g. ``"{value} is not a batch size."``.
        values: what fills the fields.
    """

    def __init__(self, template: str, **values: Any) -> None:
        self.template = template
        self.values = values
        super().__init__(template.format(**values))

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call the constructor with the filled-in sentence and lose the values.
        return _rebuild, (type(self), self.template, self.values, self.__dict__)


class ShapeError(LabError):
    """A layer that cannot take the shape it is given; the sentence shows the arithmetic.

    `fix` holds the options that would have to be others, with the nearest values that work; None where no
    option helps. `layer` names the layer of a network, where it is one of a network, and `path` says where in
    it that stands (`nnlab.nets.architecture.Path`).
    """

    fix: Mapping[str, Any] | None = None
    layer: str | None = None
    path: tuple[int, ...] = ()


class DataError(LabError):
    """A dataset that is absent, damaged or cannot be fetched; `problems` says what is wrong file by file."""

    problems: Sequence[Problem] = ()


class RunError(LabError):
    """A run that is unknown, damaged, or cannot do what was asked of it."""


def _rebuild(kind: type[LabError], template: str, values: dict[str, Any], state: dict[str, Any]) -> LabError:
    error = kind(template, **values)
    error.__dict__.update(state)
    return error


def _resentence(template: str, values: dict[str, Any]) -> Sentence:
    return Sentence(template, **values)


def check(condition: bool, template: str, **values: Any) -> None:
    """Raise `LabError(template, **values)` unless `condition` holds."""
    if not condition:
        raise LabError(template, **values)
