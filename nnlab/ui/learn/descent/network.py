"""The race on a plane through a network's weights, computed by a program of our own while one watches."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from nnlab.lessons.descent import Racer, levels
from nnlab.lessons.descent.slices import SAMPLES, network_surface
from nnlab.program import Program
from nnlab.ui.components.pulse import pulse
from nnlab.ui.learn.descent.controls import LINKED, MOVED, choose, start_of
from nnlab.ui.learn.descent.planes import (
    GRID,
    SHIPPED,
    Plane,
    grid_of,
    keep,
    known_trails,
    map_program,
    networks,
    plane_script,
    race_program,
)
from nnlab.ui.learn.descent.shown import show_trails
from nnlab.ui.learn.parts import code
from nnlab.ui.learn.watching import me
from nnlab.ui.text import _, say

_STEPS = (5, 100)
_SEEDS = 999
_WATCHED = "descent:program"  # that this session waits for


def choose_plane() -> tuple[Plane, tuple[float, ...], int]:
    """Which network, which plane, where the race starts and how many steps it has."""
    found = networks()
    titles = {name: title or _("the shipped network") for name, (title, _file) in found.items()}
    name = choose(_("Network"), "net", titles, SHIPPED)
    seed = LINKED.number("plane", 0, low=0, high=_SEEDS)
    st.number_input(
        _("Directions, seed"), 0, _SEEDS, **LINKED.held("plane", seed), on_change=LINKED.note,
        args=("plane", 0), width=130,
    )  # fmt: skip
    start = start_of(network_surface())
    steps = LINKED.number("net-steps", 40, low=_STEPS[0], high=_STEPS[1])
    st.number_input(
        _("Steps"), *_STEPS, step=5, **LINKED.held("net-steps", steps), on_change=LINKED.note,
        args=("net-steps", 40), width=130,
    )  # fmt: skip
    return Plane(name, found[name][1], seed), start, steps


def race_on_network(
    plane: Plane, racers: Sequence[Racer], places: Sequence[int], start: tuple[float, ...], steps: int
) -> None:
    """The map as soon as it is there, and the trails as soon as they are."""
    surface = network_surface()
    program = map_program(plane)
    grid = grid_of(program)
    if grid is None:
        _wait(program, len(program.lines) / GRID, _("The map: {count} forward passes …", count=GRID**2))
        return
    _arrived(program)
    known = known_trails(plane, racers, start, steps)
    missing = [one for one in racers if one not in known]
    racing = None
    if missing:
        racing = race_program(plane, missing, start, steps)
        if keep(racing, plane, missing, start, steps):
            known, missing = known_trails(plane, racers, start, steps), []
            _arrived(racing)
    there = [(one, place) for one, place in zip(racers, places, strict=True) if one in known]
    show_trails(
        surface, [known[one] for one, _place in there], [one.title for one, _place in there], start,
        key="descent-picture-network", notes=[f"η {one.lr:g}" for one, _place in there],
        places=[place for _one, place in there],
        relief=(grid, tuple(levels(grid, surface.steepness).tolist())), played=str(len(there)),
    )  # fmt: skip
    if racing is not None and missing:
        told = _(
            "The race: {count} steps, each forward and backward through the network …",
            count=steps * len(missing),
        )
        _wait(racing, len(racing.lines) / (steps + 1), told)
    st.caption(
        _(
            "Two random directions, each filter scaled to its own size (Li et al., 2018); one fixed batch of "
            "{count} images. Every step is a backward pass through the whole network.",
            count=SAMPLES,
        )
    )
    if there:
        counts = [known[one].steps for one, _place in there]
        code(plane_script(plane, [one for one, _place in there], start, counts))


def _wait(program: Program, share: float, told: str) -> None:
    """A bar while a program works; a sentence where it has failed."""
    if program.problem is not None:
        st.error(say(program.problem), icon=":material/error:")
        st.button(_("Run"), icon=":material/play_arrow:", key="descent-network-run", on_click=program.stop)
        return
    before: Program | None = st.session_state.get(_WATCHED)
    if before is not None and before is not program and before.running:
        before.leave(me())  # what it computes is asked for no more
    st.session_state[_WATCHED] = program
    program.look(me())
    if program.waiting:
        told = _("Others are computing; yours comes next.")
    with st.container(horizontal=True, vertical_alignment="center", key="descent-network-progress"):
        st.progress(min(1.0, share), told, width="stretch")
        st.button(
            _("Stop"), icon=":material/stop:", key="descent-network-stop", on_click=_leave, args=(program,)
        )
    pulse("descent-network-pulse")


def _arrived(program: Program) -> None:
    """All that it computes is here, though it may not have ended yet. It is not stopped any more: what was
    stopped is begun again by who asks for it."""
    if st.session_state.get(_WATCHED) is program:
        del st.session_state[_WATCHED]


def _leave(program: Program) -> None:
    """End the program, and race on the usual surface: on this one it would begin again."""
    program.leave(me())
    for name in ("surface", *MOVED):
        LINKED.choose(name, "", "")
