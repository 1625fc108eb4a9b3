"""Layers that read a sequence: what an RNN, a GRU or an LSTM makes of each step, and an embedding's table."""

from __future__ import annotations

from typing import Any

import streamlit as st
import torch
from torch import nn

from nnlab.errors import LabError
from nnlab.nets.layers import LAYERS, LayerKind, make_layer, out_shape
from nnlab.nets.layers.code import layer_code
from nnlab.ui.layers.embedding import Words, looked_up, words_input
from nnlab.ui.layers.form import offer_fix, options_form
from nnlab.ui.layers.linked import choice, whole
from nnlab.ui.layers.reading import Reading, sequence_input
from nnlab.ui.layers.unrolled import over_the_steps
from nnlab.ui.text import _, say

_SHOWN = {name: kind for name, kind in LAYERS.items() if kind.takes in ("sequence", "tokens")}
_OPTIONS = sorted({field.name for kind in _SHOWN.values() for field in kind.fields})
_LAST_SEED = 9999


@st.fragment
def sequences() -> None:
    """The part of the page for layers that read a sequence."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="layers-sequence-strip"):
        name = choice(
            _("Layer"), "sequence", list(_SHOWN), "rnn", shown=lambda which: LAYERS[which].torch, width=150,
            also_clears=(*_OPTIONS, "step", "unit", "gate"),
        )  # fmt: skip
        kind, problem, read = LAYERS[name], None, None
        try:
            read = words_input() if kind.takes == "tokens" else sequence_input()
        except LabError as error:
            problem = error
    strip = st.container(horizontal=True, vertical_alignment="bottom", key="layers-options-strip")
    with strip:
        seed = whole(_("Seed"), "seed", 0, 0, _LAST_SEED, width=110, help=_("Of the layer's weights."))
    options = options_form(kind, {}, strip)
    if problem is not None:
        st.error(say(problem), icon=":material/error:")
    if read is None or options is None:
        return
    try:
        _show(kind, read, options, seed)
    except LabError as error:
        offer_fix(error)


def _show(kind: LayerKind, read: Reading | Words, options: dict[str, Any], seed: int) -> None:
    """The layer's shape, its view and its code. Raises `LabError` where it does not take the input."""
    in_shape = tuple(read.x.shape)
    if isinstance(read, Words):
        read.check_rows(options["num_embeddings"])
    torch.manual_seed(seed)
    module = make_layer(kind.name, in_shape, options)
    out = out_shape(kind.name, in_shape, options)
    st.markdown(f"**{_times(in_shape)}** → `{kind.torch}` → **{_times(out)}** · {say(kind.about)}")
    if isinstance(read, Words):
        assert isinstance(module, nn.Embedding)
        looked_up(module, read)
    else:
        assert isinstance(module, nn.RNN | nn.GRU | nn.LSTM)
        over_the_steps(module, read.x, kind.name)
    with st.expander(_("The same in PyTorch, as a module and as a function"), icon=":material/code:"):
        st.code(layer_code(kind.name, in_shape, options).script(read.code, seed), language="python")


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
