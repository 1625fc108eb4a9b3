"""The strip of controls: which dataset, which of its images, how many of them. The URL holds the choice."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from nnlab.data import DatasetInfo, dataset_info, dataset_names, is_present
from nnlab.ui.text import _, mark
from nnlab.ui.url import query_choice, query_number, set_query

SPLITS = {"train": mark("Training"), "test": mark("Test")}
_EVERY = "all"
_GRIDS = range(3, 17)
_LAST_SEED = 9999

# A segmented control is lower than its neighbours; their labels should stand on one line.
_STYLE = """<style>
.st-key-datasets-strip [data-testid="stButtonGroup"] button { min-height: 2.5rem; }
</style>"""


@dataclass(frozen=True)
class View:
    """What the page shows: a random grid of a split's images, of one class or (None) of all."""

    info: DatasetInfo
    split: str
    only: int | None
    side: int
    seed: int


def view() -> View:
    """Draw the strip and return what is chosen in it."""
    names = dataset_names()
    # All of the URL is read before anything is drawn: what is wrong in it is said above the strip.
    info = dataset_info(query_choice("dataset", names, names[0]))
    split = query_choice("split", list(SPLITS), "train")
    only = query_choice("class", [_EVERY, *(str(index) for index in range(len(info.classes)))], _EVERY)
    side = query_number("grid", 8, low=_GRIDS[0], high=_GRIDS[-1])
    seed = query_number("seed", 0, low=0, high=_LAST_SEED)
    shown = View(info, split, None if only == _EVERY else int(only), side, seed)
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom", key="datasets-strip"):
        present = {name: is_present(name) for name in names}
        _dataset(shown, present)
        if present[info.name]:
            _which(shown)
    return shown


def _dataset(shown: View, present: dict[str, bool]) -> None:
    def label(name: str) -> str:
        title = dataset_info(name).title
        return title if present[name] else _("{title} (to download)", title=title)

    st.selectbox(
        _("Dataset"),
        list(present),
        format_func=label,
        key=_bound("dataset", shown.info.name),
        on_change=_dataset_chosen,
        width=255,
    )


def _dataset_chosen() -> None:
    set_query("class", None)  # it means something else in another dataset
    _write("dataset")


def _which(shown: View) -> None:
    """The controls that say which images of the dataset are shown."""
    classes = shown.info.classes
    st.segmented_control(
        _("Split"),
        list(SPLITS),
        required=True,
        format_func=lambda name: _(SPLITS[name]),
        key=_bound("split", shown.split),
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
    st.selectbox(
        _("Grid"),
        _GRIDS,
        format_func=lambda side: f"{side} × {side}",
        key=_bound("grid", shown.side),
        on_change=_write,
        args=("grid",),
        width=112,
    )
    st.number_input(
        _("Seed"),
        0,
        _LAST_SEED,
        key=_bound("seed", shown.seed),
        on_change=_write,
        args=("seed",),
        width=130,
        help=_("The same seed always draws the same images."),
    )
    st.button(
        _("Shuffle"), icon=":material/shuffle:", key="datasets-shuffle", on_click=_shuffle, args=(shown.seed,)
    )


def _shuffle(seed: int) -> None:
    set_query("sample", None)
    set_query("seed", (seed + 1) % (_LAST_SEED + 1))


def _bound(name: str, value: str | int) -> str:
    """The key of a control that shows what the URL says: the one place where the choice is kept."""
    st.session_state[f"datasets-{name}"] = value
    return f"datasets-{name}"


def _write(name: str) -> None:
    set_query("sample", None)  # another grid: what was chosen in the last one need not be in it
    set_query(name, st.session_state[f"datasets-{name}"])
