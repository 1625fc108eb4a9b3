"""Controls that several parts have: which surface, which optimizer, where it starts, how fast it learns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from nnlab.lessons.descent import Surface
from nnlab.lessons.descent.slices import NAME
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, say

LINKED = Linked("descent")
STEPS = (10, 1000)  # fewest and most that can be asked for
_WIDE, _NARROW = 220, 130  # pixels of a select box and of a number box in the strip
_PER_DECADE = (1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.25, 2.5, 2.8, 3.2, 3.6, 4, 4.5, 5, 5.6, 6.3, 7, 8, 9)
_DECADES = range(-4, 2)
RATES = (1e-4, 90.0)  # the ends of the slider
MOVED = ("x", "y", "set", "lr", "own", "peak")  # what another surface takes out of the URL


def choose(
    label: str, name: str, titles: Mapping[str, str], default: str, also_clears: Sequence[str] = ()
) -> str:
    """A select box for ``?name=``; another choice takes `also_clears` out of the URL."""
    value = LINKED.choice(name, list(titles), default)

    def note() -> None:
        LINKED.note(name, default)
        for other in also_clears:
            LINKED.choose(other, "", "")

    st.selectbox(
        label, list(titles), **LINKED.held(name, value, {"index": list(titles).index(value)}),
        format_func=dict(titles).__getitem__, on_change=note, width=_WIDE,
    )  # fmt: skip
    return value


def strip() -> DeltaGenerator:
    """Where the controls of a part stand, as many in a row as fit."""
    return st.container(horizontal=True, vertical_alignment="bottom", key="descent-strip")


def surface_of(registry: Mapping[str, Surface], default: str, name: str = "surface") -> Surface:
    """Which surface; another one has another start and other rates."""
    if LINKED.text(name, default) not in registry and st.query_params.get(name) == NAME:
        for left in (name, *MOVED):  # the race was on a network's, which no other part has
            LINKED.choose(left, "", "")
    titles = {key: say(one.title) for key, one in registry.items()}
    return registry[choose(_("Surface"), name, titles, default, MOVED)]


def step_count(name: str, default: int) -> int:
    """How many steps, as ``?name=`` has it."""
    value = LINKED.number(name, default, low=STEPS[0], high=STEPS[1])
    st.number_input(
        _("Steps"), *STEPS, step=10, **LINKED.held(name, value), on_change=LINKED.note,
        args=(name, default), width=_NARROW,
    )  # fmt: skip
    return value


def start_of(surface: Surface) -> tuple[float, ...]:
    """Where it starts, by a number box for each parameter."""
    found = []
    names = _start_names(surface)
    for name, default, (low, high) in zip(names, surface.start, surface.bounds, strict=True):
        value = LINKED.decimal(name, default, low=low, high=high)
        unit = 10.0 ** math.floor(math.log10((high - low) / 20))
        st.number_input(
            _("Start, {name}", name=name[-1]), low, high, step=unit, format="%g",
            **LINKED.held(name, value), on_change=LINKED.note, args=(name, default),
            width=_NARROW,
        )  # fmt: skip
        found.append(value)
    return tuple(found)


def move_start(surface: Surface, *place: float) -> None:
    """As if the number boxes had been set."""
    for name, value, default in zip(_start_names(surface), place, surface.start, strict=True):
        LINKED.choose(name, value, default)


def _start_names(surface: Surface) -> Sequence[str]:
    """How the URL calls them: that of a curve is not that of a map."""
    return ("curve-x",) if surface.dims == 1 else ("x", "y")


def rate_slider(label: str, name: str, default: float) -> float:
    """A learning rate, on a logarithmic slider; the URL may hold any other one."""
    value = LINKED.decimal(name, default, low=RATES[0], high=RATES[1])
    marks = {float(f"{part * 10.0**power:.3g}") for power in _DECADES for part in _PER_DECADE}
    offered = sorted(marks | {value, default})
    st.select_slider(
        label, offered, **LINKED.held(name, value), format_func=_short, on_change=LINKED.note,
        args=(name, default),
    )  # fmt: skip
    return value


def _short(value: float) -> str:
    return f"{value:.6g}"
