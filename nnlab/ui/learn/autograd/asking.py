"""What the Autograd page is asked: an expression, its tensors, and the gradient that its result is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from nnlab.errors import LabError
from nnlab.lessons.autograd.backward import Refusal, Walk, go_back
from nnlab.lessons.autograd.examples import EXAMPLES, Example
from nnlab.lessons.autograd.given import DTYPES, MOST_TENSORS, Given, make_leaves, read_values
from nnlab.lessons.autograd.graph import Graph
from nnlab.lessons.autograd.running import run
from nnlab.ui.learn.parts import complain
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, say

LINKED = Linked("autograd")
_OWN = "own"
_ROW = 474  # CSS pixels of a tensor in the table
_LIVE = "0ms"  # the picture follows every letter
_KEPT = " []+-,."  # signs of values that stay readable in a link
_NAMES = "abcdxyz"


@dataclass(frozen=True, eq=False)
class Asked:
    """What was typed, and what became of it.

    Attributes:
        gradient: as it was typed; `seed` is the tensor, None where nothing was typed.
        ran: the graph on the leaves of this run.
        place: where complaints are told; always there, so that what follows stays what it is in the browser.
    """

    text: str
    given: tuple[Given, ...]
    gradient: str
    seed: Tensor | None
    no_grad: bool
    ran: Graph
    place: DeltaGenerator

    def leaves(self) -> dict[str, Tensor]:
        """The tensors made anew, without gradients."""
        return make_leaves(self.given)

    def walk(self) -> Walk | None:
        """The way back; None, with PyTorch's own words on the page, where it refuses."""
        try:
            return go_back(self.ran, self.seed)
        except Refusal as refusal:
            self.place.error(say(refusal), icon=":material/undo:")
            self._advise()
            return None

    def _advise(self) -> None:
        """What the box of the external gradient should hold, where that is what is wrong."""
        shape, seed = tuple(self.ran.result.shape), self.seed
        if not self.ran.result.requires_grad or (tuple(seed.shape) if seed is not None else ()) == shape:
            return
        told = (
            _("The result is a single number: leave the box of the external gradient empty.")
            if shape == ()
            else _("The result has the shape {shape}; so has its external gradient.", shape=shape)
        )
        self.place.info(told, icon=":material/lightbulb:")


def ask(*, switch: bool = False) -> Asked | None:
    """Draw the controls; None, with a sentence, where what was typed cannot be run.

    Args:
        switch: whether ``torch.no_grad()`` can be switched on.
    """
    start = EXAMPLES[LINKED.choice("example", list(EXAMPLES), next(iter(EXAMPLES)))]
    text = LINKED.text("code", start.text)
    given = _unpacked(LINKED.text("tensors", _packed(start.given)), start)
    gradient = LINKED.text("gradient", start.gradient)
    with st.container(horizontal=True, vertical_alignment="bottom", key="autograd-strip"):
        _examples(start, text, given, gradient)
        st.text_input(
            _("Expression"), **LINKED.held("code", text), live=_LIVE, width="stretch",
            on_change=_note, args=("code", start.text),
        )  # fmt: skip
        st.text_input(
            _("External gradient"), **LINKED.held("gradient", gradient), live=_LIVE, width=150,
            placeholder=_("none"), on_change=_note, args=("gradient", start.gradient),
            help=_("How much each number of the result counts: backward() starts from it."),
        )  # fmt: skip
        no_grad = switch and _no_grad()
    _tensors(given)
    place = st.container(key="autograd-complaint")
    try:
        ran = run(text, make_leaves(given), no_grad=no_grad)
        dtype = ran.result.dtype
        seed = torch.tensor(read_values(gradient), dtype=dtype) if gradient.strip() else None
    except LabError as error:
        with place:
            complain(error)
        return None
    return Asked(text, given, gradient, seed, no_grad, ran, place)


def _note(name: str, default: str) -> None:
    LINKED.note(name, default)
    _forget_place()


def _forget_place() -> None:
    """Another expression is shown whole, and nothing has been done with it."""
    LINKED.choose("step", -1, -1)
    LINKED.choose("acts", "", "")


def _no_grad() -> bool:
    value = LINKED.toggle("no_grad", False)
    return st.toggle(
        "torch.no_grad()", **LINKED.held("no_grad", value), on_change=LINKED.note,
        args=("no_grad", False),
    )  # fmt: skip


def _examples(start: Example, text: str, given: tuple[Given, ...], gradient: str) -> None:
    """The box of examples; what was changed is nobody's example."""
    name = next(name for name, example in EXAMPLES.items() if example is start)
    own = (text, given, gradient) != (start.text, start.given, start.gradient)
    titles = {key: say(example.title) for key, example in EXAMPLES.items()}
    options, now = [*([_OWN] if own else []), *EXAMPLES], _OWN if own else name
    st.selectbox(
        _("Example"), options, **LINKED.held("chosen", now, {"index": options.index(now)}),
        format_func={**titles, _OWN: _("Your own")}.__getitem__, width=215, on_change=_chosen,
    )  # fmt: skip


def _chosen() -> None:
    name = st.session_state["autograd-chosen"]
    if name not in EXAMPLES:
        return
    LINKED.choose("example", name, next(iter(EXAMPLES)))
    for field in ("code", "tensors", "gradient"):
        LINKED.choose(field, "", "")
    _forget_place()


def _tensors(given: tuple[Given, ...]) -> None:
    """The table of tensors."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="autograd-tensors"):
        for row, tensor in enumerate(given):
            with st.container(
                horizontal=True, vertical_alignment="center", gap="xsmall", width=_ROW,
                key=f"autograd-tensor-{row}",
            ):  # fmt: skip
                _tensor(row, tensor, given)
        if len(given) < MOST_TENSORS:
            st.button(
                _("One more tensor"), icon=":material/add:", type="tertiary", key="autograd-more",
                on_click=_note_tensors, args=((*given, Given(_free_name(given), "[1., 2.]")),),
            )  # fmt: skip


def _tensor(row: int, tensor: Given, given: tuple[Given, ...]) -> None:
    rest: dict[str, Any] = {"on_change": _note_row, "args": (row, given)}
    hidden: dict[str, Any] = {"label_visibility": "collapsed", **rest}
    st.text_input(
        _("Name"), **LINKED.held(f"name-{row}", tensor.name), live=_LIVE, width=52,
        **hidden,
    )  # fmt: skip
    st.text_input(
        _("Values of {name}", name=tensor.name), **LINKED.held(f"values-{row}", tensor.values),
        live=_LIVE, width="stretch", **hidden,
    )  # fmt: skip
    start = {"index": list(DTYPES).index(tensor.dtype)}
    st.selectbox(
        _("Type of {name}", name=tensor.name), list(DTYPES),
        **LINKED.held(f"dtype-{row}", tensor.dtype, start), width=100, **hidden,
    )  # fmt: skip
    st.toggle("requires_grad", **LINKED.held(f"grad-{row}", tensor.requires_grad), **rest)
    if len(given) > 1:
        st.button(
            "", icon=":material/close:", type="tertiary", key=f"autograd-less-{row}",
            help=_("Without {name}", name=tensor.name),
            on_click=_note_tensors, args=((*given[:row], *given[row + 1 :]),),
        )  # fmt: skip


def _note_row(row: int, given: tuple[Given, ...]) -> None:
    """What the widgets of that row say now."""
    said = {name: st.session_state[f"autograd-{name}-{row}"] for name in ("name", "values", "dtype", "grad")}
    tensor = replace(
        given[row], name=said["name"].strip(), values=said["values"], dtype=said["dtype"],
        requires_grad=said["grad"],
    )  # fmt: skip
    _note_tensors((*given[:row], tensor, *given[row + 1 :]))


def _note_tensors(given: tuple[Given, ...]) -> None:
    start = EXAMPLES[LINKED.choice("example", list(EXAMPLES), next(iter(EXAMPLES)))]
    LINKED.choose("tensors", _packed(given), _packed(start.given))
    _forget_place()


def _free_name(given: Sequence[Given]) -> str:
    used = {tensor.name for tensor in given}
    return next((name for name in _NAMES if name not in used), "t")


def _packed(given: Sequence[Given]) -> str:
    """The table for a link: ``name:grad:dtype:values;...``."""
    rows = (
        (
            quote(row.name, safe=""),
            "grad" if row.requires_grad else "",
            row.dtype,
            quote(row.values, safe=_KEPT),
        )
        for row in given
    )
    return ";".join(":".join(row) for row in rows)


def _unpacked(text: str, start: Example) -> tuple[Given, ...]:
    """The inverse; a sentence, and the example's tensors, for a link that is damaged."""
    found: list[Given] = []
    for row in text.split(";")[: MOST_TENSORS + 1]:
        name, grad, dtype, values = ([*row.split(":", 3), "", "", ""])[:4]
        if dtype not in DTYPES or grad not in ("", "grad") or len(found) == MOST_TENSORS:
            st.warning(
                _("The tensors in the address of this page cannot be read; those of the example are used."),
                icon=":material/link_off:",
            )  # fmt: skip
            return start.given
        found.append(Given(unquote(name), unquote(values), grad == "grad", dtype))
    return tuple(found)
