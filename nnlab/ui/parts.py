"""The switch between the parts of a page, of which only the chosen one runs."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from nnlab.ui.hold import hold
from nnlab.ui.text import _
from nnlab.ui.url import query_choice, set_query


def part_switch(parts: Mapping[str, str], page: str) -> str:
    """Draw the switch; the name of the part that is chosen. The URL holds it as ``?part=``.

    Args:
        parts: names and (marked) titles, the usual one first.
        page: what tells this page's switch from others.
    """
    usual, key = next(iter(parts)), f"{page}-part"

    def write() -> None:
        chosen = st.session_state[key]
        set_query("part", None if chosen == usual else chosen)

    now = query_choice("part", list(parts), usual)
    st.segmented_control(
        _("Part"),
        list(parts),
        required=True,
        format_func=lambda name: _(parts[name]),
        **hold(key, now, {"default": now}),
        on_change=write,
        label_visibility="collapsed",
    )
    chosen: str = st.session_state[key]
    return chosen
