"""The view "How it is read": the drawing stage by stage, and what each stage is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from nnlab.drawing import is_bright
from nnlab.drawing.stages import STAGES
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
    if subject.stages is not None and subject.drawing is not None:
        drawing, found = subject.drawing, subject.stages
        header |= {
            "strokes": [flat for flat in drawing.strokes if flat], "seq": drawing.seq, "pen": drawing.pen,
            "seconds": drawing.seconds, "pressure": drawing.mean_pressure, "stages": stage_numbers(found),
        }  # fmt: skip
        inked = runs(found.inked.numpy())
    header["shape"] = list(image.shape)
    _pictures(header, runs(image), inked)


def show_none(chosen: Reader) -> None:
    """The same before anything is drawn: empty frames, so that nothing moves when it is."""
    _complain()
    _pictures(_header(chosen.model.info, True), b"", b"")


def _pictures(header: Mapping[str, Any], given: bytes, inked: bytes) -> None:
    stage_pictures(header, given, inked, off=left_out(), key=_KEY, on_change=_switched)


def _header(info: WeightsInfo, drawn: bool) -> dict[str, Any]:
    fitted = not drawn or info.in_shape != _PLAIN or is_bright(info)
    cards = [("drawn", False), ("box", True), ("centre", True), ("ink", True)] if drawn else []
    cards += [("given", False)] if fitted else []
    return {
        "cards": [{"name": name, "switchable": can} for name, can in [*cards, ("normalise", True)]],
        "mean": list(info.mean), "std": list(info.std), "shape": list(info.in_shape), "size": 280, "pen": 18,
        "bright": is_bright(info), "live": drawn, "seq": 0, "strokes": [], "stages": None,
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
