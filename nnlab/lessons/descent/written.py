"""Settings of racers as one short text, which fits into a link: ``adam.lr:0.05,adam.beta1:0.8``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from nnlab.errors import check
from nnlab.lessons.descent.racers import RACERS, Racer, racer, settings_of, with_numbers
from nnlab.lessons.descent.surfaces import Surface
from nnlab.lessons.typed import TypedError, check_length

Numbers = dict[str, dict[str, float]]


def read_settings(text: str) -> Numbers:
    """Numbers by racer and setting.

    Raises:
        TypedError: it cannot be read, or names something that there is not; with the place.
    """
    check_length(text)
    found: Numbers = {}
    at = 0
    for entry in text.split(",") if text else []:
        start, at = at, at + len(entry) + 1
        name, dot, rest = entry.partition(".")
        setting, colon, written = rest.partition(":")
        if not (dot and colon):
            raise TypedError(
                "“{entry}” is not a setting; it should be like {example}.",
                text=text, start=start, stop=at - 1, entry=entry, example="adam.lr:0.05",
            )  # fmt: skip
        if name not in RACERS:
            raise TypedError(
                "There is no optimizer {name}; there are: {known}.",
                text=text, start=start, stop=start + len(name), name=repr(name), known=", ".join(RACERS),
            )  # fmt: skip
        known = [one.name for one in settings_of(RACERS[name])]
        place = start + len(name) + 1
        if setting not in known:
            raise TypedError(
                "{optimizer} has no option {name}; it has: {known}.",
                text=text, start=place, stop=place + len(setting),
                optimizer=RACERS[name].title, name=setting, known=", ".join(known),
            )  # fmt: skip
        place += len(setting) + 1
        try:
            value = float(written)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise TypedError("“{entry}” is not a number.", text=text, start=place, stop=at - 1, entry=written)
        found.setdefault(name, {})[setting] = value
    return found


def write_settings(numbers: Mapping[str, Mapping[str, float]]) -> str:
    """The inverse of `read_settings`."""
    return ",".join(
        f"{name}.{setting}:{value:.12g}" for name, each in numbers.items() for setting, value in each.items()
    )


def set_racers(numbers: Numbers, names: Sequence[str], surface: Surface) -> list[Racer]:
    """The racers of those names with what `numbers` say of them; raises `LabError` for a bad number."""
    check(bool(names), "Nobody races; choose at least one optimizer.")
    return [with_numbers(racer(name, surface), numbers.get(name, {})) for name in names]
