"""The network that is being built: its history of changes, and how it stands in the address of the page.

A preset that is as it was loaded is ``?model=NAME``, anything else ``?net=``, and nothing where even a
compressed network is too long for a link. The address is read when the page is opened (`arrive`), never
between two edits, where the browser may still send the one of the edit before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture
from nnlab.nets.editing import same_network
from nnlab.nets.link import from_link, to_link
from nnlab.nets.presets import PRESETS, preset, preset_names
from nnlab.ui.networks import OWN, keep_own, kept_own, link_written
from nnlab.ui.text import say
from nnlab.ui.url import query_choice, set_query, went_back

_KEY = "build:history"
_OPEN = "build-part"  # the switch between the parts; Streamlit forgets it as soon as another page runs
_MOST = 200  # changes that can be undone


@dataclass
class History:
    """What the network was, one change after the other; `at` is what it is now.

    Attributes:
        run: what the last change was part of; further changes of the same run take its place.
        own: what the other pages were told last.
        said: what stood in the address last: its ``model`` and its ``net``.
        written: what has been written there before.
    """

    states: list[Architecture] = field(default_factory=list)
    at: int = -1
    run: str | None = None
    own: Architecture | None = None
    said: tuple[str | None, str | None] = (None, None)
    written: list[tuple[str | None, str | None]] = field(default_factory=list)

    @property
    def current(self) -> Architecture:
        return self.states[self.at]

    @property
    def can_undo(self) -> bool:
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        return self.at < len(self.states) - 1

    def push(self, architecture: Architecture, run: str | None = None) -> None:
        """A change: what had been undone is forgotten. Nothing happens where nothing changes."""
        if self.states and architecture == self.current:
            return
        before = self.states[: self.at + 1]
        if run is not None and run == self.run and len(before) > 1:
            before.pop()
        if not before or before[-1] != architecture:  # a run may end where it began
            before.append(architecture)
        self.states, self.run = before[-_MOST:], run
        self.at = len(self.states) - 1

    def go_to(self, architecture: Architecture) -> None:
        """Back or forward to `architecture`, where it was one of the states; else a change."""
        known = [at for at, state in enumerate(self.states) if state == architecture]
        if known:
            self.at, self.run = min(known, key=lambda at: abs(at - self.at)), None
        else:
            self.push(architecture)

    def step(self, by: int) -> None:
        """So many changes forward, or back; as far as there are any."""
        self.at, self.run = max(0, min(len(self.states) - 1, self.at + by)), None


def arrive() -> None:
    """At each full run of the page: show what its address names, or what another page has built."""
    found = _history()
    stays, kept = _OPEN in st.session_state, kept_own()
    said = (st.query_params.get("model"), st.query_params.get("net"))
    named = None
    if said in found.written and stays and not went_back():
        pass  # the browser has not heard yet what was written after it
    elif said != found.said and (said != (None, None) or stays):
        named = _named(*said, usual=stays)
    elif kept is not None and kept != found.own:
        named = kept
    if named is not None:
        found.go_to(named)
    elif not found.states:
        found.push(preset(preset_names()[0]))
    settle()


def draft() -> Architecture:
    """The network as it is now; it need not fit."""
    found = _history()
    if not found.states:
        arrive()
    return found.current


def preset_name() -> str | None:
    """Which preset the network is, if it is one."""
    return next((name for name, known in PRESETS.items() if known == draft()), None)


def edit(architecture: Architecture, run: str | None = None) -> None:
    """A change to the network. Changes of the same `run`, one right after the other, are one to undo."""
    like = PRESETS.get(architecture.name)
    _history().push(like if like is not None and same_network(like, architecture) else architecture, run)
    _tell()


def undo() -> None:
    """Take the last change back."""
    _history().step(-1)
    _tell()


def redo() -> None:
    """Do again what was taken back."""
    _history().step(1)
    _tell()


def can_undo() -> bool:
    return _history().can_undo


def can_redo() -> bool:
    return _history().can_redo


def settle() -> bool:
    """Bring the address up to date; whether the network has room in it."""
    found = _history()
    name, link = preset_name(), None
    if name is None and found.current.layers:
        link = to_link(found.current)
    said = (None if name == preset_names()[0] else name, link)
    if said != found.said:
        found.written = [*found.written, found.said][-_MOST:]
    found.said = said
    set_query("model", found.said[0])
    link_written(link)
    _tell()
    return name is not None or link is not None


def _tell() -> None:
    """Let the other pages know the network, unless it is one that they have anyway."""
    found = _history()
    if preset_name() is None and found.current.layers:
        keep_own(found.current)
    found.own = kept_own()


def _history() -> History:
    found: History = st.session_state.setdefault(_KEY, History())
    return found


def _named(model: str | None, net: str | None, usual: bool) -> Architecture | None:
    """What an address names; where it names nothing, the `usual` network or none."""
    if net is not None:
        try:
            return from_link(net)
        except LabError as error:
            st.warning(say(error), icon=":material/link_off:")
            return None
    if model is None:
        return preset(preset_names()[0]) if usual else None
    own = kept_own()
    if model == OWN and own is not None:
        return own
    return preset(query_choice("model", preset_names(), preset_names()[0]))
