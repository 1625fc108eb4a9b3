"""Tensors as PyTorch prints them, in small tables."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from nnlab.lessons.autograd.backward import Walk
from nnlab.ui.learn.autograd.asking import Asked
from nnlab.ui.text import _

_STYLE = """<style>
.nnlab-lines { border-collapse: collapse; font-size: 0.875rem; }
.nnlab-lines th, .nnlab-lines td { text-align: left; padding: 0.3rem 1.2rem 0.3rem 0; font-weight: 400;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); vertical-align: top; }
.nnlab-lines thead th { opacity: 0.7; white-space: nowrap; }
.nnlab-lines .code { font-family: var(--st-code-font, monospace); font-variant-numeric: tabular-nums;
  white-space: pre; font-size: 0.8125rem; }
.nnlab-lines .strong { font-weight: 650; }
.nnlab-frame { overflow-x: auto; }
@media (max-width: 640px) {
  .nnlab-lines td:first-child { white-space: normal; overflow-wrap: anywhere; }
  .nnlab-lines td:first-child { min-width: 7rem; max-width: 7rem; }
}
</style>"""


def lines(head: Sequence[str], rows: Sequence[Sequence[str]], *, plain: int = 0) -> None:
    """A table of texts; those of the first `plain` columns are words, all others code."""
    top = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr>{''.join(_cell(cell, at >= plain) for at, cell in enumerate(row))}</tr>" for row in rows
    )
    st.html(
        f"{_STYLE}<div class='nnlab-frame'><table class='nnlab-lines'><thead><tr>{top}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(text: str, code: bool) -> str:
    return f"<td{' class=code' if code else ''}>{html.escape(text)}</td>"


def printed(tensor: Tensor | None) -> str:
    """As Python prints it, without what the table says anyway."""
    return "None" if tensor is None else repr(tensor.detach())


def gradient_table(asked: Asked, walk: Walk | None) -> None:
    """What is in ``.grad`` of every given tensor now, and that the walk has come to the same."""
    if walk is None:
        return
    used = {node.name for node in asked.ran.nodes if node.run is None}
    rows = []
    for row in asked.given:
        grad, why = walk.leaves.get(row.name), ""
        if grad is None and row.requires_grad:
            why = _("no path leads back to it") if row.name in used else _("not used")
        rows.append((f"{row.name}.grad", printed(grad), why))
    lines(("", _("after backward()"), ""), rows)
    if walk.apart:
        st.caption(
            _("What is added up along the edges lies {count} units in the last place from `.grad`, which "
              "PyTorch adds in another order.", count=walk.apart)
        )  # fmt: skip
    else:
        st.caption(_("What is added up along the edges is `.grad` to the last bit."))
