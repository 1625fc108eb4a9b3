"""Broadcast: two shapes aligned at their ends, the stretched axes drawn, or the axis at which it fails."""

from __future__ import annotations

import html

import streamlit as st
import torch

from nnlab.errors import LabError
from nnlab.lessons.tensors.broadcasting import OPERATIONS, Axis, align, combine, stretched, written
from nnlab.ui.components.tensor import Link, Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import choice, filling, made, pick, picked, refused, text
from nnlab.ui.text import _
from nnlab.ui.theme import palette

_STYLE = """<style>
.nnlab-align { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0 !important; }
.nnlab-align th, .nnlab-align td { padding: 0.15rem 0.8rem; text-align: center; border: 0 !important; }
.nnlab-align th { font-weight: 400; opacity: 0.75; font-size: 0.85rem; }
.nnlab-align .one { font-weight: 650; }
.nnlab-align .bad { background: rgba(221, 51, 51, 0.16); font-weight: 650; }
.nnlab-align tr:last-child td { border-top: 1px solid rgba(128, 128, 128, 0.5) !important; font-weight: 650; }
</style>"""


@st.fragment
def show() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-broadcast-strip"):
        titles = {each: shown for each, (shown, _call) in OPERATIONS.items()}
        name = choice(_("Operation"), "operation", titles, "add", width=130)
        one = text(_("a: shape or values"), "broad_a", "3, 1")
        other = text(_("b: shape or values"), "broad_b", "4")
        kind, seed = filling([one, other])
    answered = False
    sides: list[Panel] = []
    lines = [""]
    try:
        (a, b), lines = made({"a": one, "b": other}, kind, seed)
        sides = [Panel("a", a.tensor), Panel("b", b.tensor, sign=OPERATIONS[name][0].split()[1])]
        axes = align(tuple(a.tensor.shape), tuple(b.tensor.shape))
        _axes(axes)
        result = combine(name, a.tensor, b.tensor)
        _picture(name, a.tensor, b.tensor, result)
        answered = result.shape == (4, 3) and max(a.tensor.numel(), b.tensor.numel()) < 12
        code("\n".join([*lines, "", f"result = {OPERATIONS[name][0]}", "print(result.shape, result)"]))
    except LabError as error:
        refused(error, sides, "tensors-broadcasted", lines, f"result = {OPERATIONS[name][0]}")
    question(
        "tensors-broadcast",
        _("Which shapes give a result of shape (4, 3), though neither a nor b has 12 elements?"),
        answered,
        _("A column (4, 1) and a row (3,) or (1, 3): each is stretched along the axis where it has size 1. "
          "Nothing is copied; the stride there is 0."),
    )  # fmt: skip


def _axes(axes: list[Axis]) -> None:
    """The shapes below one another, aligned at their ends."""
    color = next(iter(palette()), "inherit")

    def cell(size: int | None, axis: Axis) -> str:
        kind = "bad" if not axis.fits else "one" if size in (1, None) and axis.size != 1 else ""
        colour = f' style="color:{color}"' if kind == "one" else ""
        return f'<td class="{kind}"{colour}>{"·" if size is None else size}</td>'

    def fitted(axis: Axis) -> str:
        return f"<td>{axis.size}</td>" if axis.fits else '<td class="bad">✗</td>'

    heads = "".join(f"<th>dim {at - len(axes)}</th>" for at in range(len(axes)))
    rows = [
        ("a", "".join(cell(axis.a, axis) for axis in axes)),
        ("b", "".join(cell(axis.b, axis) for axis in axes)),
        (_("result"), "".join(fitted(axis) for axis in axes)),
    ]
    body = "".join(f"<tr><th>{html.escape(title)}</th>{cells}</tr>" for title, cells in rows)
    st.html(f'{_STYLE}<table class="nnlab-align"><tr><th></th>{heads}</tr>{body}</table>')


def _picture(name: str, a: torch.Tensor, b: torch.Tensor, result: torch.Tensor) -> None:
    sign = OPERATIONS[name][0].split()[1]
    shape, count = tuple(result.shape), result.numel()
    sides = []
    for letter, side, before in (("a", a, ""), ("b", b, sign)):
        expanded, repeated = stretched(side, shape)
        grown = bool(repeated.any())
        tag = _("stretched to {shape}", shape=shape) if tuple(side.shape) != shape else ""
        sides.append(Panel(letter, expanded, sign=before, tag=tag, pale=repeated if grown else None))
    same = torch.arange(count).reshape(-1, 1)
    tensors(
        [*sides, Panel("result", result, sign="=", links=[Link(0, same), Link(1, same)],
                       notes=written(name, a, b, result))],
        key="tensors-broadcasted", selected=picked(count), on_select=pick,
    )  # fmt: skip
