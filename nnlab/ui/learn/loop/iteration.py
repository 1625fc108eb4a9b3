"""One iteration of a training, stage by stage with its tensors; then a batch, an epoch, all of it."""

from __future__ import annotations

import streamlit as st

from nnlab.lessons.loop.iteration import (
    CODE,
    EPOCHS,
    ITERATIONS,
    LAST,
    STAGES,
    Moment,
    at,
    losses_until,
    place_after,
)
from nnlab.ui.components import Series, curves
from nnlab.ui.learn.loop.controls import LINKED
from nnlab.ui.learn.loop.stages import VIEWS
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _, mark

_GOING = "loop:going"
_EVERY = 0.6  # seconds between two epochs while it goes on by itself
_JUMPS = {
    "stage": (mark("Next stage"), ":material/arrow_forward:"),
    "batch": (mark("To the end of the batch"), ":material/fast_forward:"),
    "epoch": (mark("To the end of the epoch"), ":material/skip_next:"),
}


def show() -> None:
    going = bool(st.session_state.get(_GOING))
    st.fragment(_show, run_every=_EVERY if going else None)(going)


def _show(going: bool) -> None:
    place = LINKED.number("at", 0, low=0, high=LAST)
    if going and place < LAST and st.session_state.get(_GOING):
        place = place_after(place, "epoch")
        LINKED.choose("at", place, 0)
    if place == LAST:
        st.session_state[_GOING] = False
    if bool(st.session_state.get(_GOING)) != going:
        st.rerun()  # the whole page: from now on it goes by itself, or no more
    now = at(place)
    _buttons(place, going)
    _where(now)
    VIEWS[now.stage](now)
    _losses(now)
    code(CODE)
    question(
        "loop-iteration",
        _("Stop where the weights have changed already and the gradients are still there."),
        now.stage == "step",
        _("backward() only computes; step() is what learns. Without zero_grad() the next backward() "
          "would add to these gradients."),
    )  # fmt: skip


def _buttons(place: int, going: bool) -> None:
    with st.container(horizontal=True, key="loop-buttons"):
        for name, (label, icon) in _JUMPS.items():
            st.button(
                _(label), icon=icon, key=f"loop-{name}", disabled=place == LAST or going,
                type="primary" if name == "stage" else "secondary",
                on_click=LINKED.choose, args=("at", place_after(place, name), 0),
            )  # fmt: skip
        st.button(
            _("Stop") if going else _("Go"), icon=":material/stop:" if going else ":material/play_arrow:",
            key="loop-go", disabled=place == LAST, on_click=_go, args=(not going,),
        )  # fmt: skip
        st.button(
            _("From the beginning"), icon=":material/replay:", key="loop-begin", disabled=place == 0 or going,
            on_click=LINKED.choose, args=("at", 0, 0),
        )  # fmt: skip


def _go(going: bool) -> None:
    st.session_state[_GOING] = going


def _where(now: Moment) -> None:
    done = STAGES.index(now.stage) if now.stage else -1
    colours = ["green" if i < done else "blue" if i == done else "gray" for i in range(len(STAGES))]
    stages = " → ".join(f":{colour}-badge[{name}]" for colour, name in zip(colours, STAGES, strict=True))
    epoch, batch = divmod(now.iteration, ITERATIONS)
    told = _(
        "Epoch {epoch} of {epochs}, batch {batch} of {batches}",
        epoch=epoch + 1, epochs=EPOCHS, batch=batch + 1, batches=ITERATIONS,
    )  # fmt: skip
    st.markdown(f"{told} · {stages}")


def _losses(now: Moment) -> None:
    losses = losses_until(now.iteration + (now.stage in STAGES[2:]))
    # a line needs two points
    line = Series(
        _("Loss"), range(1, len(losses) + 1), losses, marker="circle" if len(losses) == 1 else "none"
    )
    curves(
        [line], x_label=_("Iteration"), y_label=_("Loss of the batch"), key="loop-losses", height=180,
        smoothing=0.8,
    )  # fmt: skip
