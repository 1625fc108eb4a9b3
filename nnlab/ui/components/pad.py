"""A drawing pad with the network's answer beside it, renewed while one draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from nnlab.errors import LabError
from nnlab.ui.components.drawing import Drawing, read_drawing
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _, language, say

MOST_BARS = 10
_KEPT = ("seq", "strokes", "times", "pressures", "pen", "down", "texts")  # of what a browser tells


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network sees, uint8 (C, H, W), and what it says: one probability a class.

    `doubtful` for a drawing that the network has no answer to; its probabilities are then faint.
    """

    image: np.ndarray
    probabilities: np.ndarray
    doubtful: bool = False

    def message(self) -> tuple[dict[str, Any], list[bytes]]:
        """What the browser needs of it: for the header of `pack`, and the blobs."""
        image = np.ascontiguousarray(self.image, np.uint8)
        if image.ndim == 2:
            image = image[None]
        if len(image) == 3 and (image == image[:1]).all():
            image = image[:1]  # grey
        header = {"shape": list(image.shape), "doubt": self.doubtful}
        return header, [runs(image), np.asarray(self.probabilities, np.float32).tobytes()]


@dataclass(frozen=True)
class Channel:
    """A connection by which the pad may ask while the pen is down; see `nnlab.ui.draw.channel`.

    path: of the server's WebSocket. config: what is told with the first question.
    """

    path: str
    config: Mapping[str, Any]


def drawing_on(key: str) -> Drawing:
    """What is drawn on the pad of that key; kept for the session.

    Raises:
        LabError: the browser has told nonsense. What was drawn before is kept.
    """
    memory: dict[str, Any] = st.session_state.setdefault(f"{key}:drawing", {"seq": 0, "strokes": []})
    state = st.session_state.get(key) or {}
    told = state.get("drawing") if isinstance(state, Mapping) else state
    if told is None:
        return read_drawing(memory)
    drawing = read_drawing(told)
    if drawing.seq != memory["seq"]:
        memory.clear()
        memory.update({name: told[name] for name in _KEPT if name in told}, news=True)
    return read_drawing(memory)


def drawn(key: str) -> list[np.ndarray]:
    """The strokes of `drawing_on`: (k, 2) float32 each, in canvas pixels; none where nonsense was told."""
    try:
        return drawing_on(key).arrays
    except LabError:
        return []


def pad(
    answer: Answer | LabError | None,
    *,
    classes: Sequence[str],
    key: str,
    size: int = 280,
    channel: Channel | None = None,
    follows: bool = True,
) -> None:
    """A pad, the image the network really sees, and its probabilities as bars (the ten largest of more).

    The drawing (`drawing_on`) is kept for the session, so it is there again when the reader comes back to the
    page. To be called in a fragment: it runs again at every stroke of the pen.

    Args:
        answer: to what is drawn; an error is shown as its sentence; None where nothing is drawn.
        classes: the name of each class.
        size: the side of the canvas in which strokes are told; on the screen the pad takes what room it has.
        channel: where the pad asks while the pen is down. Without it, the fragment runs again instead.
        follows: whether the page wants to know of the drawing while the pen is still down.
    """
    mount = part("pad")
    memory = st.session_state.get(f"{key}:drawing") or {"seq": 0, "strokes": []}
    grown = memory.pop("news", False)
    texts, name = _texts(), language()
    header: dict[str, Any] = {
        "size": size, "seq": memory["seq"], "most": MOST_BARS, "classes": list(classes), "textsName": name,
        "pen": memory.get("pen", Drawing.pen), "follows": follows, "channelName": "",
    }  # fmt: skip
    if channel is not None:
        header |= {"path": channel.path, "channel": channel.config, "channelName": channel.config["name"]}
    # The browser that has just told us the drawing has it; one in which the pad is new needs it.
    header["texts"] = None if grown and memory.get("texts") == name else texts
    header["strokes"] = None if grown else memory["strokes"]
    if not grown:
        header |= {name: memory[name] for name in ("times", "pressures", "down") if name in memory}
    blobs = [b"", b""]
    if isinstance(answer, LabError):
        header["problem"] = say(answer)
    elif answer is not None:
        said, blobs = answer.message()
        header |= said
    header["sentence"] = sentence_of(answer, classes)
    mount(key=key, data=pack(header, *blobs), on_drawing_change=_noted)


def sentence_of(answer: Answer | LabError | None, classes: Sequence[str]) -> str:
    """What the network says, in the reader's language."""
    if answer is None:
        return _("Draw something: the answer appears here.")
    if isinstance(answer, LabError):
        return say(answer)
    if answer.doubtful:
        return _("This does not look like a digit.")
    best = int(np.argmax(answer.probabilities))
    percent = 100 * float(answer.probabilities[best])
    return _("The network says {answer}, with {percent:.1f}%.", answer=classes[best], percent=percent)


def runs(image: np.ndarray) -> bytes:
    """Uint8 values as pairs: how often (1 to 255 times), and which."""
    flat = image.reshape(-1)
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths = np.diff(starts, append=len(flat))
    repeats = -(-lengths // 255)
    values = np.repeat(flat[starts], repeats)
    counts = np.full(len(values), 255)
    counts[repeats.cumsum() - 1] = lengths - 255 * (repeats - 1)
    return np.stack((counts.astype(np.uint8), values), 1).tobytes()


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""


def board_texts() -> dict[str, str]:
    """What stands on the board beside the pad or a sample; the answer is filled in by the browser."""
    return {
        "sees": _("What the network sees"),
        "says": _("What it says"),
        "answer": _("The network says {answer}, with {percent:.1f}%."),
        "doubt": _("This does not look like a digit."),
        "nothing": _("Draw something: the answer appears here."),
    }


def _texts() -> dict[str, str]:
    return board_texts() | {
        "pad": _(
            "Drawing pad. Arrow keys move the pen, the space bar puts it down and lifts it, "
            "U undoes, C clears."
        ),
        "keys": _("Arrow keys: move (Shift: faster) · Space: pen down, up · U: undo · C: clear"),
        "undo": _("Undo"),
        "clear": _("Clear"),
        "pen": _("Pen width"),
        "penHelp": _("How the pen looks here; the network is always given strokes of its own width."),
    }
