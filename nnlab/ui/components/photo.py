"""A photograph with what was found on it: a box and an answer for each digit, one of them large beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


@dataclass(frozen=True)
class Layer:
    """The photograph at one stage: its title, a line of numbers about it, and a JPEG or PNG file."""

    title: str
    note: str
    file: bytes


@dataclass(frozen=True)
class Boxed:
    """A digit on the photograph.

    box: left, top, right and bottom in shares of the photograph's width and height.
    answer: the class, or None where it looks like none; sentence: what is said of it; note: a line about how
        it was read.
    bars: name, percent and best of the largest probabilities, see `bars.js`.
    """

    box: tuple[float, float, float, float]
    answer: str | None
    sentence: str
    note: str
    bars: Sequence[dict[str, Any]]


def photo(
    layers: Sequence[Layer],
    size: tuple[int, int],
    boxes: Sequence[Boxed],
    stages: Sequence[str],
    sheet: bytes,
    tiles: Sequence[Sequence[tuple[int, int]]],
    *,
    key: str,
    label: str,
) -> int | None:
    """Show a photograph with its boxes; hovering or selecting one shows it large, stage by stage.

    Args:
        layers: the photograph at its stages; the first is shown at first.
        size: width and height of the layers.
        stages: the title of each stage of a digit.
        sheet: a PNG file with a row for each digit and a square tile for each stage.
        tiles: for each digit and each stage, how much of its tile is used: width and height in pixels.
        label: what the picture is, for those who do not see it.

    Returns:
        The number of the selected digit, the first where none was chosen; None where there is none.
    """
    header = {
        "layers": [{"title": layer.title, "note": layer.note} for layer in layers],
        "size": list(size),
        "boxes": [
            {"box": [round(v, 5) for v in each.box], "answer": each.answer, "sentence": each.sentence,
             "note": each.note, "bars": list(each.bars)}
            for each in boxes
        ],
        "stages": list(stages),
        "tiles": [[list(used) for used in row] for row in tiles],
        "label": label,
        "texts": {
            "digit": _("Digit {number} of {count}"),
            "stage": _("Stage"),
        },
    }  # fmt: skip
    state = st.session_state.get(key) or {}
    chosen = state.get("selected", 0)
    valid = isinstance(chosen, int) and 0 <= chosen < len(boxes)
    blobs = [sheet, *(layer.file for layer in layers)]
    part("photo")(key=key, data=pack(header, *blobs), on_selected_change=_noted)
    if not boxes:
        return None
    return chosen if valid else 0


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""
