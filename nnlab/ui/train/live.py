"""A training as it goes: its numbers, its curves, its first layer, and the buttons that steer it."""

from __future__ import annotations

import streamlit as st

from nnlab.lens import first_layer_maps
from nnlab.runs import Run
from nnlab.ui.components import Series, curves, tiles
from nnlab.ui.navigation import page_link_target
from nnlab.ui.owned import can_be_drawn
from nnlab.ui.store import run_store
from nnlab.ui.text import _, mark, plain, say
from nnlab.ui.train.history import History, history
from nnlab.ui.train.shelf import STATES, title

_EVERY = 0.4  # seconds between two updates
_MOST_FILTERS = 64
_HEIGHT = 260  # of the charts: all of the loss is to be seen without scrolling

# By the part of the data that a network is measured on while it trains.
_PART = {"test": mark("test"), "validation": mark("validation")}
_PART_LOSS = {"test": mark("Test loss"), "validation": mark("Validation loss")}
_PART_ACCURACY = {"test": mark("Test accuracy"), "validation": mark("Validation accuracy")}


def live_view(runs: list[Run]) -> None:
    """The curves of `runs`, and of the first of them the rest; draws itself anew while one is going on."""
    if runs:
        going = any(not run.status.has_ended for run in runs)
        st.fragment(_view, run_every=_EVERY if going else None)(runs, going)


def _view(runs: list[Run], going: bool) -> None:
    main = runs[0]
    histories = [history(run) for run in runs]
    if going and all(run.status.has_ended for run in runs):
        st.rerun()  # the whole page: nothing is going on any more, and the table has a result
    _head(main, histories[0])
    _numbers(main, histories[0])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _losses(runs, histories)
    with right:
        _accuracies(runs, histories)
    _filters(main)
    if not going:  # a table that is rebuilt at every update costs more than all the rest
        _table(histories[0])


def _head(run: Run, told: History) -> None:
    state = run.status
    steps, done = told.started.get("steps"), len(told.steps)
    with st.container(horizontal=True, vertical_alignment="center", key="train-head"):
        st.markdown(f"**{plain(title(run))}** · {_(STATES[state.name])}", width="content")
        progress = _("Step {done:,} of {steps:,}", done=done, steps=steps) if steps else _("No step yet")
        st.progress(min(1.0, done / steps) if steps else 0.0, progress, width="stretch")
        if not state.has_ended:
            if state.name == "paused":
                st.button(_("Resume"), icon=":material/play_arrow:", on_click=run.resume, key="train-resume")
            else:
                st.button(_("Pause"), icon=":material/pause:", on_click=run.pause, key="train-pause")
            st.button(_("Stop"), icon=":material/stop:", on_click=run.stop, key="train-stop")
            st.button(
                _("Test now"), icon=":material/fact_check:", on_click=run.evaluate, key="train-evaluate"
            )
        elif can_be_drawn(run.spec.dataset) and run.snapshots():
            st.page_link(
                page_link_target("draw"), label=_("Draw with it"), icon=":material/draw:",
                query_params={"run": run.id}, width="content",
            )  # fmt: skip
    if state.problem is not None:
        st.error(say(state.problem), icon=":material/error:")
    elif state.name == "queued":
        st.info(_waiting_for(run), icon=":material/hourglass:")


def _waiting_for(run: Run) -> str:
    others = [other for other in run_store().runs() if other.id != run.id and not other.status.has_ended]
    if others:
        return _("Other runs are training; this one starts when one of them ends.")
    return _("Getting ready: the data and the network are being loaded.")


def _numbers(run: Run, told: History) -> None:
    tick, ended = told.tick, told.ended
    recent = told.losses[-50:]
    seconds = ended.get("seconds", tick.get("seconds"))
    left = tick.get("seconds_left")
    with st.container(horizontal=True, key="train-numbers"):
        _number(_("Training loss"), f"{sum(recent) / len(recent):.4f}" if recent else None)
        loss, accuracy = told.measured_losses[-1:], told.measured_accuracies[-1:]
        _number(_(_PART_LOSS[told.part]), f"{loss[0]:.4f}" if loss else None)
        _number(_(_PART_ACCURACY[told.part]), f"{accuracy[0]:.2%}" if accuracy else None)
        if told.part != "test":
            tested = told.test_accuracy
            _number(_("Test accuracy"), None if tested is None else f"{tested:.2%}")
        speed = ended.get("samples_per_second", tick.get("samples_per_second"))
        _number(_("Samples a second"), f"{speed:,.0f}" if speed else None)
        if run.status.has_ended:
            _number(_("Took"), _duration(seconds) if seconds is not None else None)
        else:
            _number(_("Time left"), _duration(left) if left is not None else None)
        device = told.started.get("device")
        _number(_("Device"), f"{device.upper()} × {told.started['threads']}" if device else None)


def _number(label: str, value: str | None) -> None:
    st.metric(label, value or "–", width=140)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return _("{minutes:.0f} min {rest:.0f} s", minutes=minutes, rest=rest) if minutes else f"{rest:.1f} s"


def _losses(runs: list[Run], histories: list[History]) -> None:
    series = []
    for color, (run, told) in enumerate(zip(runs, histories, strict=True)):
        prefix = f"{title(run)} · " if len(runs) > 1 else ""
        test = color if len(runs) > 1 else 1
        series.append(Series(prefix + _("training"), told.steps, told.losses, color=color))
        series.append(
            Series(
                prefix + _(_PART[told.part]), told.evaluated_steps, told.measured_losses,
                dash="dash", marker="circle", color=test, smooth=False,
            )
        )  # fmt: skip
    st.markdown(f"**{_('Loss')}**")
    curves(
        series, x_label=_("step"), y_label=_("loss"), key=_key("loss", runs), height=_HEIGHT, smoothing=0.9
    )


def _accuracies(runs: list[Run], histories: list[History]) -> None:
    series = [
        Series(
            f"{title(run)} · {_(_PART[told.part])}" if len(runs) > 1 else _(_PART[told.part]),
            told.evaluated_epochs, [100 * accuracy for accuracy in told.measured_accuracies],
            dash="dash", marker="circle", color=color if len(runs) > 1 else 1, smooth=False,
        )
        for color, (run, told) in enumerate(zip(runs, histories, strict=True))
    ]  # fmt: skip
    parts = {told.part for told in histories}
    heading = _(_PART_ACCURACY[parts.pop()]) if len(parts) == 1 else _("Accuracy")
    st.markdown(f"**{heading} (%)**")
    curves(series, x_label=_("epoch"), y_label="%", key=_key("accuracy", runs), height=_HEIGHT)
    if any(told.part != "test" for told in histories):
        st.caption(_("The test images are looked at once, when the training ends."))


def _filters(run: Run) -> None:
    found = run.live()
    if found is None:
        return
    [(name, weight)] = found.tensors.items()
    maps = first_layer_maps(weight, run.in_shape)[:_MOST_FILTERS]
    heading = _("Weights of the first layer, {name}, after step {step:,}", name=f"`{name}`", step=found.step)
    st.markdown(f"**{heading}**")
    if len(weight) > _MOST_FILTERS:
        st.caption(_("The first {shown} of {count}.", shown=_MOST_FILTERS, count=len(weight)))
    tiles(
        maps, columns=_columns(len(maps)), key=f"train-filters-{run.id}",
        label=_("Weights of the first layer"), kind="signed", max_tile=96,
    )  # fmt: skip


def _columns(count: int) -> int:
    """One row of a few, else rows of the same length."""
    return count if count <= 10 else 8 if count <= 16 else 16


def _table(told: History) -> None:
    if told.evaluated_epochs:
        with st.expander(_("The same as a table")):
            st.dataframe(
                {
                    _("Epoch"): told.evaluated_epochs,
                    _("Step"): told.evaluated_steps,
                    _(_PART_LOSS[told.part]): told.measured_losses,
                    _(_PART_ACCURACY[told.part]): told.measured_accuracies,
                },
                hide_index=True,
            )


def _key(chart: str, runs: list[Run]) -> str:
    return f"train-{chart}-" + "-".join(run.id for run in runs)
