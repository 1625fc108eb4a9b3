"""The form of a layer, made from the fields of its entry in the registry; the URL holds what is typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from nnlab.errors import LabError, ShapeError
from nnlab.nets.layers import Field, LayerKind
from nnlab.ui.layers.linked import held, write
from nnlab.ui.text import _, say
from nnlab.ui.url import set_query

_SEPARATORS = re.compile(r"[\s,x×()]+")


def options_form(
    kind: LayerKind, settled: Mapping[str, Any], strip: DeltaGenerator | None = None
) -> dict[str, Any] | None:
    """A control for each option of `kind` that is not `settled` already; all options, or None with a sentence
    where one is not allowed, and a button for the nearest that is.

    Args:
        strip: the container that the controls go into; one of their own without it.
    """
    options, problems = dict(settled), {}
    with strip or st.container(horizontal=True, vertical_alignment="bottom", key="layers-options-strip"):
        for field in kind.fields:
            if field.name in settled or field.follows:
                continue
            try:
                options[field.name] = _control(kind, field)
            except LabError as error:
                problems[field] = error
    for field, problem in problems.items():
        st.error(say(problem), icon=":material/error:")
        value = parsed(field, st.query_params[field.name])
        _offer({field.name: field.nearest(value)}, f"layers-nearest-{field.name}")
    return None if problems else options


def offer_fix(error: LabError) -> None:
    """Say what is wrong with a layer; where there is a nearest setting that works, as a button."""
    st.error(say(error), icon=":material/error:")
    fix = error.fix if isinstance(error, ShapeError) else None
    if fix:
        _offer(fix, "layers-fix")


def _offer(options: Mapping[str, Any], key: str) -> None:
    """A button that sets these options of the form."""
    settings = ", ".join(f"{name} = {as_text(value)}" for name, value in options.items())
    st.button(
        _("Use {settings}", settings=settings), icon=":material/build:", key=key,
        on_click=_apply, args=(options,),
    )  # fmt: skip


def _apply(options: Mapping[str, Any]) -> None:
    """Set these options of the form."""
    for name, value in options.items():
        set_query(name, as_text(value))


def as_text(value: Any) -> str:
    """An option as it stands in the URL and in a text box: 3, 3x5, same."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def parsed(field: Field, text: str) -> Any:
    """The inverse of `as_text`; a text that says nothing sensible is returned as it is."""
    text = text.strip()
    if text in field.words or text in field.choices:
        return text
    if field.kind == "toggle":
        return {"True": True, "False": False}.get(text, text)
    parts = [part for part in _SEPARATORS.split(text) if part]
    try:
        numbers = [float(part) if field.kind == "number" else int(part) for part in parts]
    except ValueError:
        return text
    if field.kind == "pair" and len(numbers) == 2:
        return tuple(numbers)
    return numbers[0] if len(numbers) == 1 else text


def _control(kind: LayerKind, field: Field) -> Any:
    """Draw the control of a field. Raises `LabError` for a value that is not allowed."""
    usual = as_text(field.default)
    text = st.query_params.get(field.name, usual)
    value = parsed(field, text)
    match field.kind:
        case "toggle":
            shown = held(field.name, value if isinstance(value, bool) else field.default)
            st.toggle(field.name, **shown, on_change=write, args=(field.name, field.default))
        case "choice":
            now = value if value in field.choices else field.default
            st.selectbox(
                field.name, field.choices, **held(field.name, now, {"index": field.choices.index(now)}),
                on_change=write, args=(field.name, usual), width=115,
            )  # fmt: skip
        case _:
            # Text, so that a pair or a word can be typed too, and what is typed stays where it is wrong.
            wide = max(96, 10 * len(field.name))  # its name on one line
            st.text_input(
                field.name, **held(field.name, text), on_change=write, args=(field.name, usual), width=wide
            )
    return field.clean(kind.torch, value)
