"""A network drawn to scale: its layers as boxes and bars, its branches as lanes, its parameters as edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, Path, Row
from nnlab.nets.branches import JOINS
from nnlab.nets.layers import LAYERS, Shape
from nnlab.ui.components.builder import FAMILIES
from nnlab.ui.components.diagram_items import Scale
from nnlab.ui.components.diagram_layout import Words, layout
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _, mark, say

_FAMILIES = {**FAMILIES, "join": mark("Branches joined")}


def diagram(
    architecture: Architecture,
    rows: Sequence[Row],
    *,
    in_shape: Shape,
    problem: LabError | None = None,
    fields: Mapping[Path, tuple[int, int]] | None = None,
    chosen: Path | None = None,
    on_choose: Callable[[Path], None] | None = None,
    opens: bool = False,
    linked: str = "",
    key: str,
) -> Path | None:
    """Draw `architecture` as far as a sample of `in_shape` (C, H, W) comes; the path of the chosen layer.

    While a layer is pointed at, the document gets the event ``nnlab:layer`` with the detail
    ``{key: linked, path: "3.0.2" or null}``; the same event, sent by others, marks that layer here.

    Args:
        rows, problem: what `Architecture.look` gives.
        fields: the (height, width) of the image that a unit in the middle of a layer sees, by its path.
        chosen: the layer that is marked.
        on_choose: called before the page runs again because another layer was chosen here; without it, that
            one is marked from then on.
        opens: whether the linked list takes the event ``nnlab:open``, ``{key: linked, path: "3.0.2"}``: that
            layer is to be opened on the Layers page.
        linked: what this picture and the lists that it is linked with call each other; usually `key`.
    """
    words = Words(_("input"), _("as it is"), _("{count} not reached"))
    drawing = layout(architecture, rows, in_shape, problem, words)
    told = (st.session_state.get(key) or {}).get("chosen")
    header: dict[str, Any] = {
        "items": [item.to_json() for item in drawing.items],
        "width": round(drawing.width, 1),
        "height": round(drawing.height, 1),
        "layers": [_told(row, fields or {}) for row in rows],
        "input": [_("input"), _times(in_shape)],
        "problem": None if problem is None else say(problem),
        "chosen": _text(chosen) if chosen else told if on_choose is None else None,
        "linked": linked or key,
        "scale": _scale(drawing.scale),
        "edges": drawing.scale.params
        and _("parameters (√), at most {count}", count=f"{drawing.scale.params:,}"),
        "families": {
            name: _(title)
            for name, title in _FAMILIES.items()
            if any(_family(row) == name and (name != "join" or row.kind == "concat") for row in rows)
        },
        "texts": {
            **({"open": _("Open in Layers")} if opens else {}),
            "label": _("The network to scale; arrow keys walk from layer to layer, Enter chooses one"),
            "sum": _sum(rows) if problem is None
            else _("Drawn as far as it fits: {layers} of {all} layers", layers=len(rows),
                   all=sum(layer.count() for layer in architecture.layers)),
        },
    }  # fmt: skip

    def noted() -> None:
        """A state of a component is only kept where it has a callback."""
        path = _path((st.session_state.get(key) or {}).get("chosen"))
        if on_choose is not None and path is not None:
            on_choose(path)

    state = part("diagram")(key=key, data=pack(header), default={"chosen": told}, on_chosen_change=noted)
    return _path(state.chosen)


def _told(row: Row, fields: Mapping[Path, tuple[int, int]]) -> dict[str, Any]:
    """What is told of a layer: its name, and everything else in one line."""
    facts = [f"{_times(row.in_shape)} → {_times(row.out_shape)}"]
    if row.params:
        facts.append(_("{count} parameters", count=f"{row.params:,}"))
    if row.macs:
        facts.append(_("{count} multiply-adds", count=f"{row.macs:,}"))
    if row.path in fields:
        facts.append(_("sees {size} of the input", size=_times(fields[row.path])))
    title = LAYERS[row.kind].torch if row.kind in LAYERS else row.kind
    return {"path": _text(row.path), "name": row.name, "kind": title, "facts": " · ".join(facts)}


def _sum(rows: Sequence[Row]) -> str:
    params, macs = sum(row.params for row in rows), sum(row.macs for row in rows)
    return _("{layers} layers · {params} parameters · {macs} multiply-adds",
             layers=len(rows), params=f"{params:,}", macs=f"{macs:,}")  # fmt: skip


def _scale(scale: Scale) -> list[dict[str, Any]]:
    """The lines of the legend: how long what is."""
    side = _round(scale.side)
    lines = [
        (
            _("height, width (√): {count}", count=side) if scale.root
            else _("height, width: {count}", count=side),
            scale.of_side(side),
        ),
        (_("channels (√): {count}", count=scale.channels), scale.of_channels(scale.channels)),
    ]  # fmt: skip
    if scale.features:
        line = _("features (√): {count}", count=f"{scale.features:,}")
        lines.append((line, scale.of_features(scale.features)))
    return [{"text": text, "long": round(long, 1)} for text, long in lines]


def _round(size: int) -> int:
    """The largest power of two that is no more."""
    return 1 << (size.bit_length() - 1)


def _family(row: Row) -> str:
    return "join" if row.kind in JOINS else LAYERS[row.kind].family


def _times(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _text(path: Path) -> str:
    return ".".join(map(str, path))


def _path(text: str | None) -> Path | None:
    return tuple(map(int, text.split("."))) if text else None
