"""The options of a layer: what they may be, from which forms, checks, code and tests are derived."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from math import log10
from typing import Any, Literal

from nnlab.errors import LabError

CLASSES = "classes"  # stands for the number of classes of the data
AUTO = "auto"  # stands for as many as reach the layer


@dataclass(frozen=True)
class Field:
    """One option of a layer.

    Attributes:
        name: torch's name of the argument where there is one.
        default: torch's where that makes sense.
        kind: "whole"; "pair", one whole number for both axes or two, for height and width; "number"; "choice"
            of `choices`; "toggle".
        low, high: limits of the numbers, both included. How much a layer takes is not limited here: see
            `nnlab.training.preflight` and `nnlab.lens.check_size`.
        choices: the values of a choice.
        words: what may stand in place of a number, for example "same" for a padding.
    """

    name: str
    default: Any
    kind: Literal["whole", "pair", "number", "choice", "toggle"] = "whole"
    low: float = 1
    high: float = 2**31 - 1
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def follows(self) -> bool:
        """Whether what stands in front decides it, so that it need not be set."""
        return bool(self.default == AUTO)

    def clean(self, owner: str, value: Any) -> Any:
        """`value` as it is kept: tuples for lists, one number for a pair of equal ones.

        Raises:
            LabError: it is not allowed; the sentence names `owner`, the layer.
        """
        if isinstance(value, str) and value in self.words:
            return value
        match self.kind:
            case "choice":
                good = isinstance(value, str) and value in self.choices
            case "toggle":
                good = isinstance(value, bool)
            case "number":
                good = self._is_number(value)
            case "whole":
                good = self._is_whole(value)
            case "pair":
                if isinstance(value, (tuple, list)) and len(value) == 2 and all(map(self._is_whole, value)):
                    return value[0] if value[0] == value[1] else tuple(value)
                good = self._is_whole(value)
        if not good:
            raise self._error(owner, value)
        return value

    def nearest(self, value: Any) -> Any:
        """What is allowed and lies nearest to a `value` that is not: of numbers, the limit that they are
        beyond; the default where nothing is near."""
        two = self.kind == "pair" and isinstance(value, (tuple, list)) and len(value) == 2
        sides = tuple(value) if two else (value,)
        numbers = all(isinstance(side, (int, float)) and side == side for side in sides)
        if self.kind in ("choice", "toggle") or not numbers:
            return self.default
        whole = int if self.kind != "number" else float
        found = [whole(min(max(side, self.low), self.high)) for side in sides]
        return found[0] if len(set(found)) == 1 else tuple(found)

    def _is_number(self, value: Any) -> bool:
        numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
        return numeric and self.low <= value <= self.high  # so neither infinite nor not a number

    def _is_whole(self, value: Any) -> bool:
        return isinstance(value, int) and self._is_number(value)

    def _error(self, owner: str, value: Any) -> LabError:
        values = {
            "field": self.name, "kind": owner, "value": shown(value), "low": self.low, "high": self.high,
        }  # fmt: skip
        match self.kind:
            case "choice":
                return LabError(
                    "{field} of {kind} is {value}; it should be one of: {known}.",
                    **values, known=", ".join(self.choices),
                )  # fmt: skip
            case "toggle":
                return LabError("{field} of {kind} is {value}; it should be true or false.", **values)
            case "number":
                return LabError("{field} of {kind} is {value}; it should lie in {low} to {high}.", **values)
            case "pair" if self.words:
                return LabError(
                    "{field} of {kind} is {value}; it should be a whole number from {low} to {high}, or "
                    "two of them, for height and width, or {words}.",
                    **values, words=", ".join(map(repr, self.words)),
                )  # fmt: skip
            case "pair":
                return LabError(
                    "{field} of {kind} is {value}; it should be a whole number from {low} to {high}, or "
                    "two of them, for height and width.",
                    **values,
                )
        return LabError(
            "{field} of {kind} is {value}; it should be a whole number from {low} to {high}.", **values
        )


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    """Height and width of an option of kind "pair"."""
    return value if isinstance(value, tuple) else (value, value)


class _Brief(reprlib.Repr):
    """`repr` that ends soon, also of what holds itself or is endless."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 40
        self.maxlevel, self.maxdict, self.maxlist, self.maxtuple = 2, 2, 4, 4
        self.fillvalue = "…"

    def repr_int(self, x: int, level: int) -> str:
        """Python refuses to write out the digits of a very large number."""
        return repr(x) if abs(x) < 10**30 else f"{'-' if x < 0 else ''}10**{int(x.bit_length() * log10(2))}"


def shown(value: Any) -> str:
    """A value that somebody gave, in a length that fits a sentence."""
    text = _BRIEF.repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


_BRIEF = _Brief()
