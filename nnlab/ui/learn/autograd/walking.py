"""The graph of an expression, walked forward and back."""

from __future__ import annotations

import streamlit as st

from nnlab.lessons.autograd.backward import Walk
from nnlab.lessons.autograd.graph import Graph
from nnlab.lessons.autograd.source import program
from nnlab.ui.components.graph import graph
from nnlab.ui.learn.autograd.asking import LINKED, Asked, ask
from nnlab.ui.learn.autograd.showing import gradient_table
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _

_LAST_STEP = 999
_SHOWN = "autograd:shown"


@st.fragment
def walking() -> None:
    """Draw the part."""
    asked = ask(switch=True)
    if asked is None:
        _before()
        return
    walk = asked.walk()
    st.session_state[_SHOWN] = asked.ran, walk
    _draw(asked.ran, walk)
    gradient_table(asked, walk)
    question(
        "autograd-zero",
        _("In the classic, change the values of `b` so that `b.grad` is zero everywhere."),
        _no_slope(asked, walk),
        _("The derivative of −b² is −2b. Where b is 0, a small change of b changes nothing: there the "
          "gradient is 0."),
    )  # fmt: skip
    code(program(asked.text, asked.given, asked.gradient, no_grad=asked.no_grad))


def _before() -> None:
    """While something is typed that does not run yet, what ran last stays in sight."""
    if _SHOWN in st.session_state:
        _draw(*st.session_state[_SHOWN])
        st.caption(_("The graph is that of the last expression that ran."))


def _draw(ran: Graph, walk: Walk | None) -> None:
    step = LINKED.number("step", -1, low=-1, high=_LAST_STEP)
    graph(ran, walk, key="autograd-graph", at=None if step < 0 else step, on_step=_note_step)


def _note_step(step: int | None) -> None:
    LINKED.choose("step", -1 if step is None else step, -1)


def _no_slope(asked: Asked, walk: Walk | None) -> bool:
    if walk is None or not bool(walk.seed.any()):
        return False
    slope = walk.leaves.get("b")
    return slope is not None and not bool(slope.any())
