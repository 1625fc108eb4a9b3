"""The view "How it is read": the drawing stage by stage, and what each stage is for."""

from __future__ import annotations

from typing import Any

import streamlit as st

from nnlab.drawing import is_bright
from nnlab.drawing.predict import is_filled
from nnlab.drawing.stages import SCREEN_PEN, STAGES
from nnlab.training.weights import WeightsInfo
from nnlab.ui.components.pad import runs
from nnlab.ui.components.stages import stage_pictures
from nnlab.ui.draw.reader import Reader
from nnlab.ui.draw.subject import Subject
from nnlab.ui.draw.told import stage_numbers
from nnlab.ui.linked import Linked
from nnlab.ui.text import _
from nnlab.ui.url import as_code

_LINKED = Linked("draw")
_KEY = "stages"
_PLAIN = (1, 28, 28)


def left_out() -> list[str]:
    """The stages that are off, as the URL says."""
    return [name for name in STAGES if name in _asked()]


def show(chosen: Reader, subject: Subject) -> None:
    """Draw the view of a drawing, or of an image that has only the last stages."""
    _complain()
    info = chosen.model.info
    image = subject.image[0].numpy()
    header = _header(info, subject.strokes is not None)
    inked = b""
    if subject.stages is not None and subject.strokes is not None:
        header |= {
            "strokes": [(10 * stroke).round().astype(int).flatten().tolist() for stroke in subject.strokes],
            "size": max(subject.size), "stages": stage_numbers(subject.stages),
            "pen": SCREEN_PEN * max(subject.size) / 280,
        }  # fmt: skip
        inked = runs(subject.stages.inked.numpy())
    if subject.drawing is not None:
        drawing = subject.drawing
        header |= {
            "seq": drawing.seq, "pen": drawing.pen, "seconds": drawing.seconds,
            "pressure": drawing.mean_pressure,
        }  # fmt: skip
    header["shape"] = list(image.shape)
    _pictures(header, subject.drawing is not None, runs(image), inked, in_data=subject.label is not None)


def show_none(chosen: Reader) -> None:
    """The same before anything is drawn: empty frames, so that nothing moves when it is."""
    _complain()
    _pictures(_header(chosen.model.info, True), True, b"", b"")


def _pictures(header: dict[str, Any], live: bool, given: bytes, inked: bytes, in_data: bool = False) -> None:
    """Only of what is on the pad can anything be left out."""
    header |= {
        "live": live,
        "cards": [{"name": name, "switchable": live and name in STAGES} for name in header["cards"]],
    }
    off = left_out() if live else []
    stage_pictures(header, given, inked, off=off, key=_KEY, on_change=_switched, in_data=in_data)


def _header(info: WeightsInfo, drawn: bool) -> dict[str, Any]:
    fitted = not drawn or info.in_shape != _PLAIN or is_bright(info) or is_filled(info)
    cards = ["drawn", "box", "centre", "ink"] if drawn else []
    return {
        "cards": [*cards, *(["given"] if fitted else []), "normalise"],
        "mean": list(info.mean), "std": list(info.std), "shape": list(info.in_shape), "size": 280,
        "pen": SCREEN_PEN, "bright": is_bright(info), "seq": 0, "strokes": [], "stages": None,
    }  # fmt: skip


def _switched() -> None:
    state = st.session_state.get(_KEY) or {}
    off = state.get("off")
    names = [name for name in STAGES if isinstance(off, list) and name in off]
    _LINKED.choose("off", ",".join(names), "")


def _asked() -> list[str]:
    return [name for name in _LINKED.text("off").split(",") if name]


def _complain() -> None:
    unknown = [name for name in _asked() if name not in STAGES]
    if unknown:
        st.warning(
            _(
                "`off={name}` in the address of this page is no stage; there are: {names}.",
                name=as_code(unknown[0]), names=", ".join(STAGES),
            ),
            icon=":material/link_off:",
        )  # fmt: skip
