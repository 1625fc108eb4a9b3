"""The strip of the part "Split": the shares, by class or not, the seed."""

from __future__ import annotations

import streamlit as st

from nnlab.data.division import Division
from nnlab.ui.datasets.linked import LINKED
from nnlab.ui.text import _

_MOST = 90  # per cent, as on the Train page
_VALIDATION, _TEST = 10, 20  # per cent, at first
_LAST_SEED = 9999

_STYLE = """<style>
.st-key-division-strip { gap: 1rem 2rem; }
.st-key-division-strip .stCheckbox { min-height: 2.5rem; justify-content: center; }
</style>"""


def division_strip() -> Division:
    """Draw the strip; the division it describes, whose shares may be more than there is."""
    validation = LINKED.number("validation", _VALIDATION, low=0, high=_MOST)
    test = LINKED.number("test", 0, low=0, high=_MOST)
    stratified = LINKED.toggle("stratified", True)
    seed = LINKED.number("splitseed", 0, low=0, high=_LAST_SEED)
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom", key="division-strip"):
        st.slider(
            _("Validation (%)"), 0, _MOST, **LINKED.held("validation", validation), on_change=LINKED.note,
            args=("validation", _VALIDATION), width=200,
            help=_("Held out from training, to look at while the network learns."),
        )  # fmt: skip
        st.toggle(
            _("Draw the test part anew"), **LINKED.held("drawn", test > 0), on_change=_drawn_chosen,
            help=_("Off: the test images are those that were published as such. On: they are drawn from all "
                   "images, of which all shares are then counted."),
        )  # fmt: skip
        if test:
            st.slider(
                _("Test (%)"),
                1,
                _MOST,
                **LINKED.held("test", test),
                on_change=LINKED.note,
                args=("test", 0),
                width=200,
            )
        st.toggle(
            _("Stratified"), **LINKED.held("stratified", stratified),
            on_change=LINKED.note, args=("stratified", True),
            help=_("Each class is divided by itself, so that every part has the same share of it."),
        )  # fmt: skip
        st.number_input(
            _("Seed of the split"), 0, _LAST_SEED, **LINKED.held("splitseed", seed), on_change=LINKED.note,
            args=("splitseed", 0), width=140, help=_("The same seed always gives the same parts."),
        )  # fmt: skip
        st.button(
            _("Draw again"), icon=":material/casino:", key="division-again", on_click=_again, args=(seed,)
        )
    return Division(validation / 100, test / 100 if test else None, stratified, seed)


def _drawn_chosen() -> None:
    LINKED.choose("test", _TEST if st.session_state["datasets-drawn"] else 0, 0)


def _again(seed: int) -> None:
    LINKED.choose("splitseed", (seed + 1) % (_LAST_SEED + 1), 0)
