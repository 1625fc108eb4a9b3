"""What the part "Batches" shows: the arguments of the loader, and which samples of the dataset it loads."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from nnlab.data.loaders import SAMPLERS, Loading
from nnlab.ui.datasets.linked import LINKED
from nnlab.ui.text import _, mark

TITLES = {"sequential": mark("In order"), "random": mark("Random"), "weighted": mark("Weighted")}
_COUNTS = ("100", "1000", "all")
_USUAL = Loading()
_MOST, _LAST_SEED, _WORKERS = 1024, 9999, 4
_SHUFFLE = "datasets-shuffle-too"

_STYLE = """<style>
.st-key-batches-strip, .st-key-batches-samples { gap: 0.75rem 1.25rem; }
.st-key-batches-strip .stCheckbox, .st-key-batches-samples .stCheckbox { min-height: 2.5rem;
  justify-content: center; }
.st-key-batches-strip [data-testid="stButtonGroup"] button { min-height: 2.5rem; }
</style>"""


@dataclass(frozen=True)
class Selection:
    """Which samples of a split are loaded: `count` of them evenly spread, or (None) all. `uneven` ones lack
    nine in ten of every second class."""

    count: int | None
    uneven: bool

    def places(self, labels: Tensor, classes: int) -> Tensor:
        """Where the samples (n,) lie among all, whose labels are (N,)."""
        kept = torch.arange(len(labels))
        if self.uneven:
            of_class = [(labels == c).nonzero().flatten()[:: 10 if c % 2 else 1] for c in range(classes)]
            kept = torch.cat(of_class).sort().values
        if self.count is not None and self.count < len(kept):
            kept = kept[torch.arange(self.count) * len(kept) // self.count]
        return kept

    def code(self, classes: int, found: int) -> str:
        """The lines that narrow `dataset` and `labels` to the same samples; `found` is how many they are."""
        lines = ["kept = torch.arange(len(labels))"]
        if self.uneven:
            lines = [
                "# Of every second class only one sample in ten is kept.",
                "of_class = [(labels == c).nonzero().flatten()[:: 10 if c % 2 else 1]"
                f" for c in range({classes})]",
                "kept = torch.cat(of_class).sort().values",
            ]
        if self.count is not None:
            lines.append(f"kept = kept[torch.arange({found}) * len(kept) // {found}]  # evenly spread")
        if self == Selection(None, False):
            return ""
        return "\n".join([*lines, "dataset, labels = Subset(dataset, kept.tolist()), labels[kept]"])


def current_loading() -> Loading:
    """The loader that is described on the page, or was when it was last open."""
    return Loading(
        batch_size=LINKED.number("batch_size", _USUAL.batch_size, low=1, high=_MOST),
        sampler=LINKED.choice("sampler", SAMPLERS, _USUAL.sampler),
        drop_last=LINKED.toggle("drop_last", _USUAL.drop_last),
        seed=LINKED.number("loader_seed", _USUAL.seed, low=0, high=_LAST_SEED),
        workers=LINKED.number("workers", _USUAL.workers, low=0, high=_WORKERS),
    )


def loader_strip() -> tuple[Loading, bool]:
    """Draw the loader's arguments; they, and whether ``shuffle=True`` is asked for besides a sampler."""
    loading = current_loading()
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom", key="batches-strip"):
        st.number_input(
            "batch_size", 1, _MOST, **LINKED.held("batch_size", loading.batch_size), on_change=LINKED.note,
            args=("batch_size", _USUAL.batch_size), width=130,
        )  # fmt: skip
        st.segmented_control(
            _("Order"), SAMPLERS, required=True, format_func=lambda name: _(TITLES[name]),
            **LINKED.held("sampler", loading.sampler, {"default": loading.sampler}),
            on_change=LINKED.note, args=("sampler", _USUAL.sampler),
            help=_("In order: as the samples lie. Random: shuffle=True, each once an epoch. Weighted: drawn "
                   "with replacement by WeightedRandomSampler, every class equally often."),
        )  # fmt: skip
        both = loading.sampler == "weighted" and st.toggle("shuffle=True", key=_SHUFFLE)
        st.toggle(
            "drop_last",
            **LINKED.held("drop_last", loading.drop_last),
            on_change=LINKED.note,
            args=("drop_last", False),
        )
        st.number_input(
            _("Seed"), 0, _LAST_SEED, **LINKED.held("loader_seed", loading.seed), on_change=LINKED.note,
            args=("loader_seed", 0), width=120, disabled=loading.sampler == "sequential",
        )  # fmt: skip
        st.number_input(
            "num_workers", 0, _WORKERS, **LINKED.held("workers", loading.workers), on_change=LINKED.note,
            args=("workers", 0), width=130,
            help=_("Processes that load the samples. The order stays the same; what they cost and gain is "
                   "measured below."),
        )  # fmt: skip
    return loading, both


def samples_strip() -> Selection:
    """Draw the choice of samples."""
    count = LINKED.choice("samples", _COUNTS, _COUNTS[0])
    uneven = LINKED.toggle("uneven", False)
    st.selectbox(
        _("Samples"), _COUNTS, **LINKED.held("samples", count, {"index": _COUNTS.index(count)}),
        on_change=LINKED.note, args=("samples", _COUNTS[0]),
        format_func=lambda name: _("All") if name == "all" else f"{int(name):,}", width=110,
    )  # fmt: skip
    st.toggle(
        _("Misbalanced"), **LINKED.held("uneven", uneven), on_change=LINKED.note, args=("uneven", False),
        help=_("Keeps only one image in ten of every second class."),
    )  # fmt: skip
    return Selection(None if count == "all" else int(count), uneven)
