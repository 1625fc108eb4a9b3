"""In place: a program run line by line, what it writes over, and what that breaks in autograd."""

from __future__ import annotations

import html

import streamlit as st

from nnlab.lessons.tensors.inplace import CHANGES, TARGETS, USES, Ran, program, run, script
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import choice, complain
from nnlab.ui.learn.tensors.tables import rows_table
from nnlab.ui.text import _, mark

_TITLES = {
    "plain": mark("x, which needs no gradient"),
    "leaf": mark("x, which requires a gradient"),
    "no_grad": mark("x, inside torch.no_grad()"),
    "part": mark("a view of x"),
    "middle": mark("y, after z was made of it"),
    "result": mark("z, the result"),
}


@st.fragment
def show() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-inplace-strip"):
        titles = {name: _(_TITLES[name]) for name in TARGETS}
        target = choice(_("What is changed"), "target", titles, "middle", width=270)
        change = choice(_("How"), "change", {name: f".{name}{_arguments(name)}" for name in CHANGES}, "add_")
        use = "square"
        if target in ("middle", "result"):
            use = choice(_("z ="), "use", {name: written for name, (written, _call) in USES.items()}, use)
    lines = program(target, change, use)
    done = run(lines)
    _table(done)
    if done[-1].refused is not None:
        complain(done[-1].refused)
    st.caption(_("PyTorch counts every write into a tensor and its views; backward compares the count with "
                 "the one when it kept a value."))  # fmt: skip
    code(script(lines, done))
    question(
        "tensors-inplace",
        _("y is changed after z was made of it. For which z does backward nevertheless work?"),
        target == "middle" and done[-1].refused is None,
        _("The gradients of y + 1 and y * 3 do not depend on y, and exp keeps its result z, not y. `y ** 2`, "
          "`x * y` and `y.sin()` need y as it was."),
    )  # fmt: skip


def _arguments(name: str) -> str:
    return f"({', '.join(map(str, CHANGES[name]))})"


def _table(done: list[Ran]) -> None:
    heads = [html.escape(each) for each in (_("Line"), _("Then"), _("Value"), _("Writes"))]
    rows, kinds = [], []
    versions: dict[str, int] = {}
    for line in done:
        changed = line.version > versions.get(line.looks, 0)
        versions[line.looks] = line.version
        kinds.append("bad" if line.refused is not None else "changed" if changed else "")
        values = f"[{', '.join(f'{value:.6g}' for value in line.values)}]"
        told = ["✗", "", ""] if line.refused is not None else [line.looks, values, str(line.version)]
        rows.append([html.escape(cell) for cell in (line.code, *told)])
    rows_table(heads, rows, kinds, wide=1)
