"""Join: cat and stack along a dim, and where each element comes from."""

from __future__ import annotations

import streamlit as st
import torch

from nnlab.errors import LabError
from nnlab.lessons.tensors.joining import JOINS, join, origins
from nnlab.ui.components.tensor import Link, Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import choice, filling, made, pick, picked, refused, text, whole
from nnlab.ui.text import _


@st.fragment
def show() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-join-strip"):
        how = choice(_("Function"), "join", {each: f"torch.{each}" for each in JOINS}, "cat", width=150)
        dim = whole("dim", "join_dim", 0, -6, 5)
        one = text(_("a: shape or values"), "join_a", "2, 3")
        other = text(_("b: shape or values"), "join_b", "2, 3")
        kind, seed = filling([one, other])
    found = None
    shapes: set[tuple[int, ...]] = set()
    sides: list[Panel] = []
    lines = [""]
    try:
        (a, b), lines = made({"a": one, "b": other}, kind, seed)
        shapes = {tuple(a.tensor.shape), tuple(b.tensor.shape)}
        sides = [
            Panel("a", a.tensor, tints=torch.zeros(a.tensor.shape)),
            Panel("b", b.tensor, tints=torch.ones(b.tensor.shape)),
        ]
        found = join(how, a.tensor, b.tensor, dim)
        from_b = found.sources >= a.tensor.numel()
        of_a = torch.where(from_b, -1, found.sources).reshape(-1, 1)
        of_b = torch.where(from_b, found.sources - a.tensor.numel(), -1).reshape(-1, 1)
        tensors(
            [
                *sides,
                Panel(found.code, found.result, sign="→", index="joined", tints=from_b,
                      links=[Link(0, of_a), Link(1, of_b)], notes=origins(found, a.tensor, b.tensor)),
            ],
            key="tensors-joined", selected=picked(found.result.numel()), on_select=pick,
        )  # fmt: skip
        code("\n".join([*lines, "", f"joined = {found.code}", "print(joined.shape, joined)"]))
    except LabError as error:
        refused(error, sides, "tensors-joined", lines, f"joined = torch.{how}([a, b], dim={dim})")
    question(
        "tensors-join",
        _("How do two tensors of shape (2, 3) become one of shape (2, 3, 2)?"),
        found is not None and shapes == {(2, 3)} and found.result.shape == (2, 3, 2),
        _("`torch.stack` with dim=2 (or -1): stack makes a new dim, whose size is the number of tensors; cat "
          "lengthens one that is there."),
    )  # fmt: skip
