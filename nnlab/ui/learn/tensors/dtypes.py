"""dtypes: two of them in one operation, the dtype of the result, and what that does to the numbers."""

from __future__ import annotations

import html
from functools import lru_cache

import streamlit as st
import torch

from nnlab.errors import LabError
from nnlab.lessons.tensors.making import DTYPES
from nnlab.lessons.tensors.promoting import KINDS, OPERATIONS, Promoted, promote, table
from nnlab.ui.components.tensor import Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import choice, complain, text
from nnlab.ui.text import _, mark

_TITLES = {
    "tensor": mark("a tensor"),
    "zero_dim": mark("a tensor of no dims"),
    "number": mark("a number of Python"),
}
_SIGNS = {"add": "+", "mul": "*", "div": "/", "floor": "//", "add_": "+="}
_STYLE = """<style>
.nnlab-dtypes { border-collapse: collapse; font-size: 0.75rem; margin: 0 !important; }
.nnlab-dtypes caption { text-align: left; padding: 0.2rem 0; opacity: 0.75; }
.nnlab-dtypes td, .nnlab-dtypes th { padding: 0.2rem 0.35rem; font-weight: 400; text-align: left;
  border: 1px solid rgba(128, 128, 128, 0.25) !important; }
.nnlab-dtypes .bool { background: rgba(128, 128, 128, 0.14); }
.nnlab-dtypes .float { background: rgba(194, 80, 10, 0.12); }
.nnlab-dtypes .complex { background: rgba(22, 104, 176, 0.16); }
.nnlab-dtypes .row { font-weight: 700; }
.nnlab-dtypes .hit { outline: 2px solid #c2500a; font-weight: 700; }
.nnlab-scroll { overflow-x: auto; }
</style>"""


@st.fragment
def show() -> None:
    """Draw the part."""
    names = {each: each for each in DTYPES}
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-dtypes-strip"):
        one = text("a", "dt_a", "[100, 120]", width=140)
        left = choice(_("dtype of a"), "left", names, "int8", width=130)
        titles = {name: written for name, (written, _call) in OPERATIONS.items()}
        operation = choice(_("Operation"), "dt_operation", titles, "add", width=130)
        kind = choice(_("b is"), "b_kind", {name: _(_TITLES[name]) for name in KINDS}, "tensor", width=190)
        other = text("b", "dt_b", "[100]", width=110)
        right = "float32"
        if kind != "number":
            right = choice(_("dtype of b"), "right", names, "int8", width=130)
    found: Promoted | None = None
    try:
        found = promote(operation, one, left, other, right, kind)
        _picture(operation, found)
    except LabError as error:
        complain(error)
    _table(kind, left, right, found)
    if found is not None:
        code("\n".join([*found.lines, "print(result, result.dtype)"]))
    question(
        "tensors-dtypes",
        _("a is int8 and b is int64. When is a + b nevertheless int8?"),
        found is not None and operation == "add" and found.result.dtype == torch.int8
        and isinstance(found.b, torch.Tensor) and found.b.dtype == torch.int64,
        _("When b has no dims: a single number only counts where it is of a higher kind (bool, whole, float, "
          "complex), so that `x * 2` keeps the dtype of x."),
    )  # fmt: skip


def _picture(operation: str, found: Promoted) -> None:
    b = found.b if isinstance(found.b, torch.Tensor) else torch.tensor(found.b)
    tag = "" if isinstance(found.b, torch.Tensor) else type(found.b).__name__
    tensors(
        [
            Panel("a", found.a),
            Panel("b", b, sign=_SIGNS[operation], tag=tag),
            Panel("result", found.result, sign="="),
        ],
        key="tensors-promoted",
    )


@lru_cache
def _promotions(kind: str) -> dict[tuple[str, str], str]:
    return table(kind)


def _table(kind: str, left: str, right: str, found: Promoted | None) -> None:
    """The dtype of ``a + b`` for every pair of dtypes; row and column of the chosen ones stand out."""
    known = _promotions(kind)
    columns = list(dict.fromkeys(column for _row, column in known))
    shown = {"int64": "int", "float32": "float", "complex64": "complex"} if kind == "number" else {}
    if kind == "number" and found is not None:
        right = next((name for name, word in shown.items() if word == type(found.b).__name__), "bool")
    heads = "".join(
        f'<th class="{"row" if each == right else ""}">{shown.get(each, each)}</th>' for each in columns
    )
    rows = []
    for row in DTYPES:
        cells = []
        for column in columns:
            dtype = known[row, column]
            kinds = [next((kind for kind in ("bool", "float", "complex") if kind in dtype), "")]
            kinds += ["hit"] * (row == left and column == right)
            cells.append(f'<td class="{" ".join(kinds)}">{dtype}</td>')
        rows.append(f'<tr><th class="{"row" if row == left else ""}">{row}</th>{"".join(cells)}</tr>')
    caption = html.escape(_("dtype of a + b: a down, b across"))
    st.html(
        f'{_STYLE}<div class="nnlab-scroll"><table class="nnlab-dtypes"><caption>{caption}</caption>'
        f"<tr><th></th>{heads}</tr>{''.join(rows)}</table></div>"
    )
