"""The strip of settings that all steps share, and the programs that run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from nnlab.data import is_present
from nnlab.lessons.ladder import Outcome, Sameness, Settings
from nnlab.lessons.ladder.running import from_json
from nnlab.lessons.ladder.steps import DATASETS
from nnlab.program import Programs
from nnlab.ui.learn.watching import watch
from nnlab.ui.linked import Linked
from nnlab.ui.owned import dataset_title
from nnlab.ui.text import _

LINKED = Linked("scratch")
_USUAL = Settings()
_RATES = ("0.001", "0.01", "0.1", "0.5", "1", "2", "5", "20")
_SIZES = ("16", "64", "256", "1024")
_LAST_SEED = 9999
_PROGRAMS = Programs(at_once=1)


def settings() -> Settings:
    """What the strip says."""
    datasets = [name for name in DATASETS if is_present(name)]
    rate, size = f"{_USUAL.learning_rate:g}", str(_USUAL.batch_size)
    found = Settings(
        LINKED.choice("dataset", datasets, _USUAL.dataset),
        float(LINKED.choice("lr", _RATES, rate)),
        int(LINKED.choice("batch_size", _SIZES, size)),
        LINKED.number("epochs", _USUAL.epochs, low=1, high=3),
        LINKED.number("seed", _USUAL.seed, low=0, high=_LAST_SEED),
    )
    titles = {name: dataset_title(name) for name in datasets}
    with st.container(horizontal=True, vertical_alignment="bottom", key="scratch-settings"):
        st.selectbox(
            _("Dataset"), datasets, key=LINKED.bound("dataset", found.dataset), width=200,
            format_func=titles.__getitem__, on_change=LINKED.note, args=("dataset", _USUAL.dataset),
        )  # fmt: skip
        st.select_slider(
            _("Learning rate"), _RATES, **LINKED.held("lr", f"{found.learning_rate:g}"), width=200,
            on_change=LINKED.note, args=("lr", rate),
        )  # fmt: skip
        st.selectbox(
            _("Batch size"), _SIZES, key=LINKED.bound("batch_size", str(found.batch_size)), width=120,
            on_change=LINKED.note, args=("batch_size", size),
        )  # fmt: skip
        st.number_input(
            _("Epochs"), 1, 3, **LINKED.held("epochs", found.epochs), width=130,
            on_change=LINKED.note, args=("epochs", _USUAL.epochs),
        )  # fmt: skip
        st.number_input(
            _("Seed"), 0, _LAST_SEED, **LINKED.held("seed", found.seed), width=140,
            on_change=LINKED.note, args=("seed", _USUAL.seed),
        )  # fmt: skip
    return found


def run(
    asked: Settings,
    bug: str | None,
    show: Callable[[dict[str, Outcome], dict[str, Sameness]], None],
    expected: int,
) -> None:
    """Run the steps, or the step of `bug` with and without it, and `show` what there is, as it grows."""

    def sorted_(lines: Sequence[Any]) -> None:
        found = [from_json(line) for line in lines]
        show(
            {one.name: one for one in found if isinstance(one, Outcome)},
            {one.name: one for one in found if isinstance(one, Sameness)},
        )

    arguments = [
        "--dataset", asked.dataset, "--learning-rate", str(asked.learning_rate),
        "--batch-size", str(asked.batch_size), "--epochs", str(asked.epochs), "--seed", str(asked.seed),
        *(["--bug", bug] if bug else []),
    ]  # fmt: skip
    watch(_PROGRAMS, (asked, bug), arguments, "nnlab.lessons.ladder", expected, sorted_, "scratch")
