"""The race: up to eight optimizers from one start, each by torch.optim's own steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from nnlab.errors import LabError
from nnlab.lessons.descent import RACERS, SURFACES, Racer, Surface, Trail, settings_of
from nnlab.lessons.descent.scripts import race_script
from nnlab.lessons.descent.slices import NAME, network_surface
from nnlab.lessons.descent.written import Numbers, read_settings, set_racers, write_settings
from nnlab.ui.hold import hold
from nnlab.ui.learn.descent.controls import LINKED, MOVED, choose, start_of, step_count, strip
from nnlab.ui.learn.descent.kept import trails
from nnlab.ui.learn.descent.network import choose_plane, race_on_network
from nnlab.ui.learn.descent.shown import show_trails
from nnlab.ui.learn.parts import code, complain, question
from nnlab.ui.text import _, say
from nnlab.ui.url import as_code

_ALL = list(RACERS)
_TITLES = {name: one.title for name, one in RACERS.items()}
ON_OFFER = {**SURFACES, NAME: network_surface()}
_NOBODY = "none"  # how a link says that no one races
_LETTERS = {
    "lr": "η", "momentum": "μ", "weight_decay": "λ", "alpha": "α", "rho": "ρ", "beta1": "β₁", "beta2": "β₂"
}  # fmt: skip


@st.fragment
def racing() -> None:
    """The part of the page."""
    names = _racing()
    titles = {name: say(one.title) for name, one in ON_OFFER.items()}
    with strip():
        surface = ON_OFFER[choose(_("Surface"), "surface", titles, "ravine", MOVED)]
        if surface.name == NAME:
            plane, start, steps = choose_plane()
        else:
            start, steps = start_of(surface), step_count("steps", 200)
        racers = settings(surface, names)
    _choose_racers(names)
    if not racers:
        return
    st.markdown(f"**{surface.formula}** · {say(surface.about)}")
    places = [_ALL.index(one.name) for one in racers]
    if surface.name == NAME:
        race_on_network(plane, racers, places, start, steps)
        return
    found = trails(surface, racers, start, steps)
    show_trails(
        surface, found, [one.title for one in racers], start, key="descent-picture-race",
        notes=[f"η {one.lr:g}" for one in racers], places=places,
    )  # fmt: skip
    code(race_script(surface, racers, start, [trail.steps for trail in found]))
    question(
        "descent-ridge",
        _("Start exactly on the ridge of the saddle, at y = 0. Who finds the way down?"),
        surface.name == "saddle" and start[1] == 0 and len(racers) >= 3 and _all_stuck(found),
        _("Nobody: the slope along y is exactly zero there, so nothing that is made of slopes moves along y. "
          "The noise of batches is what carries a training off such places."),
    )  # fmt: skip


def _all_stuck(found: Sequence[Trail]) -> bool:
    return all(float(trail.points[-1, 1]) == 0 for trail in found)


def _racing() -> list[str]:
    """Who races, as the URL has it."""
    asked = LINKED.text("racers", ",".join(_ALL))
    found = [name for name in _ALL if name in asked.split(",")]
    for name in asked.split(","):
        if name not in RACERS and name != _NOBODY:
            st.warning(
                _("There is no optimizer {name}; there are: {known}.",
                  name=f"`{as_code(name)}`", known=", ".join(_ALL)),
                icon=":material/link_off:",
            )  # fmt: skip
    return found


def _choose_racers(names: list[str]) -> None:
    """Switches of who races."""
    shown = LINKED.held("racers", names, {"default": names})

    def note_names() -> None:
        chosen = [name for name in _ALL if name in st.session_state[shown["key"]]]
        LINKED.choose("racers", ",".join(chosen) or _NOBODY, ",".join(_ALL))

    st.pills(
        _("Who races"), _ALL, selection_mode="multi", **shown, format_func=_TITLES.__getitem__,
        on_change=note_names, label_visibility="collapsed",
    )  # fmt: skip
    if not names:
        st.info(_("Nobody races; choose at least one optimizer."), icon=":material/info:")


def settings(surface: Surface, names: Sequence[str]) -> list[Racer]:
    """The racers of those names as they are set; a box in which each of their numbers can be changed."""
    text = LINKED.text("set")
    numbers: Numbers = {}
    try:
        numbers = read_settings(text)
        racers = set_racers(numbers, names, surface) if names else []
    except LabError as error:
        complain(error)
        numbers, racers = {}, set_racers({}, names, surface) if names else []
    with st.popover(_("Settings"), icon=":material/tune:", disabled=not racers):
        if racers:
            _form(racers, numbers)
    return racers


def _form(racers: Sequence[Racer], numbers: Numbers) -> None:
    """A number box for each setting of the racer that is chosen."""
    names = [one.name for one in racers]
    of = LINKED.text("of", names[0])
    of = of if of in names else names[0]
    st.selectbox(
        _("Optimizer"), names, key=LINKED.bound("of", of), format_func=_TITLES.__getitem__,
        on_change=LINKED.note, args=("of", names[0]),
    )  # fmt: skip
    (one,) = (racer for racer in racers if racer.name == of)
    for setting in settings_of(one):
        key = f"descent-set-{of}-{setting.name}"
        st.number_input(
            f"{setting.name} ({_LETTERS[setting.name]})", setting.low, min(setting.high, 1e6), format="%g",
            step=_step(setting.value), **hold(key, setting.value), on_change=_note_setting,
            args=(numbers, of, setting.name, key),
        )  # fmt: skip


def _note_setting(numbers: Numbers, of: str, name: str, key: str) -> None:
    changed = {**numbers, of: {**numbers.get(of, {}), name: float(st.session_state[key])}}
    LINKED.choose("set", write_settings(changed), "")


def _step(value: float) -> float:
    """What the buttons of a number box add: a tenth of its size."""
    return float(f"{10.0 ** math.floor(math.log10(value)):.0e}") / 10 if value > 0 else 0.01
