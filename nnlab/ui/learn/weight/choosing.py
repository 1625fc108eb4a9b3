"""Which network, which of its convolutions, which batch, which weight."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache

import streamlit as st
from torch import Tensor, nn

from nnlab.data import load_dataset
from nnlab.drawing.shipped import shipped_model
from nnlab.lessons.weight import Pass, Place, convolutions, go_through
from nnlab.nets.presets import preset
from nnlab.training.batches import normalise
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, mark

LINKED = Linked("weight")
_DATA = "strokes"
_NETWORKS = {"lenet": mark("lenet, random"), "net": mark("net, random"), "shipped": mark("trained on digits")}
_MOST, _USUAL = 16, 8  # images
_LAST_SEED = 999
_AXES = ("out", "in", "row", "column")


@dataclass(frozen=True)
class Chosen:
    """What the link says.

    Attributes:
        place: of the weight in its convolution.
    """

    network: str
    seed: int
    layer: str
    start: int
    count: int
    place: Place

    def model(self) -> nn.Sequential:
        """The network, made anew; it may be changed."""
        return _model(self.network, self.seed)

    def shared(self) -> nn.Sequential:
        """The network that all sessions have; it is only read."""
        return _made(self.network, self.seed)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Images (N, 1, 28, 28), normalised as the network wants them, and labels."""
        return _batch(self.network, self.start, self.count)

    def seen(self) -> Pass:
        """The batch forward and back."""
        return _seen(self.network, self.seed, self.layer, self.start, self.count)

    @property
    def weight(self) -> str:
        """What the weight is called."""
        return f"{self.layer}.weight[{', '.join(map(str, self.place))}]"

    @property
    def lines(self) -> list[str]:
        """Lines of Python that make ``model``, ``x``, ``labels`` and ``conv``."""
        if self.network == "shipped":
            made = ["from copy import deepcopy", "from nnlab.drawing import shipped_model", "",
                    "model = deepcopy(shipped_model())"]  # fmt: skip
            mean, std = "model.info.mean", "model.info.std"
        else:
            made = ["", f"model = nnlab.preset({self.network!r}).build(in_shape=(1, 28, 28), classes=10, "
                    f"seed={self.seed})"]  # fmt: skip
            mean, std = "data.mean", "data.std"
        stop = self.start + self.count
        return [
            "import torch",
            "import torch.nn.functional as F",
            "import nnlab",
            *made,
            f"data = nnlab.load_dataset({_DATA!r})",
            f"images, labels = data.test.images[{self.start}:{stop}], data.test.labels[{self.start}:{stop}]",
            f"x = (images / 255 - torch.tensor({mean})) / torch.tensor({std})",
            f"conv = model.{self.layer}",
        ]


def choose() -> Chosen:
    """Draw the strip of controls."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="weight-strip"):
        network = _choice(_("Network"), "net", {name: _(title) for name, title in _NETWORKS.items()}, 190,
                          also=("layer", "seed", *_AXES))  # fmt: skip
        seed = 0 if network == "shipped" else _whole(_("Seed"), "seed", 0, 0, _LAST_SEED)
        names = convolutions(_made(network, seed))
        layer = _choice(_("Convolution"), "layer", {name: name for name in names}, 120, also=_AXES)
        last = len(load_dataset(_DATA).test) - _MOST
        start = _whole(_("First image (0 to {last})", last=f"{last:,}"), "start", 0, 0, last, 190)
        count = _whole(_("Images"), "images", _USUAL, 1, _MOST, also=("image",))
    shape = _seen(network, seed, layer, start, count).weight.shape
    usual = (0, 0, shape[2] // 2, shape[3] // 2)
    place = [
        LINKED.number(name, middle, low=0, high=size - 1)
        for name, middle, size in zip(_AXES, usual, shape, strict=True)
    ]
    return Chosen(network, seed, layer, start, count, (place[0], place[1], place[2], place[3]))


def note_place(chosen: Chosen, place: Place) -> None:
    """Make `place` the one that the link says."""
    height, width = chosen.seen().weight.shape[2:]
    for name, number, usual in zip(_AXES, place, (0, 0, height // 2, width // 2), strict=True):
        LINKED.choose(name, number, usual)


def place_boxes(chosen: Chosen) -> None:
    """The place as four boxes, for parts where there is no kernel to click."""
    shape = chosen.seen().weight.shape
    titles = (_("Output channel"), _("Input channel"), _("Row"), _("Column"))
    with st.container(horizontal=True, key="weight-place"):
        for name, title, number, size, usual in zip(
            _AXES, titles, chosen.place, shape, (0, 0, shape[2] // 2, shape[3] // 2), strict=True
        ):
            st.number_input(title, 0, size - 1, **LINKED.held(name, number), width=140,
                            on_change=LINKED.note, args=(name, usual))  # fmt: skip


def _choice(label: str, name: str, titles: dict[str, str], width: int, also: tuple[str, ...]) -> str:
    usual = next(iter(titles))
    value = LINKED.choice(name, list(titles), usual)
    st.selectbox(
        label, list(titles), **LINKED.held(name, value, {"index": list(titles).index(value)}), width=width,
        format_func=titles.__getitem__, on_change=_note_and_clear, args=(name, usual, also),
    )  # fmt: skip
    return value


def _note_and_clear(name: str, usual: str | int, also: tuple[str, ...]) -> None:
    LINKED.note(name, usual)
    for other in also:
        LINKED.choose(other, "", "")


def _whole(
    label: str, name: str, usual: int, low: int, high: int, width: int = 130, also: tuple[str, ...] = ()
) -> int:
    value = LINKED.number(name, usual, low=low, high=high)
    st.number_input(
        label, low, high, **LINKED.held(name, value), width=width, on_change=_note_and_clear,
        args=(name, usual, also),
    )  # fmt: skip
    return value


def _model(network: str, seed: int) -> nn.Sequential:
    return copy.deepcopy(_made(network, seed))


@lru_cache(maxsize=8)
def _made(network: str, seed: int) -> nn.Sequential:
    if network == "shipped":
        return shipped_model()
    made = preset(network).build(in_shape=(1, 28, 28), classes=10, seed=seed)
    assert isinstance(made, nn.Sequential)
    return made


def _batch(network: str, start: int, count: int) -> tuple[Tensor, Tensor]:
    data = load_dataset(_DATA)
    info = shipped_model().info if network == "shipped" else data
    images = normalise(data.test.images[start : start + count], info.mean, info.std)
    return images, data.test.labels[start : start + count]


@lru_cache(maxsize=16)  # of a few MB each at most
def _seen(network: str, seed: int, layer: str, start: int, count: int) -> Pass:
    return go_through(_model(network, seed), layer, *_batch(network, start, count))
