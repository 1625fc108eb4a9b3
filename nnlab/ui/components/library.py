"""How the components' JavaScript reaches the browser: once, and not with every update.

Streamlit sends a component's inline code again with each change of its data. So what the components are
registered with is only a stub of a few lines, which waits for its part in ``globalThis.nnlab``; the parts
themselves are the data of one invisible component that `serve` mounts on every page and that never changes.
The files ``*.js`` and ``*.css`` beside this one are the parts; ``shared.js`` stands before each of them, and
a part of several files is put together here.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

_HERE = Path(__file__).parent
_PARTS = {
    "tiles": ("tiles",),
    "curves": ("series", "curves"),
    "pad": ("bars", "board", "paths", "channel", "kept", "pad"),
    "sample": ("bars", "board", "sample"),
    "stages": ("board", "paths", "stages"),
    "photo": ("bars", "photo"),
    "living": ("bars", "living"),
    "path": ("path",),
    "histogram": ("histogram",),
    "chain": ("sheet", "chain"),
    "strips": ("cells", "strips"),
    "diagram": ("diagram",),
    "pulse": ("pulse",),
    "descent": ("series", "descent_player", "descent_chart", "descent_relief", "descent"),
    "slope": ("series", "descent_player", "slope"),
    "graph": ("graph",),
    "joined": ("sheet", "legend", "joined"),
    "builder": (
        "builder_paths",
        "builder_icons",
        "builder_rows",
        "builder_form",
        "builder_menu",
        "builder_drag",
        "builder_keys",
        "builder",
    ),
    "fooled": ("fooled",),
    "inside": ("sheet", "legend", "paths", "inside_why", "inside"),
    "tensor": ("cells", "legend", "tensor_grid", "tensor_memory", "tensor"),
    "weight": ("sheet", "legend", "weight"),
    "window": ("axis", "sheet", "cells", "legend", "terms", "window"),
}

_LOADER = """
export default async ({ data }) => {
  for (const [name, { code, css }] of Object.entries(data)) {
    const slot = ((globalThis.nnlab ??= {})[name] ??= Promise.withResolvers());
    if (slot.loaded) continue;
    slot.loaded = true;
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const { default: part } = await import(url);
    slot.resolve((component) => part(component, css));
  }
};
"""
_STUB = """
export default (component) =>
  ((globalThis.nnlab ??= {})["%s"] ??= Promise.withResolvers()).promise.then((part) => part(component));
"""


def serve() -> None:
    """Mount the invisible component that carries the JavaScript; once in each full run of a page."""
    with st.container(key="nnlab-library"):
        component("library", _LOADER)(key="nnlab-library-code", data=_parts(), height=1)


def part(name: str) -> Any:
    """The mounting command of the component whose JavaScript is ``<name>.js``."""
    return component(name, _STUB % name)


@lru_cache
def component(name: str, js: str) -> Any:
    """Register the component ``nnlab.<name>`` and return its mounting command."""
    return st.components.v2.component(f"nnlab.{name}", js=js)


def pack(header: dict[str, Any], *blobs: bytes) -> bytes:
    """One message for ``unpack`` in ``shared.js``: a length, the header as JSON, then the raw bytes."""
    text = json.dumps({**header, "blobs": [len(b) for b in blobs]}, ensure_ascii=False, separators=(",", ":"))
    head = text.encode()
    return b"".join((len(head).to_bytes(4, "little"), head, *blobs))


def limit(values: Any) -> float:
    """The value at the ends of a scale centred on zero: the largest finite magnitude, 1 where all is zero."""
    array = np.asarray(values)
    return float(np.where(np.isfinite(array), np.abs(array), 0).max(initial=0)) or 1.0


@lru_cache
def _parts() -> dict[str, dict[str, str]]:
    def read(files: tuple[str, ...], suffix: str) -> str:
        found = [_HERE / f"{file}{suffix}" for file in ("shared", *files)]
        return "\n".join(path.read_text(encoding="utf-8") for path in found if path.exists())

    return {name: {"code": read(files, ".js"), "css": read(files, ".css")} for name, files in _PARTS.items()}
