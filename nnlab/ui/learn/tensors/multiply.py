"""Multiply: products element by element and of matrices, one element taken apart, and the errors of each."""

from __future__ import annotations

import streamlit as st

from nnlab.errors import LabError
from nnlab.lessons.tensors.memory import numbers
from nnlab.lessons.tensors.multiplying import PRODUCTS, Product, multiply
from nnlab.ui.components.tensor import Link, Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import choice, filling, made, pick, picked, refused, text
from nnlab.ui.text import _

_SIGNS = {"times": "*", "at": "@"}


@st.fragment
def show() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-multiply-strip"):
        name = choice(
            _("Product"), "product", {each: written for each, (written, _call) in PRODUCTS.items()}, "at"
        )
        one = text(_("a: shape or values"), "mul_a", "2, 3")
        other = text(_("b: shape or values"), "mul_b", "3, 4")
        kind, seed = filling([one, other])
    found: Product | None = None
    left: tuple[int, ...] = ()
    sides: list[Panel] = []
    lines = [""]
    try:
        (a, b), lines = made({"a": one, "b": other}, kind, seed)
        left = tuple(a.tensor.shape)
        sides = [Panel("a", a.tensor), Panel("b", b.tensor, sign=_SIGNS.get(name, ","))]
        found = multiply(name, a.tensor, b.tensor)
        _picture(found, sides)
        code("\n".join([*lines, "", f"result = {found.code}", "print(result.shape, result)"]))
    except LabError as error:
        refused(error, sides, "tensors-multiplied", lines, f"result = {PRODUCTS[name][0]}")
    question(
        "tensors-multiply",
        _("a has the shape (2, 3). Find a b for which `a @ b` has the shape (5, 2, 4)."),
        found is not None and left == (2, 3) and name in ("at", "matmul") and found.result.shape == (5, 2, 4),
        _("b is (5, 3, 4): five matrices, each of which a is multiplied with. Of the last two dims, the "
          "columns of a meet the rows of b; all dims before are broadcast."),
    )  # fmt: skip


def _picture(found: Product, sides: list[Panel]) -> None:
    count, depth = found.left.shape
    products = numbers(found.products)
    totals, results = numbers(found.totals), numbers(found.result)
    notes = [
        "" if total == result else _("added in this order: {total}; PyTorch adds in another", total=total)
        for total, result in zip(totals, results, strict=True)
    ]  # fmt: skip
    result = Panel(
        found.code, found.result, sign="=", index="result",
        links=[Link(0, found.left), Link(1, found.right)],
        products=[products[depth * at : depth * (at + 1)] for at in range(count)], totals=results,
        notes=notes,
    )  # fmt: skip
    tensors([*sides, result], key="tensors-multiplied", selected=picked(count), on_select=pick)
