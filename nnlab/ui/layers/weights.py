"""Where a convolution's weights come from: random, hand-made or learned, and what was typed over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
import torch
from torch import Tensor, nn

from nnlab.drawing import shipped_model
from nnlab.errors import LabError, RunError
from nnlab.lens import KERNELS
from nnlab.nets.spec import Chain
from nnlab.training.weights import TrainedModel
from nnlab.ui.layers.linked import choice, whole
from nnlab.ui.layers.typed import as_number
from nnlab.ui.owned import short_title
from nnlab.ui.store import run_store
from nnlab.ui.text import _, mark, say
from nnlab.ui.url import as_code, set_query

_EDITS = "layers-edits"
_MOST_RUNS = 20
_LAST_SEED = 9999
_CHOICES = {"random": mark("Random"), "classic": mark("Classic, made by hand")}
SHIPPED = "shipped"
CELLS = "cells"  # how the URL calls what was typed into kernels

Cell = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of a convolution.

    Attributes:
        name: what the URL calls them.
        seed: of random ones, and of whatever else a layer draws.
        weight: (O, I, h, w), or None for torch's own random ones.
        bias: (O,) or None.
        options: those of the layer that follow from them.
        names: of the output channels, where they have any.
        code: lines that put them into ``layer``.
    """

    name: str
    seed: int
    weight: Tensor | None = None
    bias: Tensor | None = None
    options: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] | None = None
    code: str = ""

    def put_into(self, conv: nn.Conv2d) -> None:
        """Give `conv` these weights and what has been typed over them."""
        with torch.no_grad():
            if self.weight is not None:
                conv.weight.copy_(self.weight)
                if conv.bias is not None and self.bias is not None:
                    conv.bias.copy_(self.bias)
            for place, value in self.edits(conv).items():
                conv.weight[place] = value

    def edits(self, conv: nn.Conv2d) -> dict[Cell, float]:
        """What has been typed over the weights of this shape, by place."""
        shape = tuple(conv.weight.shape)
        key = self.name, self.seed, shape
        if _EDITS not in st.session_state:  # of a page that was just opened, its address tells
            st.session_state[_EDITS] = {key: _linked_edits(shape)}
        edits: dict[Cell, float] = st.session_state[_EDITS].setdefault(key, {})
        return edits

    def lines(self, conv: nn.Conv2d) -> list[str]:
        """Python that does the same to ``layer``."""
        edits = [f"layer.weight.data[{place}] = {value!r}" for place, value in self.edits(conv).items()]
        return [*([self.code] if self.code else []), *edits]

    def editor(self, conv: nn.Conv2d) -> Callable[[Cell, float], None]:
        """What is called when somebody types into a cell."""
        edits = self.edits(conv)

        def edit(place: Cell, value: float) -> None:
            edits[place] = value

        return edit


def link_edits(edits: dict[Cell, float]) -> None:
    """Put what has been typed into the URL: out.in.row.column:number, with commas between."""
    told = (f"{'.'.join(map(str, place))}:{value!r}" for place, value in edits.items())
    set_query(CELLS, ",".join(told) or None)


def _linked_edits(shape: tuple[int, ...]) -> dict[Cell, float]:
    """The inverse of `link_edits`; what is no place or no number of such weights gets a sentence."""
    edits: dict[Cell, float] = {}
    for part in filter(None, st.query_params.get(CELLS, "").split(",")):
        place, _colon, number = part.partition(":")
        at = tuple(int(axis) if axis.isdecimal() and len(axis) < 9 else -1 for axis in place.split("."))
        value = as_number(number)
        if value is not None and len(at) == 4 and all(-1 < i < n for i, n in zip(at, shape, strict=True)):
            edits[at] = value
        else:
            told = _("`{part}` in the address of this page is no number of these kernels; it is left out.",
                     part=as_code(part))  # fmt: skip
            st.warning(told, icon=":material/link_off:")
    return edits


def choose_weights(channels: int) -> Weights | None:
    """Draw the choice of weights for an input of so many channels; None, with a sentence, where they fail."""
    runs = trained_runs("conv2d")
    names = [*_CHOICES, SHIPPED, *runs]
    titles = {
        **{name: _(title) for name, title in _CHOICES.items()},
        SHIPPED: _("The shipped network"),
        **runs,
    }
    name = choice(_("Weights"), "weights", names, "random", shown=lambda which: titles[which], width=205)
    seed = whole(_("Seed"), "seed", 0, 0, _LAST_SEED, width=100) if name == "random" else 0
    if name == "random":
        return Weights(name, seed)
    if name == "classic":
        return _classic(channels)
    try:
        return _learned(name)
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return None


def _classic(channels: int) -> Weights:
    """One output channel for each hand-made kernel of 3 x 3; several input channels are averaged."""
    kernels = [kernel for kernel in KERNELS.values() if kernel.weight.shape == (3, 3)]
    weight = torch.cat([kernel.over(channels) for kernel in kernels])
    options = {"out_channels": len(kernels), "kernel_size": 3, "bias": False, "groups": 1}
    code = (
        "from nnlab.lens import KERNELS\n"
        "kernels = [kernel for kernel in KERNELS.values() if kernel.weight.shape == (3, 3)]\n"
        f"layer.weight.data = torch.cat([kernel.over({channels}) for kernel in kernels])"
    )
    titles = tuple(say(kernel.title) for kernel in kernels)
    return Weights("classic", 0, weight, None, options, titles, code)


def _learned(name: str) -> Weights:
    """The first convolution of a trained network."""
    model = learned_model(name)
    found = next((layer for layer in model.modules() if isinstance(layer, nn.Conv2d)), None)
    if found is None:
        raise RunError("The network of run {run} has no convolution.", run=name)
    options = {
        "out_channels": found.out_channels, "kernel_size": found.kernel_size, "groups": found.groups,
        "bias": found.bias is not None,
    }  # fmt: skip
    bias = None if found.bias is None else found.bias.detach()
    code = (
        f"{learned_code(name)}\n"
        "first = next(m for m in model.modules() if isinstance(m, nn.Conv2d))\n"
        "layer.load_state_dict(first.state_dict())"
    )
    return Weights(name, 0, found.weight.detach(), bias, options, None, code)


def learned_model(name: str) -> TrainedModel:
    """The network of that run, or the one that comes with the lab. Raises `RunError` as `RunStore.open`."""
    if name == SHIPPED:
        return shipped_model()
    return run_store().open(name).load_model()


def learned_code(name: str) -> str:
    """The line that loads the same."""
    if name == SHIPPED:
        return "model = nnlab.shipped_model()"
    return f"model = nnlab.RunStore().open({name!r}).load_model()"


def trained_runs(kind: str | None = None) -> dict[str, str]:
    """Runs with weights, newest first, by id: what to call them. With `kind`, those with such a layer."""
    found: dict[str, str] = {}
    for run in run_store().runs():
        try:
            spec = run.spec
        except LabError:
            continue  # a damaged run is shown on the Train page, with what is wrong with it
        if (kind is None or kind in _kinds(spec.architecture.layers)) and run.snapshots():
            found[run.id] = f"{spec.architecture.name} · {short_title(spec.dataset)} · {run.id[-4:]}"
        if len(found) == _MOST_RUNS:
            break
    return found


def _kinds(layers: Chain) -> set[str]:
    """Of all of them, those in branches too."""
    inside = (_kinds(branch) for layer in layers for branch in layer.branches)
    return {layer.kind for layer in layers}.union(*inside)
