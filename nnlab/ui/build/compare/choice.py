"""Which networks are compared, and with batches of how many: in the address, and kept for the session.

A network is called by its preset, `OWN`, or the id of a run; ``~0`` behind it is the first of the repairs
that are offered where it does not fit the data, ``~1`` the second, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from nnlab.nets.architecture import Architecture
from nnlab.nets.presets import preset, preset_names
from nnlab.nets.repair import repairs
from nnlab.runs import Run
from nnlab.ui.build.data import Target
from nnlab.ui.build.draft import draft, preset_name
from nnlab.ui.hold import hold
from nnlab.ui.layers.weights import trained_runs
from nnlab.ui.networks import OWN
from nnlab.ui.store import run_store
from nnlab.ui.text import _
from nnlab.ui.url import as_code, query_number, set_query

MOST = 4
_MENDED = "~"
_BATCH, _MOST_BATCH = 64, 10**6
_NAMES, _SIZE = "compare-networks", "compare-batch"  # keys of the widgets
_KEPT = "compare:kept"  # what they showed, for when another part has been drawn in between


@dataclass(frozen=True)
class Candidate:
    """One of the networks, as it is after its repairs, and the run that it is of, if it is of one."""

    name: str
    title: str
    architecture: Architecture
    run: Run | None = None


def networks_choice(target: Target) -> list[Candidate]:
    """Draw the choice of networks; those that are chosen. The URL holds them as ``?with=``."""
    runs = trained_runs()
    offered = [*([OWN] if preset_name() is None and draft().layers else []), *preset_names(), *runs]
    chosen = _linked(offered)
    options = [*offered, *(name for name in chosen if name not in offered)]
    st.session_state[_NAMES] = chosen
    st.multiselect(
        _("Networks"), options, key=_NAMES, max_selections=MOST, on_change=_note,
        format_func=lambda name: _title(name, runs), placeholder=_("Choose up to four"),
    )  # fmt: skip
    _note()
    return [_candidate(name, target, runs) for name in st.session_state[_NAMES]]


def batch_choice() -> int:
    """Draw the choice of the batch size; what is chosen. The URL holds it as ``?batch=``."""
    kept = _kept()
    if "batch" in st.query_params:
        kept["batch"] = query_number("batch", _BATCH, low=1, high=_MOST_BATCH)
    shown = hold(_SIZE, kept.get("batch", _BATCH))
    st.number_input(_("Batch size"), 1, _MOST_BATCH, **shown, width=125, on_change=_note_batch)
    _note_batch()
    size: int = st.session_state[_SIZE]
    return size


def mend(name: str, number: int) -> None:
    """Compare the network `name` after that repair."""
    names = [f"{one}{_MENDED}{number}" if one == name else one for one in _kept().get("with", [])]
    _kept()["with"] = list(dict.fromkeys(names))
    set_query("with", ",".join(_kept()["with"]))


def _linked(offered: Sequence[str]) -> list[str]:
    """What the URL names, else what was chosen before, else the network that is being built and another."""
    kept = _kept()
    asked = st.query_params.get("with")
    if asked is not None and asked != ",".join(kept.get("with", [])):
        names = list(dict.fromkeys(part for part in asked.split(",") if part))
        known = [name for name in names if _base(name) in offered]
        for name in names:
            if name not in known:
                st.warning(
                    _("`{name}`, in the address of this page, is no network that is here.",
                      name=as_code(name)),
                    icon=":material/link_off:",
                )  # fmt: skip
        if len(known) > MOST:
            st.warning(
                _("The address of this page names {count} networks; the first four are compared.",
                  count=len(known)),
                icon=":material/link_off:",
            )  # fmt: skip
        kept["with"] = known[:MOST]
    if "with" not in kept:
        now = preset_name() or OWN
        kept["with"] = [now, next(name for name in preset_names() if name != now)]
    return [name for name in kept["with"] if _base(name) in offered]


def _note() -> None:
    kept = _kept()
    kept["with"] = list(st.session_state[_NAMES])
    set_query("with", ",".join(kept["with"]))


def _note_batch() -> None:
    _kept()["batch"] = st.session_state[_SIZE]
    set_query("batch", None if st.session_state[_SIZE] == _BATCH else st.session_state[_SIZE])


def _candidate(name: str, target: Target, runs: dict[str, str]) -> Candidate:
    base, *numbers = name.split(_MENDED)
    run = run_store().open(base) if base in runs else None
    architecture = run.spec.architecture if run else draft() if base == OWN else preset(base)
    for number in numbers:
        offered = repairs(architecture, target.in_shape, target.classes)
        if number.isdecimal() and int(number) < len(offered):
            architecture = offered[int(number)].architecture
    return Candidate(name, _title(name, runs), architecture, run)


def _title(name: str, runs: dict[str, str]) -> str:
    base = _base(name)
    title = runs.get(base) or (_("{name} (built)", name=draft().name) if base == OWN else base)
    return title if base == name else _("{name}, mended", name=title)


def _base(name: str) -> str:
    return name.split(_MENDED)[0]


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = st.session_state.setdefault(_KEPT, {})
    return kept
