"""Make: every way to a new tensor, what it is, and its memory."""

from __future__ import annotations

import streamlit as st
import torch

from nnlab.errors import LabError
from nnlab.lessons.tensors.making import DTYPES, MAKERS, Asked, Made, devices, make
from nnlab.lessons.tensors.refusal import Refused, asking_torch
from nnlab.ui.components.tensor import Memory, Panel, tensors
from nnlab.ui.datasets.facts import facts
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.tensors.controls import LAST_SEED, choice, complain, text, whole
from nnlab.ui.text import _

_BOUNDS = {"arange": "0, 6", "linspace": "0, 1, 5", "randint": "0, 10"}


@st.fragment
def show() -> None:
    """Draw the part."""
    found: Made | None = None
    with st.container(horizontal=True, vertical_alignment="bottom", key="tensors-make-strip"):
        name = choice(_("Function"), "how", {each: f"torch.{each}" for each in MAKERS}, "tensor")
        asked = _asked(name)
    try:
        found = make(name, asked)
    except LabError as error:
        complain(error)
    if found is not None:
        tensor = found.tensor
        _told(tensor)
        tensors(
            [Panel("t", tensor, memory=0)], [Memory(_("Memory of t"), tensor)], key="tensors-made",
            resting=tensor.numel() - 1,
            hint=_("Point at a cell to see where it lies in memory, and the jumps that lead there."),
        )  # fmt: skip
        code(f"{found.code}\nprint(t, t.shape, t.dtype, t.stride())")
    question(
        "tensors-make",
        _("Make a tensor of four elements that takes no more than 4 bytes of memory."),
        found is not None and found.tensor.numel() == 4 and found.tensor.untyped_storage().nbytes() <= 4,
        _("uint8, int8 and bool take one byte an element; float32, the usual dtype of networks, takes four."),
    )


def _asked(name: str) -> Asked:
    """What the controls for that function say."""
    maker, usual = MAKERS[name], Asked()
    values, shape, value, bounds, seed = usual.values, usual.shape, usual.value, usual.bounds, 0
    if "values" in maker.fields:
        label = _("x, a list") if name.endswith("_like") else _("A list")
        values = text(label, "values", usual.values, width=260)
    if "bounds" in maker.fields:
        labels = {
            "arange": _("Start, end, step"),
            "linspace": _("Start, end, count"),
            "randint": _("From, below"),
        }
        bounds = text(labels[name], f"{name}_bounds", _BOUNDS[name])
    if "shape" in maker.fields:
        shape = text(_("Rows, columns") if name == "eye" else _("Shape"), "shape", usual.shape)
    if "value" in maker.fields:
        value = text(_("Value"), "value", usual.value, width=90)
    if maker.random:
        seed = whole(_("Seed"), "seed", 0, 0, LAST_SEED)
    dtype = choice(
        "dtype", "dtype", {"auto": _("PyTorch decides"), **{each: each for each in DTYPES}}, "auto"
    )
    places = devices()
    device = choice(_("Device"), "device", {each: each for each in places}, "cpu", width=110)
    return Asked(values, shape, value, bounds, "" if dtype == "auto" else dtype, device, seed)


def _told(tensor: torch.Tensor) -> None:
    facts(
        [
            ("shape", str(tuple(tensor.shape))),
            ("dtype", str(tensor.dtype)),
            ("device", str(tensor.device)),
            (_("elements"), f"{tensor.numel():,}"),
            (_("strides"), str(tensor.stride())),
            ("storage_offset()", str(tensor.storage_offset())),
            (_("bytes"), f"{tensor.numel():,} × {tensor.element_size()} = {tensor.nbytes:,}"),
            ("item()", _item(tensor)),
        ]
    )


def _item(tensor: torch.Tensor) -> str:
    try:
        with asking_torch():
            return repr(tensor.item())
    except Refused:
        return _("only for 1 element")
