"""Layers in a row: what each makes of the input, with the part of the input that a unit sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from nnlab.ui.components.library import limit, pack, part
from nnlab.ui.text import _

_MOST_MAPS = 5  # of a stage; all of them are in the detail below
_MOST_SENT = 40_000  # values of a stage, where more than one map is shown
_MOST_VALUES = 512  # of a vector

Boxes = Sequence[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Stage:
    """What one layer gives: `output` (C, H, W) or (F,).

    Attributes:
        boxes: for (C, H, W), the rows of the input that each row of the output sees (from, to exclusive),
            and the same for the columns.
        grey: whether it is an image of values in [0, 1].
        labels: the name of each value of a vector.
        title: what the stage is called above its maps, where that is not its name: of a layer in a branch,
            whose name is long.
    """

    name: str
    output: Tensor
    boxes: tuple[Boxes, Boxes] | None = None
    grey: bool = False
    labels: Sequence[str] | None = None
    title: str = ""


def chain(
    stages: Sequence[Stage], *, chosen: int, key: str, on_choose: Callable[[int], None] | None = None
) -> int:
    """Show `stages`, the first of which is the input; the index of the one that is chosen.

    Choosing another runs the page again. With `on_choose`, that is called before, and what is shown is always
    `chosen`; without, `chosen` is where it starts.
    """
    told = None if on_choose else (st.session_state.get(key) or {}).get("chosen")

    def noted() -> None:
        """A state of a component is only kept where it has a callback."""
        index = (st.session_state.get(key) or {}).get("chosen")
        if on_choose is not None and index is not None:
            on_choose(min(int(index), len(stages) - 1))

    header: dict[str, Any] = {
        "stages": [_told(stage) for stage in stages],
        "input": list(stages[0].output.shape),
        "chosen": chosen if told is None else told,
        "texts": {
            "label": _("The layers, one after the other; arrow keys choose one and walk over its maps"),
            "sees": _("sees rows {rows}, columns {columns} of the input"),
        },
    }
    blobs = [np.ascontiguousarray(_shown(stage.output), dtype="<f4").tobytes() for stage in stages]
    state = part("chain")(
        key=key, data=pack(header, *blobs), default={"chosen": chosen}, on_chosen_change=noted
    )
    return chosen if on_choose else min(int(state.chosen), len(stages) - 1)


def _shown(output: Tensor) -> np.ndarray:
    count = max(1, min(_MOST_MAPS, _MOST_SENT // output[0].numel())) if output.ndim == 3 else _MOST_VALUES
    shown = output[:count]
    return np.asarray(shown.detach().numpy())


def _told(stage: Stage) -> dict[str, Any]:
    output = stage.output.detach()
    shown = _shown(output)
    left = len(output) - len(shown)
    shape = list(output.shape) if output.ndim == 3 else [len(shown)]
    return {
        "name": stage.name,
        "title": stage.title,
        "size": "×".join(map(str, output.shape)),
        "shape": shape,  # of what is drawn
        "shown": len(shown) if output.ndim == 3 else 1,
        "more": _("and {count} more", count=left) if left else "",
        "limit": limit(output),
        "grey": stage.grey,
        "boxes": stage.boxes,
        "labels": stage.labels,
    }
