"""Reduce: many numbers become one, along some dims or all; one result taken apart."""

from __future__ import annotations

import streamlit as st
import torch

from nnlab.errors import LabError
from nnlab.lessons.tensors.literals import read_dims
from nnlab.lessons.tensors.reducing import REDUCTIONS, Reduced, call, reduce
from nnlab.lessons.tensors.refusal import Refused
from nnlab.ui.components.tensor import Link, Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import (
    choice,
    code_of_refusal,
    complain,
    filling,
    made,
    pick,
    picked,
    text,
    toggle,
)
from nnlab.ui.text import _


@st.fragment
def show() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-reduce-strip"):
        name = choice(
            _("Reduction"), "reduction", {each: f"t.{each}" for each in REDUCTIONS}, "sum", width=150
        )
        dims = text("dim", "dim", "1", width=100, placeholder=_("all"))
        keepdim = toggle("keepdim", "keepdim", False)
        shape = text(_("t: shape or values"), "t", "3, 4")
        kind, seed = filling([shape])
    t, found = None, None
    lines = [""]
    try:
        (operand,), lines = made({"t": shape}, kind, seed)
        t = operand.tensor
        found = reduce(name, t, read_dims(dims), keepdim)
        _picture(t, found)
        code("\n".join([*lines, "", f"result = {found.code}", "print(result)"]))
    except LabError as error:
        complain(error)
        if t is not None:
            tensors([Panel("t", t)], key="tensors-reduced")
        if isinstance(error, Refused):
            code_of_refusal(lines, f"result = {call(name, read_dims(dims), keepdim)}", error)
    question(
        "tensors-reduce",
        _("t has the shape (3, 4). Which reduction can be subtracted from it so that every row has mean 0?"),
        t is not None and found is not None and _centres(t, found),
        _("`t - t.mean(dim=1, keepdim=True)`: with keepdim the means are (3, 1) and are stretched along the "
          "rows; without it they are (3,), which does not fit (3, 4)."),
    )  # fmt: skip


def _picture(t: torch.Tensor, found: Reduced) -> None:
    result = Panel(found.code, found.result, sign="→", index="result", links=[Link(0, found.groups)],
                   notes=found.written)  # fmt: skip
    panels = [Panel("t", t), result]
    if found.indices is not None:
        panels.append(Panel("indices", found.indices, sign=","))
    tensors(panels, key="tensors-reduced", selected=picked(found.result.numel()), on_select=pick)
    if found.result.numel() == 1:
        st.markdown(f"`.item()` → `{found.result.item()!r}`")


def _centres(t: torch.Tensor, found: Reduced) -> bool:
    """Whether the rows of ``t - result`` have the mean 0, tried."""
    if t.shape != (3, 4) or found.result.shape != (3, 1):
        return False
    rows = (t - found.result).double().mean(1)
    return bool(torch.allclose(rows, torch.zeros(3, dtype=torch.float64), atol=1e-5))
