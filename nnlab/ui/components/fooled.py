"""The same drawing before several networks: moved by hand, and what each says of it at every shift."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from nnlab.data.ink import NARROWEST, PEN_WIDTH
from nnlab.drawing.fooled import SPAN, Grid
from nnlab.errors import LabError, check
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _

FARTHEST = 8  # pixels
MOST_DEGREES = 45
_THINNER, _WIDER = NARROWEST - PEN_WIDTH, 3.6  # pixels of the pen


@dataclass(frozen=True)
class Moves:
    """What is done to a drawing: whole pixels to the right and down, degrees clockwise, pixels by which the
    pen is wider. Without a pen there is none that could be wider."""

    x: int = 0
    y: int = 0
    rotate: float = 0.0
    width: float = 0.0
    has_pen: bool = True

    @property
    def text(self) -> str:
        """``x,y,degrees,pixels``; "" where nothing is done."""
        if (self.x, self.y, self.rotate, self.width) == (0, 0, 0, 0):
            return ""
        return f"{self.x},{self.y},{self.rotate:g},{self.width:g}"

    @classmethod
    def read(cls, text: str, has_pen: bool = True) -> Moves:
        """The inverse of `text`; raises `LabError` for anything else."""
        if not text:
            return cls(has_pen=has_pen)
        try:
            values = [float(word) for word in text.split(",")]
        except ValueError:
            values = []
        check(
            len(values) == 4 and all(map(math.isfinite, values)),
            "“{text}” does not say how a drawing is moved; “2,-3,10,0.4” would: 2 pixels to the right, 3 up, "
            "turned by 10 degrees, with a pen wider by 0.4 pixels.",
            text=text[:40],
        )  # fmt: skip
        x, y, rotate, width = values
        within = max(abs(x), abs(y)) <= FARTHEST and abs(rotate) <= MOST_DEGREES
        check(
            within and x == int(x) and y == int(y) and _THINNER <= width <= _WIDER,
            "A drawing can be moved by whole pixels up to {far}, turned by up to {degrees} degrees, and its "
            "pen be wider by {low:g} to {high:g} pixels.",
            far=FARTHEST, degrees=MOST_DEGREES, low=round(_THINNER, 3), high=_WIDER,
        )  # fmt: skip
        return cls(int(x), int(y), rotate, width if has_pen else 0.0, has_pen)


@dataclass(frozen=True, eq=False)
class Network:
    """What one network says.

    Attributes:
        about: its data and its accuracy.
        probabilities: (classes,), of the drawing as it is moved.
        grid: of the drawing at all shifts; None for a network that is too large for that, and while the pen
            is down, as it will be another drawing at once.
        wanted: the class that the answers of the grid are compared with: the right one (`right`), else that
            of the drawing where it is.
        waiting: for the pen to be up, until all shifts are tried.
    """

    name: str
    about: str
    classes: Sequence[str]
    probabilities: Tensor
    grid: Grid | None
    wanted: int | None
    right: bool = False
    waiting: bool = False


def fooled(
    drawing: np.ndarray,
    networks: Sequence[Network],
    moves: Moves,
    *,
    key: str,
    on_move: Callable[[str], None],
    going: bool = False,
) -> None:
    """Show the `drawing`, uint8 (H, W), as it is moved, and the networks beside it.

    To be called in a fragment. `on_move` is called with the text of the moves that somebody makes; while
    something is `going` on, the fragment runs again by itself.
    """
    told = st.session_state.get(key) or {}
    seq = (told.get("moved") or {}).get("seq", 0)
    blobs = [np.ascontiguousarray(drawing, np.uint8).tobytes()]
    waiting = any(network.waiting for network in networks)
    header = {
        "seq": seq,
        "moves": {"x": moves.x, "y": moves.y, "rotate": moves.rotate, "width": moves.width},
        "limits": {"shift": FARTHEST, "rotate": MOST_DEGREES, "thin": round(_THINNER, 3), "wide": _WIDER},
        "hasPen": moves.has_pen,
        "shape": list(drawing.shape),
        "span": SPAN,
        "networks": [_told(network, blobs) for network in networks],
        "waiting": waiting,  # what was said of all shifts stays meanwhile, faded
        "summary": "" if waiting else _summary(networks),
        "going": going,
        "tick": told.get("tick"),  # so that the message is another one, and there is an answer to each look
        "texts": _texts(),
    }

    def noted() -> None:
        asked = (st.session_state.get(key) or {}).get("moved") or {}
        try:
            made = Moves.read(",".join(str(asked.get(name)) for name in ("x", "y", "rotate", "width")))
        except LabError:
            return  # nothing that the page could have sent
        on_move(made.text)

    part("fooled")(
        key=key, data=pack(header, *blobs), default={"moved": None, "tick": None},
        on_moved_change=noted, on_tick_change=_noted,
    )  # fmt: skip


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""


def _told(network: Network, blobs: list[bytes]) -> dict[str, Any]:
    best = int(network.probabilities.argmax())
    found: dict[str, Any] = {
        "name": network.name,
        "about": network.about,
        "answer": network.classes[best],
        "percent": _percent(network.probabilities[best]),
        "kept": network.wanted is None or best == network.wanted,
    }
    grid, wanted = network.grid, network.wanted
    if network.waiting:
        return found | {"grid": None, "waiting": True, "line": _("All shifts are tried once the pen is up.")}
    if grid is None or wanted is None:
        return found | {"grid": None, "line": _("Too large a network to try all shifts while you draw.")}
    answers = grid.answers
    shares = grid.probabilities.amax(2)
    blobs.append(answers.numpy().astype("<u2").tobytes())
    blobs.append((shares * 255).round().numpy().astype(np.uint8).tobytes())
    same, count = grid.same(wanted), answers.numel()
    values = {"same": same, "count": count, "share": same / count}
    if network.right:
        line = _("{same} of {count} shifts: right ({share:.0%})", **values)
    else:
        line = _("{same} of {count} shifts: the same answer ({share:.0%})", **values)
    said = sorted(set(answers.flatten().tolist()))
    return found | {
        "grid": len(blobs) - 2,
        "side": len(answers),
        "wanted": wanted,
        "classes": {at: network.classes[at] for at in said},
        "line": line,
    }  # fmt: skip


def _percent(probability: Tensor) -> float:
    return round(100 * float(probability), 2)


def _summary(networks: Sequence[Network]) -> str:
    """Who is fooled most, and who least."""
    shares = [
        (network.grid.same(network.wanted) / network.grid.answers.numel(), network.name)
        for network in networks
        if network.grid is not None and network.wanted is not None
    ]
    if len(shares) < 2:
        return ""
    (low, worst), (high, best) = min(shares), max(shares)
    if low == high:
        return _("A shift of up to {span} pixels fools all of them alike.", span=SPAN)
    return _(
        "A shift of up to {span} pixels fools {worst} most, and {best} least.",
        span=SPAN, worst=worst, best=best,
    )  # fmt: skip


def _texts() -> dict[str, str]:
    return {
        "drawing": _("The drawing, {size} × {size}. Drag it, or move it with the arrow keys."),
        "x": _("to the right"),
        "y": _("down"),
        "rotate": _("turned"),
        "width": _("pen"),
        "noPen": _("Only strokes can have another pen."),
        "back": _("As it was"),
        "grid": _("What it says at all shifts; arrow keys walk over them, Enter takes one"),
        "same": _("as where it is, or right"),
        "other": _("another answer"),
        "at": _("{shift}: says {answer}, {percent}%"),
        "left": _("{count} to the left"),
        "right": _("{count} to the right"),
        "up": _("{count} up"),
        "down": _("{count} down"),
        "still": _("where it is"),
        "hint": _("Each square is a shift; click one to see it."),
    }
