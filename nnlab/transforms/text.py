"""A pipeline in one line, for a link or the command line.

    rotation:degrees=10,interpolation=bilinear;to_image;to_float;normalise:mean=0.1307,std=0.3081;one_hot

Steps are separated by ``;``, options by ``,``, the numbers of one option by ``/``; ``!`` before a step
disables it. Options that are as usual are left out.
"""

from __future__ import annotations

from typing import Any

from nnlab.errors import LabError, check
from nnlab.transforms.pipeline import MAX_STEPS, Pipeline, Step
from nnlab.transforms.registry import transform_kind

MAX_LENGTH = 4000
_ONE_HOT = "one_hot"


def to_text(pipeline: Pipeline) -> str:
    """The line that `from_text` reads; "" for a pipeline without steps."""
    parts = [_step_text(step) for step in pipeline.steps]
    return ";".join([*parts, _ONE_HOT] if pipeline.one_hot else parts)


def from_text(text: str) -> Pipeline:
    """The inverse of `to_text`.

    Raises:
        LabError: a transform or an option that does not exist, or a bad value.
    """
    check(
        len(text) <= MAX_LENGTH,
        "The pipeline is written in {count} characters; at most {most} are possible.",
        count=len(text), most=MAX_LENGTH,
    )  # fmt: skip
    parts = [part.strip() for part in text.split(";")]
    named = [part for part in parts if part]
    steps = [part for part in named if part != _ONE_HOT]
    check(
        len(steps) <= MAX_STEPS,
        "The pipeline has {count} steps; at most {most} are possible.",
        count=len(steps), most=MAX_STEPS,
    )  # fmt: skip
    return Pipeline(tuple(map(_step, steps)), _ONE_HOT in named)


def option_text(step: Step) -> str:
    """The options that are not as usual: ``degrees=10,interpolation=bilinear``."""
    complete = step.complete
    return ",".join(
        f"{field.name}={field.to_text(complete[field.name])}"
        for field in step.entry.fields
        if complete[field.name] != field.default
    )


def _step_text(step: Step) -> str:
    options = option_text(step)
    return ("" if step.enabled else "!") + step.kind + (f":{options}" if options else "")


def _step(text: str) -> Step:
    enabled = not text.startswith("!")
    name, _, listed = text.removeprefix("!").partition(":")
    kind = transform_kind(name.strip())
    known = {field.name: field for field in kind.fields}
    options: dict[str, Any] = {}
    for part in listed.split(",") if listed.strip() else ():
        option, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise LabError(
                "{text} of {kind} is not of the form option=value.", text=repr(part[:40]), kind=kind.name
            )
        if option not in known:
            raise LabError(
                "{kind} has no option {name}; it has: {known}.",
                kind=kind.name, name=repr(option[:40]), known=", ".join(known) or "none",
            )  # fmt: skip
        options[option] = known[option].from_text(kind.name, value)
    return Step(kind.name, options, enabled).tidy()
