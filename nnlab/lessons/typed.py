"""What somebody typed and where it is wrong: a sentence, and a caret under the fault."""

from __future__ import annotations

from typing import Any

from nnlab.errors import LabError

MOST_CHARACTERS = 400  # of one text; a longer one is refused before it is read
_AROUND = 60  # characters shown on each side of a fault


class TypedError(LabError):
    """A text that cannot be understood or cannot be done.

    Args:
        template, values: the sentence, as for `LabError`.
        text: what was typed.
        start, stop: the fault is ``text[start:stop]``; an empty one stands before ``text[start]``.
    """

    def __init__(
        self, template: str, *, text: str, start: int, stop: int | None = None, **values: Any
    ) -> None:
        super().__init__(template, **values)
        self.text = text
        self.start = max(0, min(start, len(text)))
        self.stop = max(self.start, min(len(text), start + 1 if stop is None else stop))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.template, self.text, self.start, self.stop, self.values)

    @property
    def shown(self) -> str:
        """The line of the fault, and carets under it; a long line is cut on both sides."""
        first = self.text.rfind("\n", 0, self.start) + 1
        last = self.text.find("\n", self.start)
        last = len(self.text) if last < 0 else last
        left, right = max(first, self.start - _AROUND), min(last, max(self.stop, self.start) + _AROUND)
        before, after = "…" if left > first else "", "…" if right < last else ""
        line = before + self.text[left:right].replace("\t", " ") + after
        carets = "^" * max(1, min(self.stop, right) - self.start)
        return f"{line}\n{' ' * (len(before) + self.start - left)}{carets}"


def check_length(text: str, most: int = MOST_CHARACTERS) -> None:
    """Raise `TypedError` for a text that is longer than `most` characters."""
    if len(text) > most:
        raise TypedError(
            "This is {count:,} characters long; at most {most:,} are read.",
            text=text, start=most, stop=most + 1, count=len(text), most=most,
        )  # fmt: skip


def _rebuild(
    kind: type[TypedError], template: str, text: str, start: int, stop: int, values: dict[str, Any]
) -> TypedError:
    return kind(template, text=text, start=start, stop=stop, **values)
