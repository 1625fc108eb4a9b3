"""Devices: to an accelerator and back, which calls copy, and what PyTorch says where there is none."""

from __future__ import annotations

import html

import streamlit as st
import torch

from nnlab.lessons.tensors.making import devices
from nnlab.lessons.tensors.moving import Moved, move, moves
from nnlab.ui.components.tensor import Memory, Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import choice, complain
from nnlab.ui.learn.tensors.tables import rows_table
from nnlab.ui.text import _

_USUAL = "cuda"  # what is asked for where there is none


@st.fragment
def show() -> None:
    """Draw the part."""
    there = devices()
    if len(there) == 1:
        st.info(
            _("PyTorch sees no accelerator here: `torch.accelerator.is_available()` is False. So the calls "
              "to cuda show what they raise; where there is one they would copy t to its memory and back."),
            icon=":material/memory:",
        )  # fmt: skip
    calls = moves(there[1] if len(there) > 1 else _USUAL)
    t = torch.arange(4.0)
    results = {call.code: move(call, t) for call in calls}
    chosen = choice(_("The call"), "call", {each: each for each in results}, calls[0].code, width=360)
    found = results[chosen]
    _picture(t, found)
    if found.refused is not None:
        complain(found.refused)
    _table(list(results.values()))
    code(_script(found))
    question(
        "tensors-devices",
        _("Which call gives another float32 tensor on the CPU, with memory of its own?"),
        found.refused is None and found.device == "cpu" and found.dtype == "float32" and not found.shared,
        _("`to` returns t itself where nothing has to change. `copy=True` copies all the same, and so does a "
          "detour over another dtype or device."),
    )  # fmt: skip


def _picture(t: torch.Tensor, found: Moved) -> None:
    panels, memories = [Panel("t", t, memory=0)], [Memory(_("Memory of t"), t)]
    if found.tensor is not None and found.device != "meta":
        tag = _("t itself") if found.same else _("memory of its own")
        panels.append(Panel(found.code, found.tensor, memory=0 if found.shared else 1, sign="→",
                            tag=f"{found.device} · {tag}"))  # fmt: skip
        if not found.shared:
            memories.append(Memory(_("Memory on {device}", device=found.device), found.tensor))
    tensors(panels, memories, key="tensors-moved")
    if found.device == "meta":
        st.caption(_("On meta a tensor has shape, dtype and strides, but no memory and no values."))


def _table(results: list[Moved]) -> None:
    heads = [_("Call"), _("device"), _("dtype"), _("is t itself"), _("shares memory")]
    rows = []
    for each in results:
        if each.refused is not None:
            rows.append([each.code, each.refused.said.partition(".")[0], "", "", ""])
        else:
            rows.append([each.code, each.device, each.dtype, str(each.same), str(each.shared)])
    rows_table(heads, [[html.escape(cell) for cell in row] for row in rows],
               ["bad" if each.refused is not None else "" for each in results], wide=1)  # fmt: skip


def _script(found: Moved) -> str:
    lines = ["import torch", "", "t = torch.arange(4.)"]
    if found.refused is None:
        return "\n".join([*lines, f"found = {found.code}", "print(found.device, found.dtype, found is t)"])
    errors = "(RuntimeError, AssertionError)"
    return "\n".join([*lines, "try:", f"    {found.code}", f"except {errors} as error:", "    print(error)"])
