"""The same image in training mode and in evaluation mode, pass after pass."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from nnlab.lessons.saving.modes import Passes, alone, passes
from nnlab.lessons.saving.network import images
from nnlab.ui.components import tiles
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.saving.controls import LINKED
from nnlab.ui.text import _

_CODE = """\
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
x = torch.randn(6, 4)
with torch.no_grad():  # no gradients; that alone changes neither dropout nor batch norm
    for mode in (True, False):
        net.train(mode)
        print("train" if mode else "eval")
        for _ in range(2):
            print(net(x)[0].softmax(0), net[1].running_mean[:2])
"""


@st.fragment
def show() -> None:
    mode = LINKED.choice("mode", ("train", "eval"), "train")
    training = mode == "train"
    drop, norm = LINKED.toggle("dropout", True), LINKED.toggle("norm", True)
    image = LINKED.number("image", 0, low=0, high=99)
    with st.container(horizontal=True, vertical_alignment="bottom", key="saving-modes"):
        st.segmented_control(
            _("The network is in"), ("train", "eval"), required=True,
            on_change=LINKED.note, args=("mode", "train"),
            **LINKED.held("mode", mode, {"default": mode}),
            format_func={"train": "net.train()", "eval": "net.eval()"}.__getitem__,
        )  # fmt: skip
        st.toggle(
            _("Dropout follows"),
            **LINKED.held("dropout", drop),
            on_change=LINKED.note,
            args=("dropout", True),
        )
        st.toggle(
            _("Batch norm follows"),
            **LINKED.held("norm", norm),
            on_change=LINKED.note,
            args=("norm", True),
        )
        st.number_input(
            _("Image"), 0, 99, **LINKED.held("image", image), width=130,
            on_change=LINKED.note, args=("image", 0),
        )  # fmt: skip
    _picture(image)
    found = passes(training, drop, norm, image)
    _rows(_("Five passes of the same batch"), found.repeated)
    _rows(_("The image in three batches, each with seven other images"), found.companions)
    _running(found)
    st.caption(_("A single image in training mode, in front of BatchNorm1d:"))
    st.code(f"ValueError: {alone()}", language=None)
    code(_CODE)
    question(
        "saving-modes",
        _("Stay in training mode: which switch makes all passes equal, while the other images still matter?"),
        training and _all_same(found.repeated) and not _all_same(found.companions),
        _(
            "Dropout was what changed from pass to pass. Batch norm takes mean and variance of the batch, so "
            "that an answer depends on whoever else is in it; only eval() uses the running ones."
        ),
    )  # fmt: skip


def _picture(image: int) -> None:
    """The image that the passes are about, with its label."""
    x, y = images()
    tiles(
        (x[image] * 255).round().byte(), [f"{_('label')} {int(y[image])}"], columns=1, key="saving-picture",
        label=_("The image, with its label"), max_tile=72,
    )  # fmt: skip


def _all_same(rows: Tensor) -> bool:
    return bool((rows == rows[0]).all())


def _rows(title: str, rows: Tensor) -> None:
    """Probabilities (P, 10), a line for each pass; the largest is bold."""
    same = _all_same(rows)
    verdict = f":green[{_('all equal')}]" if same else f":orange[{_('they differ')}]"
    head = "| |" + "".join(f" {digit} |" for digit in range(10))
    lines = [head, "| :-- |" + " --: |" * 10]
    for place, row in enumerate(rows, 1):
        best = int(row.argmax())
        cells = (f"**{p:.1%}**" if i == best else f"{p:.1%}" for i, p in enumerate(row.tolist()))
        lines.append(f"| {place} | {' | '.join(cells)} |")
    st.markdown(f"**{title}** · {verdict}\n\n" + "\n".join(lines))


def _running(found: Passes) -> None:
    moved = not _all_same(found.running)
    first, last = (
        ", ".join(f"{v:.4f}" for v in row[:4].tolist()) for row in (found.running[0], found.running[-1])
    )
    told = _("running_mean before: {first}, …  \nafter the five passes: {last}, …", first=first, last=last)
    note = _("It has moved, although nothing was trained and no gradient was taken.") if moved else ""
    st.markdown(f"{told}  \n{note}")
