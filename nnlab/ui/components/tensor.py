"""Tensors as cells with the memory behind them: hover a cell and see its place, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
import torch
from torch import Tensor

from nnlab.lessons.tensors.memory import numbers, storage_items, storage_tensor
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _

# Of one dim so many indices are shown; of a longer one the first and the last few.
_MOST_COLUMNS, _MOST_ROWS, _MOST_BLOCKS, _MOST_PLACES = 24, 14, 16, 160
_LAST = 2
_SAID = 200  # elements that a screen reader is told


@dataclass(frozen=True, eq=False)
class Link:
    """What each element of a panel is made of: places (R, K) among the elements of another panel, counted in
    row-major order; R is the number of elements of this panel."""

    panel: int
    places: Tensor


@dataclass(frozen=True, eq=False)
class Panel:
    """One tensor.

    Attributes:
        name: stands above it.
        tensor: of any shape, dtype and device.
        memory: which of the memories it lies in; None: not shown.
        offset: where its first element lies in there, if that is not its ``storage_offset()``.
        sign: stands before it, such as "+" or "=".
        tag: a word or two beside its name.
        index: what stands before the brackets in the readout, where it is not `name`.
        lit: bools of its shape: the elements that are chosen; the others are drawn faintly.
        pale: bools of its shape: repetitions of others.
        tints: 0 or 1 for each element: which of two it comes from.
        links: what its elements are made of.
        notes: a line for each element.
        products, totals: the terms of the sum that each element is, and what they come to.
        editable: whether a number can be typed over each cell.
    """

    name: str
    tensor: Tensor
    memory: int | None = None
    offset: int | None = None
    sign: str = ""
    tag: str = ""
    index: str | None = None
    lit: Tensor | None = None
    pale: Tensor | None = None
    tints: Tensor | None = None
    links: Sequence[Link] = ()
    notes: Sequence[str] | None = None
    products: Sequence[Sequence[str]] | None = None
    totals: Sequence[str] | None = None
    editable: bool = False


@dataclass(frozen=True, eq=False)
class Memory:
    """A storage, from its first to its last element, as `tensor` has it; `lit`: a bool for each of them."""

    name: str
    tensor: Tensor
    lit: Tensor | None = None


def tensors(
    panels: Sequence[Panel],
    memories: Sequence[Memory] = (),
    *,
    key: str,
    hint: str = "",
    selected: int | None = None,
    resting: int | None = None,
    on_select: Callable[[int], None] | None = None,
    on_edit: Callable[[str, int, str], None] | None = None,
) -> None:
    """Show tensors side by side, and below them their memory.

    Args:
        hint: what the line below says while nothing is pointed at.
        selected: the element that is taken apart, of the panel that has links.
        resting: the element of the first panel that is pointed at while nothing else is.
        on_select: called with the element that somebody picks there, counted in row-major order.
        on_edit: called with the name of a panel, the element, and what was typed over it.
    """
    header: dict[str, Any] = {
        "name": key,
        "panels": [_panel(each) for each in panels],
        "memories": [_memory(each) for each in memories],
        "limit": max([_extent(each.tensor) for each in panels], default=0.0) or 1.0,
        "legend": _("Values"),
        "hint": hint,
        "selected": selected,
        "resting": resting,
        "texts": {
            "bytes": _("bytes {first} to {last}"),
            "place": _("place {sum}"),
            "stored": _("place {place}"),
        },
    }

    def selecting() -> None:
        told = st.session_state[key].get("selected")
        if told is not None and on_select is not None:
            on_select(int(told))

    def editing() -> None:
        told = st.session_state[key].get("edited")
        if told is not None and on_edit is not None:
            on_edit(str(told["name"]), int(told["place"]), str(told["text"]))

    part("tensor")(
        key=key,
        data=pack(header),
        default={"selected": None, "edited": None},
        on_selected_change=selecting,
        on_edited_change=editing,
    )


def _panel(panel: Panel) -> dict[str, Any]:
    tensor = panel.tensor.detach()
    dims = _shown(tuple(tensor.shape))
    seen = _cut(tensor.cpu(), dims)
    shape = tuple(tensor.shape)
    dtype = str(tensor.dtype).removeprefix("torch.")
    values = str(seen.tolist()) if seen.numel() <= _SAID else ""
    return {
        "name": panel.name,
        "index": panel.index,
        "sign": panel.sign,
        "tag": panel.tag,
        "shape": list(shape),
        "strides": list(tensor.stride()),
        "offset": tensor.storage_offset() if panel.offset is None else panel.offset,
        "memory": panel.memory,
        "dtype": dtype,
        "dims": dims,
        "texts": numbers(seen),
        "lit": _flags(panel.lit, dims),
        "pale": _flags(panel.pale, dims),
        "tints": _flags(panel.tints, dims),
        "links": [{"panel": link.panel, "cells": link.places.tolist()} for link in panel.links],
        "notes": None if panel.notes is None else list(panel.notes),
        "products": None if panel.products is None else [list(each) for each in panel.products],
        "totals": None if panel.totals is None else list(panel.totals),
        "editable": panel.editable,
        "strideText": _("strides"),
        "emptyText": _("no elements"),
        "label": _("{name}, shape {shape}, {dtype}; arrow keys move over its elements. {values}",
                   name=panel.name, shape=shape, dtype=dtype, values=values),
    }  # fmt: skip


def _memory(memory: Memory) -> dict[str, Any]:
    tensor = memory.tensor.detach()
    count, size = storage_items(tensor), tensor.element_size()
    shown = _ends(count, _MOST_PLACES)
    cells = storage_tensor(tensor)[torch.tensor(shown, dtype=torch.int64)].cpu()
    return {
        "name": memory.name,
        "told": _("{count:,} × {size} bytes = {total:,} bytes", count=count, size=size, total=count * size),
        "places": shown,
        "texts": numbers(cells),
        "hex": bytes(cells.view(torch.uint8).tolist()).hex(),
        "itemsize": size,
        "lit": None if memory.lit is None else "".join(str(int(memory.lit[place])) for place in shown),
        "label": _("{name}: {count} places in memory; arrow keys move over them",
                   name=memory.name, count=count),
    }  # fmt: skip


def _shown(shape: tuple[int, ...]) -> list[list[int]]:
    """The indices of each dim that are shown."""
    dims, blocks = [], 1
    for dim, size in enumerate(shape):
        behind = len(shape) - dim
        most = {1: _MOST_COLUMNS, 2: _MOST_ROWS}.get(behind, max(1, _MOST_BLOCKS // blocks))
        dims.append(_ends(size, most))
        if behind > 2:
            blocks *= max(1, len(dims[-1]))
    return dims


def _ends(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    last = _LAST if most > 2 * _LAST else 0
    return [*range(most - last), *range(count - last, count)]


def _cut(tensor: Tensor, dims: list[list[int]]) -> Tensor:
    for dim, shown in enumerate(dims):
        if len(shown) < tensor.shape[dim]:
            tensor = tensor.index_select(dim, torch.tensor(shown))
    return tensor


def _flags(flags: Tensor | None, dims: list[list[int]]) -> str | None:
    if flags is None:
        return None
    return "".join(str(int(flag)) for flag in _cut(flags, dims).reshape(-1).tolist())


def _extent(tensor: Tensor) -> float:
    """The largest finite magnitude."""
    if tensor.is_complex() or not tensor.numel():
        return 0.0
    values = tensor.detach().cpu().double().abs()
    return float(torch.where(values.isfinite(), values, 0).max())
