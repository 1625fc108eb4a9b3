"""The state_dict as a table, while the network is trained, saved, built anew and loaded."""

from __future__ import annotations

import re

import streamlit as st
import torch

from nnlab.lessons.saving.story import ACTIONS, MOST, Moment, after, fingerprint, load_into, possible
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.saving.controls import LINKED
from nnlab.ui.text import _, mark, plain

_ICONS = {
    "train": ":material/fitness_center:",
    "save": ":material/save:",
    "new": ":material/fiber_new:",
    "load": ":material/file_open:",
}
_LABELS = {
    "train": mark("Train 10 steps"),
    "save": mark("Save"),
    "new": mark("Build anew"),
    "load": mark("Load"),
}
_LETTERS = {name[0]: name for name in ACTIONS}  # in the URL
_MISFITS = {
    "wider": (mark("with 48 hidden units instead of 32"), 48, "out"),
    "renamed": (mark("whose last layer is called fc instead of out"), 32, "fc"),
}
_CODE = """\
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, kernel_size=5, stride=3)
        self.norm = nn.BatchNorm2d(8)
        self.hidden = nn.Linear(512, 32)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x))).flatten(1)
        return self.out(self.drop(F.relu(self.hidden(x))))


net = Net()
torch.save(net.state_dict(), "net.pt")

other = Net()  # other random numbers
print(other.load_state_dict(torch.load("net.pt", weights_only=True)))
for name, tensor in other.state_dict().items():
    print(name, tuple(tensor.shape), tensor.dtype, torch.equal(tensor, net.state_dict()[name]))
"""


@st.fragment
def show() -> None:
    told = _told()
    now = after(told)
    can = possible(told)
    with st.container(horizontal=True, vertical_alignment="center", key="saving-actions"):
        for name in ACTIONS:
            st.button(
                _(_LABELS[name]), icon=_ICONS[name], key=f"saving-{name}", disabled=name not in can,
                on_click=_tell, args=([*told, name],),
            )  # fmt: skip
        st.button(
            _("Undo"), icon=":material/undo:", key="saving-undo", disabled=not told,
            on_click=_tell, args=(told[:-1],),
        )  # fmt: skip
    _story(told, now)
    _table(now)
    if now.saved is not None:
        _misfit(now.saved)
    code(_CODE)
    lost = re.search("t.*st+n+l$", "".join(name[0] for name in told))
    question(
        "saving-state",
        _("Train, save, train again, and lose it all by building anew. How does what was saved come back?"),
        lost is not None,
        _("Load brings back the file's numbers, bit for bit; what was trained after Save is gone."),
    )  # fmt: skip


def _told() -> list[str]:
    """The actions that the URL names, as far as they are possible."""
    told: list[str] = []
    for letter in LINKED.text("story")[:MOST]:
        name = _LETTERS.get(letter, "")
        if name not in possible(told):
            st.warning(
                _("The story in the address of this page goes wrong at “{letter}”; it ends before that.",
                  letter=plain(letter)),
                icon=":material/link_off:",
            )  # fmt: skip
            break
        told.append(name)
    return told


def _tell(told: list[str]) -> None:
    LINKED.choose("story", "".join(name[0] for name in told), "")


def _story(told: list[str], now: Moment) -> None:
    done = " → ".join(f"{_ICONS[name]} {_(_LABELS[name])}" for name in told) or _(
        "A network with random weights."
    )
    st.caption(done)
    with st.container(horizontal=True, key="saving-numbers"):
        st.metric(_("Steps it has learned"), now.steps, width=180)
        st.metric(_("Loss of one batch"), f"{now.loss:.4f}", width=180)
        st.metric(_("The file"), "—" if now.saved is None else f"{len(now.saved):,} B", width=180)
    if now.reply is not None:
        st.code(f">>> net.load_state_dict(torch.load(file, weights_only=True))\n{now.reply}", language=None)


def _table(now: Moment) -> None:
    held = now.in_file
    # What changes comes first: a phone shows no more than that without scrolling.
    head = [_("Name"), _("In the file"), _("Fingerprint"), _("Shape"), "dtype", _("First values")]
    rows = [f"| {' | '.join(head)} |", "| :-- | :-- | :-- | :-- | :-- | :-- |"]
    for name, tensor in now.state.items():
        first = ",\u00a0".join(f"{value:.4g}" for value in tensor.flatten()[:3].tolist())
        print_ = fingerprint(tensor)
        in_file = "—"
        if held is not None:
            same = torch.equal(held[name], tensor)
            in_file = f":green[{_('the same')}]" if same else f":orange[{fingerprint(held[name])}]"
        shape = "\u00a0×\u00a0".join(map(str, tensor.shape)) or _("a number")
        kind = str(tensor.dtype).removeprefix("torch.")
        more = ",\u00a0…" if tensor.numel() > 3 else ""
        rows.append(f"| `{name}` | {in_file} | `{print_}` | {shape} | {kind} | {first}{more} |")
    st.markdown("\n".join(rows))
    st.caption(
        _(
            "A fingerprint is the beginning of the SHA-256 of a tensor's bytes. running_mean, running_var "
            "and num_batches_tracked are buffers: saved, but not trained by the optimizer."
        )
    )


def _misfit(saved: bytes) -> None:
    with st.expander(_("Load the file into another network"), icon=":material/broken_image:"):
        titles = {name: _(title) for name, (title, _hidden, _last) in _MISFITS.items()}
        name = st.radio(
            _("A network"), list(titles), format_func=titles.__getitem__, key="saving-misfit", horizontal=True
        )
        told = load_into(saved, *_MISFITS[name][1:])
        st.code(f">>> other.load_state_dict(state)\n{told.error}", language=None)
        st.code(f">>> other.load_state_dict(state, strict=False)\n{told.loose}", language=None)
        st.caption(_("strict=False passes over names, never over shapes."))
