"""Other shapes: tables, series, images and volumes as small live tensors, with what takes them."""

from __future__ import annotations

import html
from collections.abc import Mapping

import numpy as np
import streamlit as st
from torch import Tensor

from nnlab.errors import LabError
from nnlab.ui.datasets.linked import LINKED
from nnlab.ui.datasets.shapes.indexing import apply_index
from nnlab.ui.datasets.shapes.kinds import KINDS, Kind
from nnlab.ui.datasets.shapes.layers import Trial, trials
from nnlab.ui.datasets.shapes.pictures import draw
from nnlab.ui.text import _, plain, say
from nnlab.ui.theme import palette

__all__ = ["show"]

_FIRST = "images"
_STYLE = """<style>
.nnlab-axes { display: flex; flex-wrap: wrap; gap: 0.4rem; align-items: stretch; }
.nnlab-axes div { padding: 0.3rem 0.7rem; border-radius: 0.5rem; text-align: center; font-size: 0.8rem; }
.nnlab-axes b { display: block; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.nnlab-axes em { align-self: center; font-style: normal; font-size: 0.9rem; opacity: 0.8; }
</style>"""


@st.fragment
def show() -> None:
    """Draw this part of the Datasets page."""
    name = LINKED.choice("data", list(KINDS), _FIRST)
    st.segmented_control(
        _("Kind of data"), list(KINDS), required=True, **LINKED.held("data", name, {"default": name}),
        on_change=_kind_chosen, format_func=lambda each: f"{_(KINDS[each].title)} ({KINDS[each].letters})",
    )  # fmt: skip
    kind = KINDS[name]
    st.caption(_(kind.what))
    extents = _extents(name, kind)
    x = kind.tensor(extents)
    text = _index(kind)
    found, kept = x, x
    if text:
        try:
            found, kept = apply_index(x, text)
        except LabError as error:
            st.error(plain(say(error)), icon=":material/error:")
            text = ""
    _axes(kind, x, text, found)
    draw(name, x, kept, text)
    tried = trials(x)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.markdown(f"**{_('Values')}** `{_expression(text)}`")
        written = _written(found)
        st.code(written, language=None, height=250 if written.count("\n") > 10 else "content")
    with right:
        st.markdown(f"**{_('Layers that take it')}**")
        _layers(tried)
    _refused(tried)
    with st.expander(_("The same in PyTorch"), icon=":material/code:"):
        st.code(_code(kind, extents, text, tried), language="python")


def _kind_chosen() -> None:
    LINKED.note("data", _FIRST)
    LINKED.choose("index", "", "")  # it means something else for another kind


def _extents(name: str, kind: Kind) -> dict[str, int]:
    found = {
        axis.letter: LINKED.number(f"{name}_{axis.letter}", axis.usual, low=1, high=axis.most)
        for axis in kind.axes
    }
    with st.container(horizontal=True, vertical_alignment="bottom", key="shapes-strip"):
        for axis in kind.axes:
            key = f"{name}_{axis.letter}"
            st.number_input(
                f"{axis.letter} · {_(axis.meaning)}", 1, axis.most, **LINKED.held(key, found[axis.letter]),
                on_change=LINKED.note, args=(key, axis.usual), width=175,
            )  # fmt: skip
    return found


def _index(kind: Kind) -> str:
    """What stands between the brackets; "" for all of the tensor."""
    text = LINKED.text("index")
    st.session_state["datasets-example"] = text if text in kind.indices else None
    with st.container(horizontal=True, vertical_alignment="bottom", key="shapes-index"):
        st.text_input(
            _("Index: x[ … ]"), **LINKED.held("index", text),
            on_change=LINKED.note, args=("index", ""), width=200,
            placeholder="0, :, 2:5",
        )  # fmt: skip
        st.pills(
            _("Examples"), kind.indices, key="datasets-example", on_change=_example_chosen,
            format_func=lambda each: f"x[{each}]",
        )  # fmt: skip
    return text.strip()


def _example_chosen() -> None:
    LINKED.choose("index", st.session_state["datasets-example"] or "", "")


def _axes(kind: Kind, x: Tensor, text: str, found: Tensor) -> None:
    """The shape, axis by axis, with what each counts; and that of what the index takes."""
    colors = palette()
    chips = [
        f'<div style="background:color-mix(in srgb, {color} 18%, transparent)"><b>{extent}</b>'
        f"{axis.letter} · {html.escape(_(axis.meaning))}</div>"
        for axis, extent, color in zip(kind.axes, x.shape, colors, strict=False)
    ]
    size = _("{count:,} numbers, {bytes:,} bytes as float32", count=x.numel(), bytes=4 * x.numel())
    chips.append(f"<em>{html.escape(size)}</em>")
    if text:
        shape = html.escape(f"x[{text}].shape = {tuple(found.shape)}")
        chips.append(f"<em>→ <code>{shape}</code></em>")
    st.html(f'{_STYLE}<div class="nnlab-axes">{"".join(chips)}</div>')


def _written(values: Tensor) -> str:
    """The numbers as NumPy writes them, of many only the first and the last."""
    return np.array2string(
        values.numpy(), max_line_width=56, precision=2, threshold=72, edgeitems=2, suppress_small=True
    )


def _layers(tried: list[Trial]) -> None:
    taken = [trial for trial in tried if trial.out is not None and not trial.as_one]
    st.dataframe(
        {
            _("Layer"): [trial.code for trial in taken],
            _("Shape that comes out"): [str(trial.out) for trial in taken],
            _("Parameters"): [trial.parameters for trial in taken],
        },
        hide_index=True,
        height="content",
    )


def _refused(tried: list[Trial]) -> None:
    """The layers that do not take it, or not as one would think."""
    others = [trial for trial in tried if trial.out is None or trial.as_one]
    with st.expander(_("Layers that do not take it, and why"), icon=":material/block:"):
        st.dataframe(
            {
                _("Layer"): [trial.code for trial in others],
                _("What PyTorch says"): [_said(trial) for trial in others],
            },
            hide_index=True,
            height="content",
        )


def _said(trial: Trial) -> str:
    if trial.out is None:
        return trial.problem
    return _("{shape}: it takes all of x for a single sample without N", shape=trial.out)


def _expression(text: str) -> str:
    return f"x[{text}]" if text else "x"


def _code(kind: Kind, extents: Mapping[str, int], text: str, tried: list[Trial]) -> str:
    names, values = ", ".join(extents), ", ".join(map(str, extents.values()))
    lines = ["import torch", "from torch import nn", "", f"{names} = {values}", *kind.lines]
    lines += [f"print(x.shape)  # {kind.letters}"]
    if text:
        lines += ["", f"found = x[{text}]", "print(found.shape, found)"]
    taken = [trial for trial in tried if trial.out is not None and not trial.as_one]
    lines += ["", f"for layer in ({', '.join(f'nn.{trial.code}' for trial in taken)}):"]
    lines += ["    print(layer, layer(x).shape)"]
    return "\n".join(lines)
