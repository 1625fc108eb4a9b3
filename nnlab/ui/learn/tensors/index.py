"""Index: brackets as Python has them, the chosen cells lit, and whether the result is a view or a copy."""

from __future__ import annotations

import streamlit as st
import torch

from nnlab.errors import LabError
from nnlab.lessons.tensors.chains import Stage, run
from nnlab.lessons.tensors.grammar import read_chain
from nnlab.lessons.tensors.memory import places, storage_items
from nnlab.ui.components.tensor import Memory, Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import code_of_refusal, complain, examples, filling, made, text, written
from nnlab.ui.text import _

_MOST = 2_000  # elements of t, of which a list may take some many times
_T, _INDEX = "3, 4", "t[:, 0]"
_EXAMPLES = ("t[:, 0]", "t[1]", "t[..., -1]", "t[1:, ::2]", "t[t > 5]", "t[None]", "t[[0, 2]]", "t[1][2:]",
             "t[(t > 2) & (t < 9)]")  # fmt: skip


@st.fragment
def show() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-index-strip"):
        typed = text(_("Index"), "index", _INDEX, width=260, live=True)
        shape = text(_("t: shape or values"), "t", _T)
        kind, seed = filling([shape])
    examples(_("Examples"), "index", _EXAMPLES, _INDEX)
    corners, t, lines = False, None, [""]
    try:
        (operand,), lines = made({"t": shape}, kind, seed, most=_MOST)
        t = operand.tensor
        chain = read_chain(typed)
        stages = run(chain, t)
        taken = run(chain, torch.arange(t.numel()).reshape(t.shape), root=t)[-1].tensor
        _picture(stages, taken)
        corners = (
            stages[-1].tensor.shape == (2, 2) and t.shape == (3, 4) and taken.tolist() == [[0, 3], [8, 11]]
        )
        code(
            "\n".join([*lines, "", f"found = {written(typed)}", "print(found.shape, found.stride(), found)"])
        )
    except LabError as error:
        if t is not None:  # what is not affected stays in its place while somebody types
            tensors([Panel("t", t, memory=0)], [Memory(_("Memory of t"), t)], key="tensors-indexed")
        complain(error)
        if t is not None:
            code_of_refusal(lines, f"found = {written(typed)}", error)
    question(
        "tensors-index",
        _("t has the shape (3, 4). Which index gives its four corners as a tensor of shape (2, 2)?"),
        corners,
        _("A step reaches them: `t[::2, ::3]` is a view with strides (8, 3) on the same memory. Lists do "
          "too, in two steps, `t[[0, 2]][:, [0, 3]]`, but copy."),
    )  # fmt: skip


def _picture(stages: list[Stage], taken: torch.Tensor) -> None:
    """``t`` with the cells that were taken (by their places in it), the result, and the memory of both."""
    t, result = stages[0].tensor, stages[-1].tensor
    lit = torch.zeros(t.numel(), dtype=torch.bool)
    lit[taken.reshape(-1)] = True
    stored = torch.zeros(storage_items(t), dtype=torch.bool)
    stored[places(t).reshape(-1)[lit]] = True
    shared = stages[-1].shared
    panels = [Panel("t", t, memory=0, lit=lit.view(t.shape))]
    memories = [Memory(_("Memory of t"), t, lit=stored)]
    if len(stages) > 1:
        tag = _("view: shares the memory of t") if shared else _("copy: memory of its own")
        panels.append(Panel(stages[-1].code, result, memory=0 if shared else 1, sign="→", tag=tag))
        if not shared:
            memories.append(Memory(_("Memory of the copy"), result))
    tensors(panels, memories, key="tensors-indexed",
            hint=_("Point at a cell of one, and see where it is in the others."))  # fmt: skip
    if len(stages) > 2:
        steps = [f"`{stage.code}` {tuple(stage.tensor.shape)}" for stage in stages[1:]]
        st.caption(_("Step by step: {steps}", steps=" → ".join(steps)))
