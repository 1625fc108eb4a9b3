"""The form of one step, made from the fields of its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from nnlab.errors import LabError
from nnlab.transforms import Pipeline, Step
from nnlab.transforms.fields import Field
from nnlab.ui.datasets.transforms.state import keep
from nnlab.ui.hold import hold
from nnlab.ui.text import _, say

Change = Callable[[str, Any], Pipeline]


def step_form(step: Step, place: int, change: Change) -> None:
    """A widget for each option of the step at `place`; `change(option, value)` gives the changed pipeline."""
    st.caption(say(step.entry.about))
    complete = step.complete
    for field in step.entry.fields:
        _widget(field, complete[field.name], f"transforms-{place}-{step.kind}-{field.name}", change)
    st.code(step.code(), language="python", wrap_lines=True)


def _widget(field: Field, value: Any, key: str, change: Change) -> None:
    match field.kind:
        case "toggle":
            st.toggle(field.name, **hold(key, value), on_change=_change, args=(field, [key], change))
        case "choice":
            start = {"index": field.choices.index(value)}
            st.selectbox(field.name, field.choices, **hold(key, value, start), on_change=_change,
                         args=(field, [key], change))  # fmt: skip
        case "number" | "whole":
            _number(field, field.name, value, key, (field, [key], change))
        case _:
            keys = [f"{key}-{i}" for i in range(len(value))]
            columns = st.columns(len(value))
            for i, (column, part) in enumerate(zip(columns, value, strict=True)):
                with column:
                    _number(field, f"{field.name}[{i}]", part, keys[i], (field, keys, change))


def _number(field: Field, label: str, value: float, key: str, arguments: tuple[Any, ...]) -> None:
    whole = field.kind == "whole"
    kind = int if whole else float
    st.number_input(
        label,
        kind(field.low),
        kind(field.high),
        **hold(key, kind(value)),
        step=field.step if whole else _stride(field),
        format=None if whole else "%g",
        on_change=_change,
        args=arguments,
        help=_("{low:g} to {high:g}", low=field.low, high=field.high),
    )


def _stride(field: Field) -> float:
    """What plus and minus change a number by: a step of its usual size."""
    return 1.0 if field.high >= 30 and field.kind == "number" else 0.05


def _change(field: Field, keys: list[str], change: Change) -> None:
    values = [st.session_state[key] for key in keys]
    value = tuple(sorted(values)) if field.kind == "range" else tuple(values)
    try:
        keep(change(field.name, value if field.kind in ("range", "channels") else values[0]))
    except LabError as problem:
        st.toast(say(problem), icon=":material/error:")
