"""The controls: which dataset, which of its images, how many of them. The URL holds the choice."""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from nnlab.data import DatasetInfo, dataset_info, is_present
from nnlab.ui.hold import hold
from nnlab.ui.owned import dataset_title, listed_datasets
from nnlab.ui.text import _, mark
from nnlab.ui.url import query_choice, query_number, set_query

SPLITS = {"train": mark("Training"), "test": mark("Test")}
_ORDERS = {"random": mark("At random"), "range": mark("In order")}
_EVERY = "all"
_GRIDS = range(3, 17)
_LAST_SEED = 9999
_MOST, _LAST = _GRIDS[-1] ** 2, 999_999  # images in a range, and where one may begin

# A segmented control is lower than its neighbours; their labels should stand on one line.
_STYLE = """<style>
.st-key-datasets-strip [data-testid="stButtonGroup"] button { min-height: 2.5rem; }
/* Room for what the browser paints when it has come, so that nothing below it moves. */
@media (min-width: 640px) {
  .st-key-datasets-grid-room { min-height: 37rem; }
  .st-key-datasets-large { min-height: 24rem; }
}
@media (min-width: 1100px) { .st-key-datasets-way { min-height: 38rem; } }
@media (max-width: 639px) { .st-key-datasets-choice > :last-child { flex: 1 0 100%; } }
</style>"""


@dataclass(frozen=True)
class View:
    """What the page shows: some of a split's images, of one class or (None) of all.

    Either `side` x `side` of them at random, by `seed`, or, where `span` is given as (first, count), those in
    order from number `first` on.
    """

    info: DatasetInfo
    split: str
    only: int | None
    side: int
    seed: int
    span: tuple[int, int] | None = None

    @property
    def columns(self) -> int:
        """Of the grid."""
        return self.side if self.span is None else math.isqrt(self.span[1] - 1) + 1


def dataset_choice() -> tuple[DatasetInfo, DeltaGenerator]:
    """Draw the list of datasets; the chosen one, and the place beside the list."""
    names = listed_datasets()
    info = dataset_info(query_choice("dataset", names, names[0]))
    st.html(_STYLE)
    with st.container(horizontal=True, key="datasets-choice"):
        _dataset(info.name, {name: is_present(name) for name in names})
        return info, st.container(width="stretch")


def view(info: DatasetInfo) -> View:
    """What the URL says of `info`; what is wrong in it is told on the page."""
    split = query_choice("split", list(SPLITS), "train")
    only = query_choice("class", [_EVERY, *(str(index) for index in range(len(info.classes)))], _EVERY)
    order = query_choice("order", list(_ORDERS), "random")
    side = query_number("grid", 3, low=_GRIDS[0], high=_GRIDS[-1])
    seed = query_number("seed", 0, low=0, high=_LAST_SEED)
    first = query_number("from", 0, low=0, high=_LAST)
    count = query_number("count", 9, low=1, high=_MOST)
    span = (first, count) if order == "range" else None
    return View(info, split, None if only == _EVERY else int(only), side, seed, span)


def _dataset(chosen: str, present: dict[str, bool]) -> None:
    def label(name: str) -> str:
        title = dataset_title(name)
        return title if present[name] else _("{title} (to download)", title=title)

    st.selectbox(
        _("Dataset"),
        list(present),
        format_func=label,
        key=_bound("dataset", chosen),
        on_change=_dataset_chosen,
        width=170,
    )


def _dataset_chosen() -> None:
    set_query("class", None)  # it means something else in another dataset
    if st.query_params.get("detail") == "channels":  # not every dataset has them
        set_query("detail", None)
    _write("dataset")


def sampling_strip(shown: View) -> None:
    """The controls that say which images of the dataset are shown."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="datasets-strip"):
        _which(shown)


def _which(shown: View) -> None:
    classes = shown.info.classes
    st.segmented_control(
        _("Split"),
        list(SPLITS),
        required=True,
        format_func=lambda name: _(SPLITS[name]),
        **hold("datasets-split", shown.split, {"default": shown.split}),
        on_change=_write,
        args=("split",),
    )
    st.selectbox(
        _("Class"),
        [_EVERY, *(str(index) for index in range(len(classes)))],
        format_func=lambda choice: _("All classes") if choice == _EVERY else classes[int(choice)],
        key=_bound("class", _EVERY if shown.only is None else str(shown.only)),
        on_change=_write,
        args=("class",),
        width=145,
    )
    order = "random" if shown.span is None else "range"
    st.selectbox(
        _("Order"),
        list(_ORDERS),
        format_func=lambda name: _(_ORDERS[name]),
        **hold("datasets-order", order, {"index": list(_ORDERS).index(order)}),
        on_change=_write,
        args=("order",),
        width=140,
    )
    if shown.span is None:
        _at_random(shown)
    else:
        _in_order(*shown.span)


def _at_random(shown: View) -> None:
    st.selectbox(
        _("Grid"),
        _GRIDS,
        format_func=lambda side: f"{side} × {side}",
        **hold("datasets-grid", shown.side, {"index": _GRIDS.index(shown.side)}),
        on_change=_write,
        args=("grid",),
        width=110,
    )
    st.number_input(
        _("Seed"),
        0,
        _LAST_SEED,
        **hold("datasets-seed", shown.seed),
        on_change=_write,
        args=("seed",),
        width=140,
        help=_("The same seed always draws the same images."),
    )
    st.button(
        _("Shuffle"), icon=":material/shuffle:", key="datasets-shuffle", on_click=_shuffle, args=(shown.seed,)
    )


def _in_order(first: int, count: int) -> None:
    st.number_input(
        _("From"), 0, _LAST, **hold("datasets-from", first), on_change=_write, args=("from",), width=150
    )
    st.number_input(
        _("Count"), 1, _MOST, **hold("datasets-count", count), on_change=_write, args=("count",), width=130
    )
    for sign, told, step in (("←", _("The images before"), -count), ("→", _("The images after"), count)):
        st.button(
            sign,
            help=told,
            key=f"datasets-{'next' if step > 0 else 'previous'}",
            on_click=_step,
            args=(max(0, min(_LAST, first + step)),),
            disabled=step < 0 and first == 0,
        )


def _shuffle(seed: int) -> None:
    set_query("sample", None)
    set_query("seed", (seed + 1) % (_LAST_SEED + 1))


def _step(first: int) -> None:
    set_query("sample", None)
    set_query("from", first)


def _bound(name: str, value: str | int) -> str:
    """The key of a choice that shows what the URL says: its titles are those of the dataset."""
    st.session_state[f"datasets-{name}"] = value
    return f"datasets-{name}"


def _write(name: str) -> None:
    set_query("sample", None)  # another grid: what was chosen in the last one need not be in it
    set_query(name, st.session_state[f"datasets-{name}"])
