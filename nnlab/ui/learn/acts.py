"""Buttons that are pressed one after the other; what was pressed is in the URL, ``?acts=``, a letter each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import streamlit as st

from nnlab.ui.linked import Linked
from nnlab.ui.text import _

_NAME = "acts"


@dataclass(frozen=True)
class Acts:
    """The buttons of a part: the letters of them all, and how often they can be pressed altogether."""

    linked: Linked
    letters: Collection[str]
    most: int

    def pressed(self) -> str:
        """The letters in their order; the page says so where the URL has others."""
        told = self.linked.text(_NAME)
        known = "".join(act for act in told if act in self.letters)[: self.most]
        if known != told:
            st.warning(
                _("What the address of this page says about buttons cannot be read."),
                icon=":material/link_off:",
            )
        return known

    def button(self, pressed: str, act: str, title: str, *, first: bool = False) -> None:
        """That of `act`, after those that were `pressed`; `first` marks the one to begin with."""
        st.button(
            title, key=f"{self.linked.page}-act-{act}", type="primary" if first else "secondary",
            disabled=len(pressed) >= self.most, on_click=self.linked.choose, args=(_NAME, pressed + act, ""),
        )  # fmt: skip

    def restart(self, pressed: str) -> None:
        """The button that forgets what was `pressed`."""
        st.button(
            _("From the beginning"), icon=":material/restart_alt:", key=f"{self.linked.page}-act-none",
            type="tertiary", on_click=self.linked.choose, args=(_NAME, "", ""), disabled=not pressed,
        )  # fmt: skip
