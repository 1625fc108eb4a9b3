"""The whole Jacobian, the product of it that ``backward()`` computes, and the check by differences."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from nnlab.errors import LabError
from nnlab.lessons.autograd.backward import Walk
from nnlab.lessons.autograd.checks import STEP, compare, jacobians, sweep
from nnlab.lessons.autograd.source import statements
from nnlab.ui.components.curves import Series, curves
from nnlab.ui.components.graph import exact
from nnlab.ui.learn.autograd.asking import LINKED, Asked, ask
from nnlab.ui.learn.autograd.showing import lines
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _, say

_SMALLEST = 12  # h = 10 ** -12
_LEAST = 1e-17  # no error at all has no logarithm
_CURVE = "autograd-errors"
_USUAL = round(-math.log10(STEP))

_STYLE = """<style>
.nnlab-jacobians { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-start;
  overflow-x: auto; }
.nnlab-jacobian { border-collapse: collapse; font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.nnlab-jacobian caption { text-align: left; font-weight: 650; padding-bottom: 0.3rem; font-size: 0.875rem; }
.nnlab-jacobian th { font-weight: 400; opacity: 0.65; padding: 0.2rem 0.6rem; text-align: right; }
.nnlab-jacobian td { font-family: var(--st-code-font, monospace); padding: 0.25rem 0.6rem; text-align: right;
  border: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.nnlab-jacobian td.weight { border-style: dashed; }
.nnlab-jacobian .sum td { border-top: 2px solid currentColor; font-weight: 650; }
.nnlab-jacobian .none { border: 0; }
</style>"""


@st.fragment
def products() -> None:
    """Draw the part."""
    asked = ask()
    walk = asked.walk() if asked is not None else None
    if asked is None or walk is None:
        return
    try:
        found = jacobians(asked.ran)
    except LabError as error:
        st.info(say(error))
        found = {}
    if found:
        st.markdown(
            _("`backward()` multiplies the external gradient with the Jacobian, the matrix of all "
              "derivatives, without ever making it: a **vector–Jacobian product**.")
        )  # fmt: skip
        _tables(asked, walk, found)
    _differences(asked, walk)
    question(
        "autograd-row",
        _("In the classic, which external gradient leaves the second row of the Jacobian of `a` in "
          "`a.grad`?"),
        _second_row(asked, walk, found),
        _("A gradient of 1 at the second place and 0 elsewhere takes that row; any other adds up the rows "
          "with its numbers as weights."),
    )  # fmt: skip
    code(_program(asked))


def _tables(asked: Asked, walk: Walk, found: dict[str, Tensor]) -> None:
    """Each Jacobian with the weights of its rows beside it and the weighted sum below."""
    weights = [exact(value) for value in walk.seed.reshape(-1).numpy()]
    tables = []
    for name, matrix in found.items():
        gradient = walk.leaves[name]
        total = [exact(value) for value in gradient.reshape(-1).numpy()]
        heads = [_place(name, gradient.shape, at) for at in range(matrix.shape[1])]
        rows = [
            (
                weight,
                _place(asked.ran.name, asked.ran.result.shape, at),
                [exact(value) for value in row.numpy()],
            )
            for at, (weight, row) in enumerate(zip(weights, matrix, strict=True))
        ]
        tables.append(_table(f"∂{asked.ran.name} / ∂{name}", heads, rows, f"{name}.grad", total))
    st.html(f"{_STYLE}<div class='nnlab-jacobians'>{''.join(tables)}</div>")


def _table(
    title: str, heads: Sequence[str], rows: Sequence[tuple[str, str, Sequence[str]]], name: str,
    total: Sequence[str],
) -> str:  # fmt: skip
    top = "".join(f"<th scope='col'>{html.escape(head)}</th>" for head in heads)
    body = "".join(
        f"<tr><td class='weight'>{weight}</td><th scope='row'>{html.escape(label)}</th>"
        f"{''.join(f'<td>{value}</td>' for value in values)}</tr>"
        for weight, label, values in rows
    )
    last = "".join(f"<td>{value}</td>" for value in total)
    return (
        f"<table class='nnlab-jacobian'><caption>{html.escape(title)}</caption>"
        f"<thead><tr><th scope='col'>{html.escape(_('gradient'))}</th><th></th>{top}</tr></thead>"
        f"<tbody>{body}<tr class='sum'><td class='none'></td>"
        f"<th scope='row'>{html.escape(name)}</th>{last}</tr></tbody></table>"
    )


def _place(name: str, shape: torch.Size, at: int) -> str:
    if not shape:
        return name
    place = torch.unravel_index(torch.tensor(at), shape)
    return f"{name}[{', '.join(str(int(number)) for number in place)}]"


def _differences(asked: Asked, walk: Walk) -> None:
    """Every derivative beside a central difference, and how the error depends on h."""
    st.markdown(f"**{_('Checked by differences')}**")
    power = LINKED.number("h", _USUAL, low=1, high=_SMALLEST)
    left, right = st.columns([3, 2], gap="large")
    with right:
        st.slider(
            _("h = 10 to the power of minus"), 1, _SMALLEST, **LINKED.held("h", power),
            on_change=LINKED.note, args=("h", _USUAL),
        )  # fmt: skip
    try:
        checked = compare(asked.ran, walk.seed, 10.0**-power)
    except LabError as error:
        left.info(say(error))
        return
    rows = [
        (_place(f"{one.name}.grad", asked.ran.leaves[one.name].shape, _flat(asked, one.name, one.place)),
         exact(asked.ran.leaves[one.name].detach().numpy().dtype.type(one.analytic)),
         exact(np.float64(one.double)), exact(np.float64(one.numeric)), f"{one.relative:.1e}")
        for one in checked
    ]  # fmt: skip
    with left:
        lines(("", ".grad", _("in float64"), _("(f(x+h) − f(x−h)) / 2h"), _("relative error")), rows)
        if any(one.relative > 1e-2 for one in checked) and power == _USUAL:
            st.caption(
                _("Where the two disagree, a path is cut by detach(), or the expression has a kink there, as "
                  "relu has at 0: no one derivative, of which PyTorch takes one.")
            )  # fmt: skip
    with right:
        _errors(asked, walk, power)


def _errors(asked: Asked, walk: Walk, power: int) -> None:
    """The largest relative error for each h."""
    steps = [10.0**-number for number in range(1, _SMALLEST + 1)]
    errors = [max(error, _LEAST) for error in sweep(asked.ran, walk.seed, steps)]
    st.session_state.pop(f"{_CURVE}:sent", None)  # another expression has another curve, from its first point
    curves(
        [Series(_("relative error"), range(_SMALLEST), errors, marker="circle", smooth=False),
         Series(_("this h"), [power - 1], [errors[power - 1]], marker="square", smooth=False)],
        x_label="h", y_label=_("largest relative error"), key=_CURVE, height=200, log_y=True,
        x_names=[f"1e-{number}" for number in range(1, _SMALLEST + 1)],
    )  # fmt: skip
    st.caption(_("The error falls with the square of h, until rounding takes over."))


def _flat(asked: Asked, name: str, place: tuple[int, ...]) -> int:
    flat = 0
    for size, number in zip(asked.ran.leaves[name].shape, place, strict=True):
        flat = flat * size + number
    return flat


def _second_row(asked: Asked, walk: Walk, found: dict[str, Tensor]) -> bool:
    seed = walk.seed.reshape(-1)
    if "a" not in found or len(seed) < 2:
        return False
    return bool(seed[1] == 1) and int(torch.count_nonzero(seed)) == 1


def _program(asked: Asked) -> str:
    """The expression as a function in float64, its Jacobians, and PyTorch's own check of it."""
    used = {node.name for node in asked.ran.nodes if node.run is None}
    wanted = [row.name for row in asked.given if row.requires_grad and row.name in used]
    arguments = ", ".join(wanted)
    function = next(name for name in "fghuvwq" if name not in wanted)
    lines, result = statements(asked.text)
    return "\n".join(
        [
            "import torch",
            "",
            *(replace(row, dtype="float64").line for row in asked.given),
            "",
            f"def {function}({arguments}):",
            *(f"    {line}" for line in lines),
            f"    return {result}",
            "",
            f"inputs = ({arguments}{',' if len(wanted) == 1 else ''})",
            f"print(torch.autograd.functional.jacobian({function}, inputs))",
            f"print(torch.autograd.gradcheck({function}, inputs, raise_exception=False))",
        ]
    )
