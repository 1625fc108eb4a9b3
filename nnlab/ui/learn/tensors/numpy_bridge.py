"""NumPy: an array and a tensor that share memory, or do not; write on one side, and watch the other."""

from __future__ import annotations

import streamlit as st
import torch

from nnlab.errors import LabError
from nnlab.lessons.tensors.bridge import WAYS, Crossed, Way, cross
from nnlab.lessons.tensors.writes import Write
from nnlab.ui.components.tensor import Memory, Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import choice, complain
from nnlab.ui.learn.tensors.writing import Writes
from nnlab.ui.text import _

_WRITES = Writes("array_writes")


@st.fragment
def show() -> None:
    """Draw the part."""
    titles = {name: way.title for name, way in WAYS.items()}
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-numpy-strip"):
        name = choice(_("The way across"), "way", titles, "from_numpy", width=420, clears=(_WRITES.name,))
        _WRITES.undo_button()
    way = WAYS[name]
    differ = False
    try:
        found = cross(name)
        writes = _WRITES.write_all({"a": found.array, "t": found.tensor})
        _picture(found, way)
        differ = bool(writes) and not found.shared
        code(_script(way, found, writes))
    except LabError as error:
        complain(error)
    question(
        "tensors-numpy",
        _("Find a way across after which a number written on one side leaves the other alone; write one."),
        differ,
        _("`torch.tensor` always copies, and so does a change of dtype such as `.float()`. `from_numpy`, "
          "`as_tensor` and `.numpy()` look at the same memory in another way."),
    )  # fmt: skip


def _picture(found: Crossed, way: Way) -> None:
    # For the picture alone: a tensor that looks at the memory of the array.
    seen = torch.from_numpy(found.array)
    tag = _("shares memory") if found.shared else _("memory of its own")
    offset = (found.tensor.data_ptr() - found.array.ctypes.data) // found.tensor.element_size()
    both = _("Memory of a and t") if found.shared else _("Memory of a")
    array = Panel("a", seen, memory=0, editable=True, tag="numpy" if way.back is False else f"numpy · {tag}")
    tensor = Panel(
        "t", found.tensor, memory=0 if found.shared else 1, offset=offset if found.shared else None,
        editable=True, tag="torch" if way.back else f"torch · {tag}",
    )  # fmt: skip
    memories = [Memory(both, seen)]
    if not found.shared:
        memories.append(Memory(_("Memory of t"), found.tensor))
    hint = _("Click a cell, or press Enter on it, and type a number: it is written there.")
    tensors([array, tensor], memories, key="tensors-bridge", on_edit=_WRITES.edit, hint=hint)


def _script(way: Way, found: Crossed, writes: list[Write]) -> str:
    shapes = {"a": found.array.shape, "t": tuple(found.tensor.shape)}
    done = [write.code(shapes[write.name]) for write in writes]
    grad = found.tensor.requires_grad
    body = [f"    {line}" for line in done] if grad and done else done
    body = ["with torch.no_grad():", *body] if grad and done else body
    return "\n".join(["import numpy as np", "import torch", "", *way.lines, *body, "print(a)", "print(t)"])
