"""One update of one parameter, line by line with its numbers, beside torch's own."""

from __future__ import annotations

import html

import streamlit as st

from nnlab.lessons.descent import RACERS, SURFACES, Update, racer, taken_apart
from nnlab.lessons.descent.scripts import by_hand_script
from nnlab.ui.learn.descent.controls import LINKED, choose, rate_slider, start_of, strip, surface_of
from nnlab.ui.learn.descent.kept import recording, trails
from nnlab.ui.learn.descent.shown import show_trails
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _, say

_RUN = 60  # steps of the descent
_STYLE = """<style>
.nnlab-update { overflow-x: auto; }
.nnlab-update table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.nnlab-update th { font-weight: 400; text-align: left; padding: 0.25rem 0.6rem 0.25rem 0;
  vertical-align: top; }
.nnlab-update thead th { font-size: 0.8rem; opacity: 0.72; }
.nnlab-update tbody tr { border-top: 1px solid rgba(128, 128, 128, 0.3); }
.nnlab-update tbody th { font-weight: 600; font-size: 1.05rem; white-space: nowrap; }
.nnlab-update td { padding: 0.25rem 0.6rem 0.25rem 0; vertical-align: top; }
.nnlab-update td small { opacity: 0.72; display: block; }
.nnlab-update td.value, .nnlab-update th:last-child { text-align: right; }
.nnlab-update td.value { white-space: nowrap; }
.nnlab-update tr:last-child { font-weight: 600; background: rgba(128, 128, 128, 0.12); }
.nnlab-update code { font-size: 0.85rem; }
@media (max-width: 640px) {
  .nnlab-update thead { display: none; }
  .nnlab-update tbody tr { display: grid; grid-template-columns: 4.4rem 1fr; }
  .nnlab-update td.value { grid-column: 2; text-align: left; }
}
</style>"""


@st.fragment
def update() -> None:
    """The part of the page."""
    with strip():
        surface = surface_of(SURFACES, "ravine")
        titles = {name: one.title for name, one in RACERS.items()}
        name = choose(_("Optimizer"), "optimizer", titles, "adam", ("lr",))
        start = start_of(surface)
    usual = racer(name, surface)
    one = usual.with_settings(rate_slider(_("Learning rate η"), "lr", usual.lr))
    record = recording(surface, one, start, _RUN)
    step = LINKED.number("step", 1, low=1, high=_RUN)
    if step > record.steps:
        step = record.steps
        LINKED.choose("step", step, 1)
    (trail,) = trails(surface, [one], start, _RUN)
    picture, table = st.columns([4, 6], gap="medium")
    with table:
        first, second = st.columns([4, 1])
        first.slider(
            _("Step t"), 1, max(2, record.steps), key=LINKED.bound("step", step), on_change=LINKED.note,
            args=("step", 1), disabled=record.steps < 2,
        )  # fmt: skip
        with second:
            place = _parameter()
        parts = taken_apart(record, step, "xy".index(place))
        _table(parts)
    with picture:
        show_trails(
            surface, [trail], [one.title], start, key="descent-picture-update", notes=[f"η {one.lr:g}"],
            places=[list(RACERS).index(name)], step=step,
            on_step=lambda at: LINKED.choose("step", max(1, min(at, record.steps)), 1), height=260,
        )  # fmt: skip
    code(by_hand_script(surface, one, start, step))
    speed = [line for line in parts.lines if line.symbol == "v"]
    against = name in ("momentum", "nesterov") and float(speed[0].value) * float(parts.lines[0].value) < 0
    question(
        "descent-against",
        _("Find a step of Momentum at which the speed v points the other way than the gradient g."),
        against,
        _("The slope says one way, the ball still rolls the other: nine tenths of the old speed are left. "
          "That is how momentum overshoots, and how it gets through small dips."),
    )  # fmt: skip


def _parameter() -> str:
    """Which of the two parameters."""
    place = LINKED.choice("parameter", ("x", "y"), "x")
    st.segmented_control(
        _("Parameter"), ("x", "y"), required=True, **LINKED.held("parameter", place, {"default": place}),
        on_change=LINKED.note, args=("parameter", "x"),
    )  # fmt: skip
    return place


def _table(parts: Update) -> None:
    """The lines of the update; what torch keeps is compared."""
    rows = []
    for line in parts.lines:
        numbers = f"<code>{html.escape(line.numbers)}</code>" if line.numbers else ""
        rows.append(
            f'<tr><th scope="row">{html.escape(line.symbol)}</th>'
            f"<td><code>{html.escape(line.formula)}</code><small>{html.escape(say(line.about))}</small>{numbers}"
            f'</td><td class="value">{float(line.value):.9g}'
            f"<small>{html.escape(_compared(line.ulps))}</small></td></tr>"
        )
    heads = "".join(
        f'<th scope="col">{html.escape(text)}</th>'
        for text in ("", _("formula, then numbers"), _("value, beside torch.optim's"))
    )
    st.html(
        f'{_STYLE}<div class="nnlab-update"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _compared(apart: int | None) -> str:
    """How far torch's number is from that of the formula; nothing where torch does not keep it."""
    if apart is None:
        return ""
    return _("✓ same bits in torch") if apart == 0 else _("{count:,} ulp from torch's", count=apart)
