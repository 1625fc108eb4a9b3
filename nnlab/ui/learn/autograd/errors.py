"""The mistakes that people meet: each on one click, with PyTorch's own words and its mending."""

from __future__ import annotations

import streamlit as st

from nnlab.lessons.autograd.mistakes import KINDS, MISTAKES, Mistake
from nnlab.lessons.autograd.programs import Outcome, outcome
from nnlab.ui.learn.autograd.asking import LINKED
from nnlab.ui.learn.parts import question
from nnlab.ui.text import _, mark, say

_ICONS = {"error": ":material/block:", "warning": ":material/warning:", "silent": ":material/visibility_off:"}
_TITLES = {
    "error": mark("PyTorch refuses"),
    "warning": mark("PyTorch warns"),
    "silent": mark("Nobody says anything"),
}
_IMPORT = "import torch\n\n"


@st.fragment
def errors() -> None:
    """Draw the part."""
    first = next(iter(MISTAKES))
    name = LINKED.choice("case", list(MISTAKES), first)
    titles = {key: f"{_ICONS[mistake.kind]} {say(mistake.title)}" for key, mistake in MISTAKES.items()}
    st.pills(
        _("Mistake"), list(MISTAKES), **LINKED.held("case", name, {"default": name}), required=True,
        format_func=titles.__getitem__, label_visibility="collapsed", on_change=LINKED.note,
        args=("case", first),
    )  # fmt: skip
    st.caption(" · ".join(f"{_ICONS[kind]} {_(_TITLES[kind])}" for kind in KINDS))
    _show(MISTAKES[name])
    question(
        "autograd-silent",
        _("One of these prints three times the gradient in the end, and nobody complains. Open it."),
        name == "zero_forgotten",
        _("`backward()` adds to `.grad`: after three steps, three gradients stand in it."),
    )


def _show(mistake: Mistake) -> None:
    wrong, mended = outcome(mistake.wrong), outcome(mistake.mended)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"{_ICONS[mistake.kind]} **{_(_TITLES[mistake.kind])}**")
        st.code(_marked(mistake.wrong, wrong), language="python")
        _told(wrong)
    with right:
        st.markdown(f":material/check: **{_('Mended')}**")
        st.code(_IMPORT + mistake.mended, language="python")
        _told(mended)
    st.markdown(f"{say(mistake.why)} **{say(mistake.mending)}**")


def _marked(source: str, told: Outcome) -> str:
    """The program with a sign at the line where it stops or is warned of."""
    rows = source.split("\n")
    if told.line:
        rows[told.line - 1] += "  # <--"
    return _IMPORT + "\n".join(rows)


def _told(told: Outcome) -> None:
    printed = "\n".join(told.printed)
    if printed:
        st.code(printed, language=None)
    for words in told.warned if not told.error else ():
        st.warning(f"`UserWarning: {_plain(words)}`", icon=":material/warning:")
    if told.error:
        st.error(f"`{_plain(told.error)}`", icon=":material/block:")


def _plain(words: str) -> str:
    """Fit to stand between backticks."""
    return " ".join(words.replace("`", "'").split())
