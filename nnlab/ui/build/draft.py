"""The network that is being built: its history of changes, and the data it is built for."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from nnlab.nets.architecture import Architecture
from nnlab.nets.presets import preset, preset_names
from nnlab.ui.networks import keep_own, link_own, own_network

_KEY = "build:history"
_MOST = 200  # changes that can be undone


@dataclass
class History:
    """What the network was, one change after the other; `at` is what it is now."""

    states: list[Architecture] = field(default_factory=list)
    at: int = -1

    @property
    def current(self) -> Architecture:
        return self.states[self.at]

    @property
    def can_undo(self) -> bool:
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        return self.at < len(self.states) - 1

    def push(self, architecture: Architecture) -> None:
        """A change: what had been undone is forgotten. Nothing happens where nothing changes."""
        if self.states and architecture == self.current:
            return
        self.states = [*self.states[: self.at + 1], architecture][-_MOST:]
        self.at = len(self.states) - 1

    def undo(self) -> None:
        self.at -= self.can_undo

    def redo(self) -> None:
        self.at += self.can_redo


def history() -> History:
    """That of this session; it begins with the network of the link, or with the first preset."""
    found: History = st.session_state.setdefault(_KEY, History())
    own = own_network()  # another one where the link of this page has brought it
    if own is not None:
        found.push(own)
    elif not found.states:
        found.push(preset(preset_names()[0]))
    return found


def draft() -> Architecture:
    """The network as it is now; it need not fit."""
    return history().current


def edit(architecture: Architecture) -> None:
    """A change to the network."""
    history().push(architecture)
    settle()


def undo() -> None:
    """Take the last change back."""
    history().undo()
    settle()


def redo() -> None:
    """Do again what was taken back."""
    history().redo()
    settle()


def settle() -> None:
    """Let the other pages and the address know the network as it is now."""
    keep_own(st.session_state[_KEY].current)
    link_own(shown=True)
