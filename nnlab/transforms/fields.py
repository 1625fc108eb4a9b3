"""The options of a transform: what they may be, and how they are written in short."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nnlab.errors import LabError

_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Field:
    """One option of a transform, from which its form, its checks and its tests are derived.

    Attributes:
        name: torchvision's name of the argument where there is one.
        default: as torchvision's where that makes sense.
        kind: "number"; "whole"; "choice" of `choices`; "toggle"; "range", two ascending numbers;
            "channels", one number for all channels or one for each of three.
        low, high: limits of the numbers, both included.
        step: of whole numbers, counted from `low`: 2 with a low of 3 leaves the odd ones.
        follows: what of the images a sensible value depends on, for `starting_options`: their "side", a
            "smaller" side, or their "mean" or "std" per channel.
    """

    name: str
    default: Any
    kind: Literal["number", "whole", "choice", "toggle", "range", "channels"] = "number"
    low: float = 0.0
    high: float = 1.0
    choices: tuple[str, ...] = ()
    step: int = 1
    follows: Literal["", "side", "smaller", "mean", "std"] = ""

    def clean(self, owner: str, value: Any) -> Any:
        """`value` as it is kept: tuples for lists, whole numbers without a fraction.

        Raises:
            LabError: it is not allowed; the sentence names `owner`, the transform.
        """
        match self.kind:
            case "choice":
                if value not in self.choices:
                    raise LabError(
                        "{field} of {kind} is {value}; it should be one of: {known}.",
                        field=self.name, kind=owner, value=_shown(value), known=", ".join(self.choices),
                    )  # fmt: skip
                return value
            case "toggle":
                if not isinstance(value, bool):
                    raise LabError(
                        "{field} of {kind} is {value}; it should be true or false.",
                        field=self.name, kind=owner, value=_shown(value),
                    )  # fmt: skip
                return value
            case "whole":
                if not self._is_number(value) or int(value) != value or (int(value) - self.low) % self.step:
                    raise self._wrong_number(owner, value)
                return int(value)
            case "number":
                if not self._is_number(value):
                    raise self._wrong_number(owner, value)
                return _plain(value)
            case "range":
                if not self._are_numbers(value, (2,)) or value[0] > value[1]:
                    raise LabError(
                        "{field} of {kind} is {value}; it should be two numbers from {low:g} to {high:g}, "
                        "the smaller one first.",
                        field=self.name, kind=owner, value=_shown(value), low=self.low, high=self.high,
                    )  # fmt: skip
                return tuple(_plain(number) for number in value)
            case "channels":
                if not self._are_numbers(value, (1, 3)):
                    raise LabError(
                        "{field} of {kind} is {value}; it should be one number from {low:g} to {high:g}, or "
                        "three, one a channel.",
                        field=self.name, kind=owner, value=_shown(value), low=self.low, high=self.high,
                    )  # fmt: skip
                return tuple(_plain(number) for number in value)

    def to_text(self, value: Any) -> str:
        """In short: ``0.1307``, ``0.9/1.1``, ``true``, ``bilinear``."""
        if isinstance(value, bool):
            return str(value).lower()
        return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)

    def from_text(self, owner: str, text: str) -> Any:
        """The inverse of `to_text`. Raises `LabError` as `clean`."""
        if self.kind == "choice":
            return self.clean(owner, text)
        if self.kind == "toggle":
            return self.clean(owner, _WORDS.get(text, text))
        if self.kind in ("range", "channels"):
            return self.clean(owner, tuple(_number(part) for part in text.split("/")))
        return self.clean(owner, _number(text))

    def _is_number(self, value: Any) -> bool:
        numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
        return numeric and math.isfinite(value) and self.low <= value <= self.high

    def _are_numbers(self, value: Any, counts: Sequence[int]) -> bool:
        return (
            isinstance(value, (tuple, list))
            and len(value) in counts
            and all(self._is_number(number) for number in value)
        )

    def _wrong_number(self, owner: str, value: Any) -> LabError:
        values = {
            "field": self.name, "kind": owner, "value": _shown(value), "low": self.low, "high": self.high,
        }  # fmt: skip
        if self.kind == "number":
            return LabError("{field} of {kind} is {value}; it should lie in {low:g} to {high:g}.", **values)
        if self.step == 2:
            return LabError(
                "{field} of {kind} is {value}; it should be an odd number from {low:g} to {high:g}.", **values
            )
        return LabError(
            "{field} of {kind} is {value}; it should be a whole number from {low:g} to {high:g}.", **values
        )


def _plain(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)


def _number(text: str) -> Any:
    """The number that `text` writes, or `text` itself, which is then refused by its name."""
    try:
        return float(text)
    except ValueError:
        return text


def _shown(value: Any) -> str:
    """What was given instead, in a length that fits a sentence."""
    text = "/".join(map(str, value)) if isinstance(value, (tuple, list)) else repr(value)
    return text if len(text) <= 40 else text[:40] + "…"
