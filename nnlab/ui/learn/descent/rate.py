"""The learning rate: too small, right, too large, and one's own, from the same start."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from nnlab.lessons.descent import RACERS, SURFACES, Racer, Surface, bound, curvatures
from nnlab.lessons.descent.scripts import race_script
from nnlab.ui.datasets.facts import facts
from nnlab.ui.learn.descent.controls import choose, rate_slider, start_of, step_count, strip, surface_of
from nnlab.ui.learn.descent.kept import trails
from nnlab.ui.learn.descent.shown import show_trails
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _, say

_SHARES = (0.02, 0.5, 1.1)  # of the rate that is too large: too small, right, too large
_IN_CODE = ("too small", "just right", "too large", "yours")
_BOUNDED = ("sgd", "momentum", "nesterov")  # for which there is an exact bound


@st.fragment
def rate() -> None:
    """The part of the page."""
    with strip():
        surface = surface_of(SURFACES, "ravine")
        titles = {name: RACERS[name].title for name in _BOUNDED}
        name = choose(_("Optimizer"), "method", titles, "sgd", ("own",))
        start = start_of(surface)
        steps = step_count("rate-steps", 100)
    base = RACERS[name]
    curved = curvatures(surface, surface.minima[0])
    limit = bound(base, curved[-1])
    usual = float(f"{limit / 5:.3g}")
    own = rate_slider(_("Your learning rate η"), "own", usual)
    fixed = [float(f"{share * limit:.3g}") for share in _SHARES]
    each = [base.with_settings(lr) for lr in (*fixed, own)]
    found = trails(surface, each, start, steps)
    names = [_("too small"), _("just right"), _("too large"), _("yours")]
    show_trails(
        surface, found, names, start, key="descent-picture-rate", notes=[f"η {one.lr:g}" for one in each],
        places=[0, 2, 1, 3],
    )  # fmt: skip
    _facts(surface, base, curved, limit)
    scripted = [replace(one, title=label) for one, label in zip(each, _IN_CODE, strict=True)]
    code(race_script(surface, scripted, start, [trail.steps for trail in found]))
    question(
        "descent-best-rate",
        _("Which rate takes SGD down the ravine fastest? Find the one with the least loss after 100 steps."),
        surface.name == "ravine" and name == "sgd" and steps >= 50 and _is_best(own, curved),
        _("η = 2 / (1 + 25) = 0.0769, as close to the bound as that: then both directions shrink by the same "
          "24/26 each step. A larger rate makes the steep one slower, a smaller one the flat one."),
    )  # fmt: skip


def _is_best(own: float, curved: list[float]) -> bool:
    best = 2 / (curved[0] + curved[-1])
    return abs(own / best - 1) < 0.03


def _facts(surface: Surface, base: Racer, curved: list[float], limit: float) -> None:
    """What the curvature says."""
    st.markdown(f"**{surface.formula}** · {say(surface.about)}")
    where = _("curvatures, everywhere") if surface.quadratic else _("curvatures at the minimum")
    formula = {"sgd": "2 / λmax", "momentum": "2 (1 + μ) / λmax", "nesterov": "2 (1 + μ) / ((1 + 2μ) λmax)"}
    facts(
        [
            (where, f"{curved[0]:.6g}, {curved[-1]:.6g}"),
            (_("condition number"), f"{curved[-1] / curved[0]:.6g}"),
            (_("diverges from η = {formula}", formula=formula[base.name]), f"{limit:.6g}"),
        ]
    )
    if not surface.quadratic:
        st.caption(
            _("The curvature is another one elsewhere, so away from the minimum even less may be too much.")
        )
