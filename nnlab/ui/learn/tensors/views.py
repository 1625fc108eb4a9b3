"""Views: which reshapings share memory and which copy; write through one, and watch the other."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from nnlab.errors import LabError
from nnlab.lessons.tensors.chains import Method, Stage, run
from nnlab.lessons.tensors.grammar import read_chain
from nnlab.lessons.tensors.writes import Write
from nnlab.ui.components.tensor import Memory, Panel, tensors
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import code_of_refusal, complain, examples, filling, made, text, written
from nnlab.ui.learn.tensors.writing import Writes
from nnlab.ui.text import _

_WRITES = Writes("writes")
_EXPRESSION = "t.T"
_EXAMPLES = ("t.view(6, 2)", "t.T", "t.T.reshape(12)", "t.T.view(12)", "t.T.contiguous().view(12)",
             "t.reshape(2, 6)", "t.flatten()", "t.permute(1, 0)", "t.unsqueeze(0)", "t[:1].squeeze()",
             "t.expand(2, 3, 4)")  # fmt: skip


@st.fragment
def show() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-views-strip"):
        typed = text(_("y ="), "view", _EXPRESSION, width=280, clears=(_WRITES.name,), live=True)
        shape = text(_("t: shape or values"), "t", "3, 4", clears=(_WRITES.name,))
        kind, seed = filling([shape])
        _WRITES.undo_button()
    examples(_("Examples"), "view", _EXAMPLES, _EXPRESSION, clears=(_WRITES.name,))
    stages: list[Stage] = []
    t, lines = None, [""]
    try:
        (operand,), lines = made({"t": shape}, kind, seed)
        t = operand.tensor
        chain = read_chain(typed, methods=True)
        stages = run(chain, t)
        y = stages[-1].tensor
        writes = _WRITES.write_all({"t": t, "y": y})
        _picture(t, stages)
        code(_script(lines, typed, writes, t, y))
    except LabError as error:
        if t is not None:  # what is not affected stays in its place while somebody types
            tensors([Panel("t", t, memory=0)], [Memory(_("Memory of t"), t)], key="tensors-viewed")
        complain(error)
        if t is not None:
            code_of_refusal(lines, f"y = {written(typed)}", error)
    question(
        "tensors-views",
        _("t has the shape (3, 4). Find a y of shape (12,) that does not share the memory of t, without "
          "clone, contiguous or an index."),
        _copies_by_itself(stages),
        _("`t.T.reshape(12)`: the elements of t.T do not lie in the order in which reshape reads them, so it "
          "has to copy. `t.reshape(12)` gives a view."),
    )  # fmt: skip


def _picture(t: Tensor, stages: list[Stage]) -> None:
    last = stages[-1]
    tag = _("view: shares the memory of t") if last.shared else _("copy: memory of its own")
    memories = [Memory(_("Memory of t and y") if last.shared else _("Memory of t"), t)]
    if not last.shared:
        memories.append(Memory(_("Memory of y"), last.tensor))
    tensors(
        [
            Panel("t", t, memory=0, editable=True),
            Panel("y", last.tensor, memory=0 if last.shared else 1, sign="→", tag=tag, editable=True),
        ],
        memories, key="tensors-viewed", on_edit=_WRITES.edit,
        hint=_("Click a cell, or press Enter on it, and type a number: it is written there."),
    )  # fmt: skip
    steps = [
        f"`{stage.code}` {tuple(stage.tensor.shape)}, {_('strides')} {tuple(stage.tensor.stride())}, "
        f"{'contiguous' if stage.tensor.is_contiguous() else 'not contiguous'}"
        for stage in stages
    ]
    st.caption("  \n".join(steps))


def _script(lines: list[str], typed: str, writes: list[Write], t: Tensor, y: Tensor) -> str:
    shapes = {"t": tuple(t.shape), "y": tuple(y.shape)}
    done = [write.code(shapes[write.name]) for write in writes]
    shared = "print(y.untyped_storage().data_ptr() == t.untyped_storage().data_ptr())"
    return "\n".join([*lines, f"y = {written(typed)}", *done, "", "print(t)", "print(y)", shared])


def _copies_by_itself(stages: list[Stage]) -> bool:
    steps = [stage.step for stage in stages[1:]]
    plain = all(isinstance(step, Method) and step.name not in ("clone", "contiguous") for step in steps)
    return bool(steps) and plain and not stages[-1].shared and stages[-1].tensor.shape == (12,)
