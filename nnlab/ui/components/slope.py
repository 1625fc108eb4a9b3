"""A descent on a loss of one parameter: a ball on a curve, the tangent under it, and its next step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from nnlab.ui.components.descent import player_texts
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


def slope(
    places: Any,
    values: Any,
    trail: tuple[Any, Any, Any, Any],
    *,
    key: str,
    label: str,
    on_start: Callable[[float], None],
    diverged: int | None = None,
    plain: bool = True,
    height: int = 330,
) -> None:
    """Show a curve with a descent on it that the reader steps through or plays.

    Args:
        places, values: (n,) points of the curve, ascending.
        trail: the points, losses and slopes of the descent, (k + 1,) each, and its k rates.
        label: what the picture is, for those who do not see it.
        on_start: called with where somebody moves the start, by pointer or arrow keys.
        plain: whether each step is the slope times the rate.
        diverged: the step after which the descent ended for being too far away.
    """
    xs, ys, *path = (np.ascontiguousarray(np.asarray(one), dtype="<f4") for one in (places, values, *trail))
    low, high = float(ys.min()), float(ys.max())
    header = {
        "bounds": [float(xs[0]), float(xs[-1])],
        "range": [low - 0.06 * (high - low), high],
        "height": height,
        "label": label,
        "start": float(f"{float(path[0][0]):.6g}"),
        "diverged": diverged,
        "lost": _("diverged"),
        "plain": plain,
        "texts": player_texts()
        | {
            "now": "x", "loss": "f(x)", "slope": _("slope f′(x)"), "rate": _("learning rate η"),
            "move": _("step −η · f′(x)") if plain else _("step"), "next": _("next x"),
        },
    }  # fmt: skip

    def moved() -> None:
        told = st.session_state[key].get("start")
        if told is not None:
            on_start(float(told))

    payload = pack(header, *(one.tobytes() for one in (xs, ys, *path)))
    part("slope")(key=key, data=payload, default={"start": None}, on_start_change=moved)
