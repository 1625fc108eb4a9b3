"""A drawing pad with the network's answer beside it, renewed while one draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from nnlab.errors import LabError
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _, say

_TENTHS = 10  # coordinates travel as whole tenths of a pixel
_MOST_BARS = 10


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network sees, uint8 (H, W), and what it says: one probability a class.

    `doubt` is a sentence for a drawing that the network has no answer to; its probabilities are then faint.
    """

    image: np.ndarray
    probabilities: Sequence[float]
    doubt: str | None = None


def drawn(key: str) -> list[np.ndarray]:
    """The strokes on the pad of that key: (k, 2) float32 each, in canvas pixels; none before it is drawn."""
    memory: dict[str, Any] = st.session_state.setdefault(f"{key}:drawing", {"seq": 0, "strokes": []})
    told: dict[str, Any] = (st.session_state.get(key) or {}).get("drawing") or memory
    if told["seq"] != memory["seq"]:
        memory.update(seq=told["seq"], strokes=told["strokes"], news=True)
    return [np.array(flat, np.float32).reshape(-1, 2) / _TENTHS for flat in memory["strokes"] if flat]


def pad(
    answer: Callable[[list[np.ndarray]], Answer], *, classes: Sequence[str], key: str, size: int = 280
) -> None:
    """A pad, the image the network really sees, and its probabilities as bars (the ten largest of more).

    The drawing is kept for the session, so it is there again when the reader comes back to the page. To be
    called in a fragment: it runs again at every movement of the pen.

    Args:
        answer: called with the strokes, (k, 2) float32 each, in pixels of a `size` x `size` canvas with the
            origin at the top left; not called while nothing is drawn. A `LabError` is shown as its sentence.
        classes: the name of each class.
        size: the side of the canvas in which strokes are told; on the screen the pad takes what room it has.
    """
    mount = part("pad")
    strokes = drawn(key)
    memory = st.session_state[f"{key}:drawing"]
    grown = memory.pop("news", False)
    header: dict[str, Any] = {"size": size, "seq": memory["seq"], "texts": _texts()}
    # The browser that has just told us the drawing has it; one in which the pad is new needs it.
    header["strokes"] = None if grown else memory["strokes"]
    image = b""
    probabilities = None
    header["faint"] = False
    header["sentence"] = _("Draw something: the answer appears here.")
    if strokes:
        try:
            said = answer(strokes)
        except LabError as error:
            header["sentence"] = say(error)
        else:
            header["faint"] = said.doubt is not None
            pixels = np.ascontiguousarray(said.image, np.uint8)
            header["shape"], image = list(pixels.shape), pixels.tobytes()
            probabilities = np.asarray(said.probabilities, np.float64)
            best = int(probabilities.argmax())
            header["sentence"] = said.doubt or _(
                "The network says {answer}, with {percent:.1f}%.",
                answer=classes[best], percent=100 * probabilities[best],
            )  # fmt: skip
    header["bars"] = _bars(classes, probabilities)
    mount(key=key, data=pack(header, image), on_drawing_change=_noted)


def _bars(classes: Sequence[str], probabilities: np.ndarray | None) -> list[dict[str, Any]]:
    if probabilities is None:
        return [{"name": name, "percent": None} for name in classes[:_MOST_BARS]]
    shown: Sequence[int] = range(len(classes))
    if len(classes) > _MOST_BARS:
        shown = [int(i) for i in np.argsort(-probabilities, kind="stable")[:_MOST_BARS]]
    best = int(probabilities.argmax())
    return [
        {"name": classes[i], "percent": round(100 * float(probabilities[i]), 3), "best": i == best}
        for i in shown
    ]


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""


def _texts() -> dict[str, str]:
    return {
        "pad": _(
            "Drawing pad. Arrow keys move the pen, the space bar puts it down and lifts it, "
            "U undoes, C clears."
        ),
        "undo": _("Undo"),
        "clear": _("Clear"),
        "pen": _("Pen width"),
        "penHelp": _("How the pen looks here; the network is always given strokes of its own width."),
        "sees": _("What the network sees"),
        "says": _("What it says"),
    }
