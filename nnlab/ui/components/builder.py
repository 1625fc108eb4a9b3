"""The list of a network's layers, edited in place: their numbers, branches, a menu of what to add."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import streamlit as st

from nnlab.nets.branches import JOINS
from nnlab.nets.layers import LAYERS, Field
from nnlab.nets.templates import TEMPLATES
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _, language, mark, say

FAMILIES = {
    "convolution": mark("Convolution"),
    "pooling": mark("Pooling"),
    "activation": mark("Activation"),
    "normalisation": mark("Normalisation"),
    "linear": mark("Linear"),
    "shape": mark("Shape"),
    "dropout": mark("Dropout"),
    "softmax": mark("Softmax"),
}


def builder(shown: Mapping[str, Any], *, key: str) -> None:
    """Show the list.

    Args:
        shown: what is on it: ``items`` (see `nnlab.ui.build.rows.Look.items`), ``totals``, ``name``,
            ``problem``, ``undo``, ``redo``, ``ready`` (to be trained), and of `nnlab.ui.build.ops.Desk`
            ``client``, ``done``, ``said``, ``file``.
    """
    known = _catalogue(language())
    header = {**shown, "catalogue": hashlib.sha256(known).hexdigest()[:16]}
    part("builder")(key=key, data=pack(header, known), default={"ops": None}, on_ops_change=_noted)


def asked(key: str) -> Any:
    """The changes that the list asks for: ``{"client": ..., "ops": [...]}``, or None."""
    return (st.session_state.get(key) or {}).get("ops")


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""


@lru_cache
def _catalogue(of: str) -> bytes:
    """What can be put into a network, and what the list says, in language `of`, that of this run."""
    kinds = {
        kind.name: {
            "title": kind.torch, "family": kind.family, "about": say(kind.about),
            "fields": [_field(field) for field in kind.fields],
        }
        for kind in LAYERS.values()
        if kind.family in FAMILIES
    }  # fmt: skip
    blocks = [
        {"kind": template.name, "title": say(template.title), "about": say(template.about)}
        for template in TEMPLATES.values()
    ]
    joins = {join.name: {"about": say(join.about)} for join in JOINS.values()}
    families = {name: _(title) for name, title in FAMILIES.items()}
    told = {"kinds": kinds, "blocks": blocks, "joins": joins, "families": families, "texts": _texts()}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name, "kind": field.kind, "choices": field.choices, "words": field.words,
        "low": field.low, "hint": _hint(field),
    }  # fmt: skip


def _hint(field: Field) -> str:
    """What may be typed, where that is not plain."""
    words = ", ".join(field.words)
    if field.kind == "pair":
        return _("3 or 3x5, or {words}", words=words) if words else _("3 or 3x5")
    return _("or {words}", words=words) if words else ""


def _texts() -> dict[str, str]:
    """What the list says; {fields} in braces are filled in there."""
    return {
        "list": _(
            "Layers of the network. Arrow keys walk over them, Enter opens one, Alt and arrow keys move it, "
            "Delete removes it, Ctrl+D doubles it, Insert adds one below."
        ),
        "name": _("Name of the network"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "save": _("Save"),
        "train": _("Train it"),
        "add": _("Add a layer"),
        "addLayer": _("Add below"),
        "addHere": _("Add a layer to branch {number}"),
        "layer": _("Layer"),
        "shape": _("Output"),
        "params": _("Parameters"),
        "macs": _("Multiply-adds"),
        "bytes": _("Activations"),
        "sees": _("Sees"),
        "bytesHelp": _("Memory of the output of one sample, as float32"),
        "seesHelp": _("Receptive field: height and width of the part of the image that one value depends on"),
        "kind": _("kind"),
        "branch": _("Branch {number}"),
        "same": _("hands on its input as it is"),
        "residual": _("Sum of {count} branches"),
        "concat": _("{count} branches side by side"),
        "branchLayer": _("Add a branch"),
        "removeBranch": _("Remove branch {number}"),
        "removeLayer": _("Remove"),
        "duplicateLayer": _("Double"),
        "upLayer": _("Move up"),
        "downLayer": _("Move down"),
        "openLayer": _("Open in Layers"),
        "drag": _("Drag to move"),
        "search": _("Search layers and blocks"),
        "blocks": _("Blocks"),
        "nothing": _("Nothing is called like that."),
        "total": _("{count} layers"),
        "totalOne": _("1 layer"),
        "empty": _("There is no layer yet."),
    }
