"""What is in a pickle of a whole network, and why a file of weights is better."""

from __future__ import annotations

from typing import Any

import streamlit as st

from nnlab.program import Program, Programs
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.saving.controls import LINKED
from nnlab.ui.text import _, mark, say

_PROGRAMS = Programs()
_KEY = "experiments"
_LOOK_EVERY = 0.4  # seconds
_FILES = {
    "state": mark("torch.save(net.state_dict(), file)"),
    "whole": mark("torch.save(net, file)"),
    "trap": mark("A file from a stranger"),
}
_TOLD = {
    "state": mark("Names and tensors. Nothing is imported but what puts tensors together."),
    "whole": mark(
        "The names of your classes, not their code: when a class is moved or renamed, the file is lost. And "
        "whatever it names is imported and called."
    ),
    "trap": mark(
        "Its pickle says: call print with this text. It could as well say: delete all files. Nobody sees "
        "that before it is loaded, unless nothing but weights is allowed."
    ),
}
_WAYS = ("safe", "unsafe", "later")
_CODE = """\
import pickle

import torch
from safetensors.torch import load_file, save_file
from torch import nn

net = nn.Linear(4, 2)
save_file(net.state_dict(), "net.safetensors")  # a table of names and shapes, then the bytes; no code at all
other = nn.Linear(4, 2)
other.load_state_dict(load_file("net.safetensors"))
print(torch.equal(net.weight, other.weight))

torch.save(net, "net.pt")  # the whole of it: a pickle, which names classes to import and functions to call
try:
    torch.load("net.pt")  # weights_only=True
except pickle.UnpicklingError as error:
    print(type(error).__name__)
"""


def show() -> None:
    """The three files and what becomes of each; they are made and loaded in a process of their own."""
    program = _PROGRAMS.known(_KEY) or _start()
    st.fragment(_show, run_every=_LOOK_EVERY if program.running else None)(program.running)
    code(_CODE)


def _start() -> Program:
    return _PROGRAMS.start(_KEY, [], "nnlab.lessons.saving.pickled")


def _again() -> None:
    _start()


def _show(going: bool) -> None:
    program = _PROGRAMS.known(_KEY) or _start()
    if going != program.running:
        st.rerun()  # the whole page: from now on there is something to look for, or no more
    if program.problem is not None:
        st.error(say(program.problem), icon=":material/error:")
        st.button(_("Try again"), icon=":material/refresh:", key="saving-again", on_click=_again)
        return
    if not program.lines:
        st.progress(0.0, _("Three files are made and loaded, in a process of their own …"))
        return
    found: dict[str, Any] = program.lines[0]
    name = LINKED.choice("file", list(_FILES), "state")
    titles = {key: _(title) for key, title in _FILES.items()}
    st.segmented_control(
        _("File"), list(titles), **LINKED.held("file", name, {"default": name}),
        format_func=titles.__getitem__, required=True, on_change=LINKED.note, args=("file", "state"),
        label_visibility="collapsed",
    )  # fmt: skip
    _file(name, found[name])
    picked = st.pills(
        _("Which of these files can be loaded with weights_only=True?"), list(titles), selection_mode="multi",
        format_func=titles.__getitem__, key="saving-safe",
    )  # fmt: skip
    question(
        "saving-pickle",
        _("Which of the three files does torch.load take with weights_only=True, its default? Choose above."),
        picked == [key for key, one in found.items() if "Error" not in one["safe"]],
        _("Only tensors and plain containers pass: no class of yours, and no function of a stranger."),
    )  # fmt: skip


def _file(name: str, one: dict[str, Any]) -> None:
    st.markdown(_(_TOLD[name]))
    left, right = st.columns([2, 3])
    left.markdown(f"**{_('Loading it imports')}**")
    left.code("\n".join(one["imports"]), language=None)
    calls = {
        "safe": "torch.load(file, weights_only=True)",
        "unsafe": "torch.load(file, weights_only=False)",
        "later": _("the same, after the class was renamed"),
    }
    for way in _WAYS if name == "whole" else _WAYS[:2]:
        right.markdown(f"`{calls[way]}`" if way != "later" else calls[way])
        right.code(_short(one[way]), language=None, wrap_lines=True)


def _short(text: str) -> str:
    """The first lines of an error, which goes on at length."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[:2]) + ("\n…" if len(lines) > 2 else "")
