"""One dimension: a ball on a curve, the slope under it, and the step that it takes."""

from __future__ import annotations

import streamlit as st

from nnlab.lessons.descent import CURVES, RACERS, Surface, Trail, bound, curvatures, racer
from nnlab.lessons.descent.scripts import descent_script
from nnlab.ui.components.slope import slope
from nnlab.ui.datasets.facts import facts
from nnlab.ui.learn.descent.controls import choose, move_start, rate_slider, start_of, step_count, strip
from nnlab.ui.learn.descent.kept import profile, trails
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _, say


@st.fragment
def line() -> None:
    """The part of the page."""
    with strip():
        titles = {name: say(one.title) for name, one in CURVES.items()}
        curve = CURVES[choose(_("Curve"), "curve", titles, "parabola", ("curve-x", "eta"))]
        names = {name: one.title for name, one in RACERS.items()}
        name = choose(_("Optimizer"), "walker", names, "sgd", ("eta",))
        start = start_of(curve)
        steps = step_count("walk", 30)
    usual = racer(name, curve)
    one = usual.with_settings(rate_slider(_("Learning rate η"), "eta", usual.lr))
    (trail,) = trails(curve, [one], start, steps)
    places, values = profile(curve)
    slope(
        places, values, (trail.points[:, 0], trail.losses, trail.gradients[:, 0], trail.rates.float()),
        key="descent-picture-line", diverged=trail.diverged, plain=name == "sgd",
        label=_("{formula} with the descent of {optimizer}", formula=curve.formula, optimizer=one.title),
        on_start=lambda x: move_start(curve, x),
    )  # fmt: skip
    st.markdown(f"**{curve.formula}** · {say(curve.about)}")
    _outcome(curve, trail)
    code(descent_script(curve, one, start, trail.steps))
    landed = trail.steps >= 1 and abs(float(trail.points[1, 0])) < 1e-3 and abs(start[0]) > 0.2
    question(
        "descent-one-step",
        _("Which learning rate takes SGD to the bottom of the parabola in a single step?"),
        curve.name == "parabola" and name == "sgd" and landed,
        _("η = 0.5: the slope is 2x, so x − 0.5 · 2x = 0 from everywhere. It is 1 / curvature, the step of "
          "Newton's method; twice as much, 1, is where divergence begins."),
    )  # fmt: skip


def _outcome(curve: Surface, trail: Trail) -> None:
    """Where it ended, and what rate the curvature allows."""
    end = (
        _("diverged at step {step}", step=trail.diverged)
        if trail.diverged is not None
        else f"x = {float(trail.points[-1, 0]):.6g}, f = {float(trail.losses[-1]):.6g}"
    )
    pairs = [(_("after {count} steps", count=trail.steps), end)]
    if curve.name != "kink":  # which has no curvature at its minimum
        largest = curvatures(curve, curve.minima[0])[-1]
        pairs.append((_("curvature at the minimum"), f"{largest:.6g}"))
        if trail.racer.kind == "sgd":
            pairs.append((_("diverges from η ="), f"{bound(trail.racer, largest):.6g}"))
    facts(pairs)
