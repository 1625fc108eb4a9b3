"""A drawing pad with the network's answer beside it, renewed while one draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network sees, uint8 (H, W), and what it says: one probability a class."""

    image: np.ndarray
    probabilities: Sequence[float]
    classes: Sequence[str]


@st.fragment
def pad(answer: Callable[[list[np.ndarray]], Answer | None], *, key: str, size: int = 280) -> None:
    """A pad, the image the network really sees, and its probabilities as bars.

    The drawing is kept for the session, so it is there again when the reader comes back to the page. Only
    this fragment runs again while one draws.

    Args:
        answer: called with the strokes, (k, 2) float32 each, in pixels of a `size` x `size` canvas with the
            origin at the top left; not called while nothing is drawn.
        size: the side of the canvas in which strokes are told; on the screen the pad takes what room it has.
    """
    mount = part("pad")
    state = st.session_state.get(key) or {}
    drawn = state.get("drawing") or st.session_state.get(f"{key}:drawing") or {"seq": 0, "strokes": []}
    st.session_state[f"{key}:drawing"] = drawn
    strokes = [np.array(flat, np.float32).reshape(-1, 2) / _TENTHS for flat in drawn["strokes"] if flat]
    said = answer(strokes) if strokes else None
    header: dict[str, Any] = {"size": size, "seq": drawn["seq"], "strokes": drawn["strokes"], "texts": _texts()}
    blob = b""
    if said is not None:
        image = np.ascontiguousarray(said.image, np.uint8)
        header |= {
            "shape": list(image.shape),
            "classes": list(said.classes),
            "probabilities": [round(float(p), 6) for p in said.probabilities],
        }
        best = int(np.argmax(said.probabilities))
        header["sentence"] = _(
            "The network says {answer}, with {percent:.1f} %.",
            answer=said.classes[best], percent=100 * float(said.probabilities[best]),
        )  # fmt: skip
        blob = image.tobytes()
    mount(key=key, data=pack(header, blob), on_drawing_change=_noted)


_TENTHS = 10  # coordinates travel as whole tenths of a pixel


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""


def _texts() -> dict[str, str]:
    return {
        "pad": _("Drawing pad. Arrow keys move the pen, the space bar puts it down and lifts it, U undoes, C clears."),
        "undo": _("Undo"),
        "clear": _("Clear"),
        "pen": _("Pen width"),
        "penHelp": _("How the pen looks here; the network is always given strokes of its own width."),
        "sees": _("What the network sees"),
        "says": _("What it says"),
        "draw": _("Draw something: the answer appears here."),
    }
