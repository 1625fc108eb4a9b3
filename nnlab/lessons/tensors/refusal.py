"""What PyTorch says where it refuses: its own message, word for word, and a sentence that says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nnlab.errors import LabError
from nnlab.lessons.tensors.reasons import explain
from nnlab.lessons.typed import TypedError

_FAILURES = (IndexError, RuntimeError, TypeError, ValueError, AssertionError)
_LONGEST = 420  # characters of a message; some list every signature of a function


class Refused(TypedError):
    """PyTorch refused; the sentence is ours, `said` is the kind of its error and its own first line."""

    said: str = ""

    @classmethod
    def of(cls, error: Exception, text: str = "", start: int = 0, stop: int = 0) -> Refused:
        """The refusal that `error` is; the fault is ``text[start:stop]`` where something was typed."""
        message = str(error).partition("\n")[0].strip()
        message = message if len(message) <= _LONGEST else message[:_LONGEST] + "…"
        why = explain(message)
        refused = cls(why.template, text=text, start=start, stop=stop, **why.values)
        refused.said = f"{type(error).__name__}: {message}"
        return refused


@contextmanager
def asking_torch(text: str = "", start: int = 0, stop: int = 0) -> Iterator[None]:
    """Inside, what PyTorch raises becomes `Refused`."""
    try:
        yield
    except LabError:
        raise
    except _FAILURES as error:
        raise Refused.of(error, text, start, stop) from None
