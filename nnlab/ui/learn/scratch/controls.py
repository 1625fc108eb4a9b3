"""The strip of settings that all steps share, and the programs that run them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from nnlab.data import is_present
from nnlab.lessons.ladder import Outcome, Sameness, Settings
from nnlab.lessons.ladder.running import from_json
from nnlab.paths import data_root
from nnlab.program import Program, Programs
from nnlab.ui.linked import Linked
from nnlab.ui.owned import dataset_title
from nnlab.ui.text import _, say

LINKED = Linked("scratch")
_USUAL = Settings()
_DATASETS = ("strokes", "mnist", "fashion_mnist", "kmnist")  # ten classes, 28 x 28, one channel
_RATES = ("0.001", "0.01", "0.1", "0.5", "1", "2", "5", "20")
_SIZES = ("16", "64", "256", "1024")
_LAST_SEED = 9999
_LOOK_EVERY = 0.4  # seconds
_PROGRAMS = Programs(at_once=1)


def settings() -> Settings:
    """What the strip says."""
    datasets = [name for name in _DATASETS if is_present(name)]
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
            _("Learning rate"), _RATES, key=LINKED.bound("lr", f"{found.learning_rate:g}"), width=200,
            on_change=LINKED.note, args=("lr", rate),
        )  # fmt: skip
        st.selectbox(
            _("Batch size"), _SIZES, key=LINKED.bound("batch_size", str(found.batch_size)), width=120,
            on_change=LINKED.note, args=("batch_size", size),
        )  # fmt: skip
        st.number_input(
            _("Epochs"), 1, 3, key=LINKED.bound("epochs", found.epochs), width=130,
            on_change=LINKED.note, args=("epochs", _USUAL.epochs),
        )  # fmt: skip
        st.number_input(
            _("Seed"), 0, _LAST_SEED, key=LINKED.bound("seed", found.seed), width=140,
            on_change=LINKED.note, args=("seed", _USUAL.seed),
        )  # fmt: skip
    return found


def watch(
    asked: Settings,
    bug: str | None,
    show: Callable[[dict[str, Outcome], dict[str, Sameness]], None],
    expected: int,
) -> None:
    """Run the steps, or the step of `bug` with and without it, and `show` what there is, as it grows.

    Args:
        expected: how many lines there will be, for the bar.
    """
    program = _started(asked, bug)
    st.fragment(_watch, run_every=_LOOK_EVERY if program.running else None)(
        program, program.running, asked, bug, show, expected
    )


def _watch(
    program: Program,
    going: bool,
    asked: Settings,
    bug: str | None,
    show: Callable[[dict[str, Outcome], dict[str, Sameness]], None],
    expected: int,
) -> None:
    lines, running = program.lines, program.running
    if going and not running:
        st.rerun()  # the whole page: nothing is left to look for
    found = [from_json(line) for line in lines]
    if running:
        with st.container(horizontal=True, vertical_alignment="center", key="scratch-progress"):
            told = _("Others are running theirs; yours comes next.") if program.waiting else _("Training …")
            st.progress(min(1.0, len(found) / expected), told, width="stretch")
            st.button(_("Stop"), icon=":material/stop:", key="scratch-stop", on_click=program.stop)
    elif program.problem is not None or program.stopped:
        with st.container(horizontal=True, vertical_alignment="center", key="scratch-again"):
            if program.problem is not None:
                st.error(say(program.problem), icon=":material/error:")
            st.button(
                _("Run"), icon=":material/play_arrow:", key="scratch-run",
                on_click=_run_again, args=(asked, bug),
            )  # fmt: skip
    show(
        {one.name: one for one in found if isinstance(one, Outcome)},
        {one.name: one for one in found if isinstance(one, Sameness)},
    )


def _started(asked: Settings, bug: str | None) -> Program:
    return _PROGRAMS.known((asked, bug)) or _again(asked, bug)


def _run_again(asked: Settings, bug: str | None) -> None:
    _again(asked, bug)


def _again(asked: Settings, bug: str | None) -> Program:
    arguments = [
        "--dataset", asked.dataset, "--learning-rate", str(asked.learning_rate),
        "--batch-size", str(asked.batch_size), "--epochs", str(asked.epochs), "--seed", str(asked.seed),
        *(["--bug", bug] if bug else []),
    ]  # fmt: skip
    return _PROGRAMS.start(
        (asked, bug), arguments, "nnlab.lessons.ladder", NNLAB_DATA=str(data_root().expanduser().resolve())
    )
