"""Mistakes a person can mend, told in one sentence.

The engine speaks English; a page may show the same sentence in another language. So an error carries
its template and its values apart, and `nnlab.ui.text` translates the template before filling it in.
"""

from __future__ import annotations

from typing import Any


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
        return _rebuild, (type(self), self.template, self.values)


class ShapeError(LabError):
    """A layer that cannot take the shape it is given; the sentence shows the arithmetic."""


class DataError(LabError):
    """A dataset that is absent, damaged or cannot be fetched."""


class RunError(LabError):
    """A run that is unknown, damaged, or cannot do what was asked of it."""


def _rebuild(kind: type[LabError], template: str, values: dict[str, Any]) -> LabError:
    return kind(template, **values)


def check(condition: bool, template: str, **values: Any) -> None:
    """Raise `LabError(template, **values)` unless `condition` holds."""
    if not condition:
        raise LabError(template, **values)
