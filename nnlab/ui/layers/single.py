"""One layer at work: which, on what, with which weights; its numbers, its shape, its code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
import torch
from torch import Tensor, nn

from nnlab.errors import LabError
from nnlab.lens import dense_weights
from nnlab.lens.dense import check_size, parameters
from nnlab.nets.layers import LAYERS, LayerKind, make_layer, out_shape, shape_arithmetic
from nnlab.nets.layers.code import layer_code
from nnlab.randomness import seeded
from nnlab.ui.layers.form import offer_fix, options_form
from nnlab.ui.layers.linked import PLACE, choice, whole
from nnlab.ui.layers.source import Input, carry_on, layer_input
from nnlab.ui.layers.views import Seen, show_layer
from nnlab.ui.layers.weights import CELLS, Cell, Weights, choose_weights, link_edits
from nnlab.ui.text import _, plain, say

_SHOWN = {name: kind for name, kind in LAYERS.items() if kind.takes in ("any", "image", "vector")}
# What the URL may hold that belongs to another layer.
_OPTIONS = sorted({field.name for kind in LAYERS.values() for field in kind.fields})
_FLAT = ("linear", "softmax")  # families that are shown on a vector
_LAST_SEED = 9999
_RANDOM = Weights("random", 0)


def single() -> None:
    """The part of the page for one layer."""
    strip = st.container(horizontal=True, vertical_alignment="bottom", key="layers-input-strip")
    with strip:
        name = choice(
            _("Layer"), "layer", list(_SHOWN), "conv2d", shown=lambda which: LAYERS[which].torch, width=180,
            also_clears=(*_OPTIONS, *PLACE, "weights", "seed", "mode", CELLS),
        )  # fmt: skip
    kind = LAYERS[name]
    source = layer_input(strip)
    if source is None:
        return
    strip = st.container(horizontal=True, vertical_alignment="bottom", key="layers-options-strip")
    with strip:
        training = _training(kind)
        weights: Weights | None = _RANDOM
        if name == "conv2d":
            weights = choose_weights(source.x.shape[1])
        elif kind.family in ("linear", "dropout"):
            weights = Weights("random", whole(_("Seed"), "seed", 0, 0, _LAST_SEED, width=100))
    options = None if weights is None else options_form(kind, weights.options, strip)
    if weights is None or options is None:
        return
    work = _AtWork(kind, source, weights, options, training)
    try:
        work.tell_shape()
    except LabError as error:
        offer_fix(error)
    else:
        _seen(work)


@st.fragment
def _seen(work: _AtWork) -> None:
    """What runs again alone when a number is typed into a kernel."""
    try:
        work.show()
    except LabError as error:
        st.error(say(error), icon=":material/error:")


def _training(kind: LayerKind) -> bool:
    """Whether the layer is to do what it does while training, where that is something else."""
    if kind.family not in ("dropout", "normalisation"):
        return True
    modes = {"train": "layer.train()", "eval": "layer.eval()"}
    return choice(_("Mode"), "mode", list(modes), "train", shown=modes.__getitem__, width=150) == "train"


@dataclass(frozen=True, eq=False)
class _AtWork:
    """A layer with its input, its weights and its options."""

    kind: LayerKind
    source: Input
    weights: Weights
    options: dict[str, Any]
    training: bool

    def tell_shape(self) -> None:
        """How the output's shape comes about. Raises `LabError` where the layer does not take the input."""
        arguments = self.kind.name, self.in_shape, self.options
        check_size(*arguments)
        before = f"{_times(self.source.x.shape[1:])} → flatten → " if self.is_flat else ""
        shapes = f"**{_times(self.in_shape)}** → `{self.kind.torch}` → **{_times(out_shape(*arguments))}**"
        st.markdown(f"{before}{shapes} · {say(self.kind.about)}")
        lines = shape_arithmetic(self.kind.name, self.options, self.in_shape)
        if lines:
            notes = [f" ({plain(say(line.note))})" if line.note else "" for line in lines]
            told = [f"{say(line.axis)} `{line.text}`{note}" for line, note in zip(lines, notes, strict=True)]
            st.caption(" · ".join(told))

    def show(self) -> None:
        """Its view and its code. Raises `LabError` where it does not take the input."""
        x = self.x
        module, y = self.computed()
        conv = module if isinstance(module, nn.Conv2d) else None
        show_layer(
            Seen(
                module, x, y, key=f"layers-view-{self.kind.name}", grey=self.source.grey and x.ndim == 4,
                on_edit=None if conv is None else self.weights.editor(conv),
                image_shape=self.source.x.shape[1:] if x.ndim == 2 else None,
                names=self.weights.names, kind=self.kind.name, options=self.options,
            )
        )  # fmt: skip
        if y.ndim == 4 and st.button(
            _("Carry this output on into another layer"), icon=":material/arrow_forward:", key="layers-carry"
        ):
            carry_on(self._output())
            st.rerun()
        if conv is not None:
            edits = self.weights.edits(conv)
            link_edits(edits)
            _offer_undo(edits)
            _compare_with_linear(conv, self.in_shape, tuple(y.shape[1:]))
        with st.expander(_("The same in PyTorch, as a module and as a function"), icon=":material/code:"):
            st.code(self._code(module), language="python")

    @property
    def is_flat(self) -> bool:
        """Whether the layer is shown on a vector."""
        return self.kind.takes == "vector" or self.kind.family in _FLAT

    @property
    def x(self) -> Tensor:
        """What reaches the layer: a batch for normalisation, one sample for all else."""
        x = self.source.batch if self.kind.family == "normalisation" else self.source.x
        return x.flatten(1) if self.is_flat else x

    @property
    def in_shape(self) -> tuple[int, ...]:
        return tuple(self.x.shape[1:])

    def computed(self) -> tuple[nn.Module, Tensor]:
        """The layer and its output."""
        with seeded(self.weights.seed):
            module = self._made()
        with seeded(self.weights.seed), torch.no_grad():
            return module, module(self.x)

    def _made(self) -> nn.Module:
        module = make_layer(self.kind.name, self.in_shape, self.options).train(self.training)
        if isinstance(module, nn.Conv2d):
            self.weights.put_into(module)
        return module

    def _prepare(self, module: nn.Module) -> list[str]:
        """Lines of Python that make a new ``layer`` this one."""
        lines = self.weights.lines(module) if isinstance(module, nn.Conv2d) else []
        return lines if self.training else [*lines, "layer.eval()"]

    def _output(self) -> Input:
        """What comes out for the whole batch, as the input of another layer."""
        with seeded(self.weights.seed):
            module = self._made()
            with torch.no_grad():
                batch = module(self.source.batch)
        source = layer_code(self.kind.name, self.in_shape, self.options)
        prepare = "".join(f"{line}\n" for line in self._prepare(module))
        lines = f"torch.manual_seed({self.weights.seed})\nlayer = {source.module}\n{prepare}"
        return Input(batch, False, f"{self.source.code}\n{lines}batch = layer(batch).detach()")

    def _code(self, module: nn.Module) -> str:
        """A script that makes the same input and the same layer, and compares module and function."""
        taken = "batch" if self.kind.family == "normalisation" else "batch[:1]"
        x = f"import nnlab\n\n{self.source.code}\nx = {taken}{'.flatten(1)' if self.is_flat else ''}"
        source = layer_code(self.kind.name, self.in_shape, self.options)
        return source.script(x, self.weights.seed, "\n".join(self._prepare(module)))


def _offer_undo(edits: dict[Cell, float]) -> None:
    if edits:
        st.button(
            _("Undo what was typed into kernels ({count})", count=len(edits)), icon=":material/undo:",
            key="layers-undo", on_click=edits.clear,
        )  # fmt: skip


def _compare_with_linear(conv: nn.Conv2d, in_shape: tuple[int, ...], out: tuple[int, ...]) -> None:
    """Why not a linear layer."""
    own, linear = parameters(conv), dense_weights(in_shape, out, bias=conv.bias is not None)
    st.markdown(
        _(
            "This convolution has **{own:,}** parameters. A `Linear` layer from the same {input:,} inputs to "
            "the same {output:,} outputs would have **{linear:,}**: {times:,.0f} times as many.",
            own=own, input=math.prod(in_shape), output=math.prod(out), linear=linear, times=linear / own,
        )
    )  # fmt: skip


def _times(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
