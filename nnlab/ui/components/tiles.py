"""Many small images as one picture: crisp pixels, exact values under the pointer, one of them selectable."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import streamlit as st
from PIL import Image

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


def tiles(
    images: Any,
    captions: Sequence[str] | None = None,
    *,
    columns: int,
    key: str,
    label: str,
    kind: Literal["image", "signed", "light"] = "image",
    scale: Literal["all", "tile"] | float = "all",
    selectable: bool = False,
    selected: int | None = None,
    max_tile: int = 112,
) -> int | None:
    """Show N small images on one canvas; it redraws in place when they change.

    Args:
        images: tensor or array. ``kind="image"``: uint8 (N, C, H, W) or (N, H, W) with C = 1 or 3, sent as
            one PNG. ``kind="signed"``: floats (N, H, W) or (N, C, H, W), whose C maps stand side by side in
            a tile, sent as raw float32 and painted on a diverging scale centred on zero; NaN is blank.
            ``kind="light"``: floats from 0 up, of which 0 is black and the scale's end white; three channels
            are the red, green and blue of one picture.
        captions: a line under each.
        columns: at most so many in a row, fewer where the page is narrow.
        label: what the picture is, for those who do not see it.
        scale: for floats, the value at the ends of the scale: the largest magnitude of all tiles, of each
            tile, or this number.
        selectable: whether a click or the arrow keys select a tile.
        selected: the index selected at first.
        max_tile: CSS pixels a tile is wide at most.

    Returns:
        The index of the selected tile, or None.
    """
    array = np.asarray(images)
    array = array[:, None] if array.ndim == 3 else array
    if kind == "image" and array.dtype != np.uint8:
        raise ValueError(f"images are uint8, not {array.dtype}; floats are kind='signed' or 'light'")
    count, channels, height, width = array.shape
    state = st.session_state.get(key) or {}
    header: dict[str, Any] = {
        "kind": kind,
        "shape": [count, channels, height, width],
        "columns": columns,
        "captions": list(captions) if captions is not None else None,
        "label": label,
        "selectable": selectable,
        "selected": state.get("selected", selected),
        "maxTile": max_tile,
        "texts": {"tile": _("Each tile is scaled to its own largest value.")},
    }
    if kind == "image":
        payload = _png(array, columns)
    else:
        array = np.ascontiguousarray(array, dtype="<f4")
        payload = array.tobytes()
        header["limits"] = _limits(array, scale)
        header["perTile"] = scale == "tile"
    mount = part("tiles")
    if not selectable:
        mount(key=key, data=pack(header, payload))
        return None
    result = mount(
        key=key, data=pack(header, payload), default={"selected": selected}, on_selected_change=_noted
    )
    chosen = result.selected
    return int(chosen) if chosen is not None and int(chosen) < count else None


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""


def _limits(array: np.ndarray, scale: Literal["all", "tile"] | float) -> list[float]:
    """The value at the ends of the scale, for each tile; 1 where a tile has nothing but zeros."""
    if isinstance(scale, int | float):
        return [float(scale)] * len(array)
    each = np.where(np.isfinite(array), np.abs(array), 0).reshape(len(array), -1).max(1)
    largest = each if scale == "tile" else np.full(len(array), each.max(initial=0))
    return [float(value) or 1.0 for value in largest]


def _png(array: np.ndarray, columns: int) -> bytes:
    """The images (N, C, H, W) uint8 in rows of `columns`, without gaps, as one PNG."""
    count, channels, height, width = array.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, channels, height, width), np.uint8)
    sheet[:count] = array
    sheet = sheet.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = sheet.reshape(rows * height, columns * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
