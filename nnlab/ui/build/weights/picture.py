"""A parameter as colours on the scale centred on zero."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from nnlab.lens import Parameter, first_layer_maps
from nnlab.nets.architecture import Row
from nnlab.ui.components import tiles
from nnlab.ui.layers.linked import choice
from nnlab.ui.layers.views import maps
from nnlab.ui.text import _

_MOST_TILES, _MOST_CHANNELS = 64, 16
_MOST_ROWS, _MOST_COLUMNS = 256, 1024
_FEW_CHANNELS = 3  # of templates that are drawn as pictures
_FEW_UNITS = 10


def picture(parameter: Parameter, rows: Sequence[Row]) -> None:
    """Filters, templates, a matrix or a row of values; `rows` are those of the network's trace."""
    part = parameter.part
    if part.ndim == 4:
        _filters(part, parameter)
    elif part.ndim == 2:
        shape = _seen_by(parameter.name, rows)
        if (
            shape is not None
            and shape[0] <= _FEW_CHANNELS
            and len(part) >= min(parameter.shape[0], _FEW_UNITS)
        ):
            _templates(first_layer_maps(part, shape), parameter)
        else:
            _matrix(part, parameter)
    else:
        st.markdown(f"**{_('Values')}**")
        maps(part.flatten(), key=f"weights-values-{parameter.name}", label=parameter.name)


def _filters(part: Tensor, parameter: Parameter) -> None:
    """One tile for each filter, its channels side by side."""
    shown = part[:_MOST_TILES, :_MOST_CHANNELS]
    title = _("Filters, one for each output channel")
    _scaled_tiles(shown, title, columns=max(1, min(8, len(shown), 32 // shown.shape[1])), max_tile=320)
    _left_out(len(shown), parameter.shape[0], shown.shape[1], parameter.shape[1])


def _templates(images: Tensor, parameter: Parameter) -> None:
    """What each unit looks for in the image."""
    shown = images[:_MOST_TILES]
    columns = max(1, min(5 if len(shown) <= _FEW_UNITS else 8, len(shown)))
    title = _("Templates, one for each unit, as large as the image")
    _scaled_tiles(shown, title, columns=columns, max_tile=110)
    if len(shown) < parameter.shape[0]:
        st.caption(_("The first {shown} of {count}.", shown=len(shown), count=parameter.shape[0]))


def _matrix(part: Tensor, parameter: Parameter) -> None:
    """Rows are outputs, columns inputs."""
    shown = part[:_MOST_ROWS, :_MOST_COLUMNS]
    st.markdown(f"**{_('The matrix: a row for each output, a column for each input')}**")
    tiles(shown[None], columns=1, key=f"weights-matrix-{parameter.name}", label=parameter.name, kind="signed",
          max_tile=900)  # fmt: skip
    _left_out(len(shown), parameter.shape[0], shown.shape[1], parameter.shape[1])


def _scaled_tiles(images: Tensor, title: str, columns: int, max_tile: int) -> None:
    """Tiles, and the choice of what their colours are scaled to."""
    heading, control = st.columns([3, 2], vertical_alignment="bottom")
    heading.markdown(f"**{title}**")
    with control:
        scale = choice(
            _("Colour scale"), "scale", ["all", "tile"], "all",
            shown=lambda name: _("the same for all") if name == "all" else _("of each its own"),
        )  # fmt: skip
    across = images.shape[1] * images.shape[3]
    tiles(images, columns=columns, key=f"weights-tiles-{across}", label=title, kind="signed",
          scale="tile" if scale == "tile" else "all", max_tile=max_tile)  # fmt: skip


def _left_out(first: int, of: int, second: int, of_second: int) -> None:
    """A line where not all is shown."""
    if first < of or second < of_second:
        st.caption(
            _("The first {first} × {second} of {of:,} × {of_second:,}.", first=first, second=second, of=of,
              of_second=of_second)
        )  # fmt: skip


def _seen_by(name: str, rows: Sequence[Row]) -> tuple[int, int, int] | None:
    """The shape of the maps (C, H, W) that were flattened for the linear layer of this weight."""
    layer = name.rpartition(".")[0]
    places = {row.name: place for place, row in enumerate(rows)}
    place = places.get(layer, 0)
    before = rows[place - 1] if place else None
    if before is None or before.kind != "flatten" or len(before.in_shape) != 3:
        return None
    return before.in_shape[0], before.in_shape[1], before.in_shape[2]
