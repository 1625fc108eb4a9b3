"""The parts of a whole, side by side, each as wide as it is large."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from nnlab.ui.theme import palette

_STYLE = """<style>
.nnlab-parts { display: flex; gap: 3px; font-variant-numeric: tabular-nums; }
.nnlab-parts > div { min-width: 5.4rem; flex-basis: 0; font-size: 0.9rem; line-height: 1.3; }
.nnlab-parts i { display: block; height: 1.1rem; border-radius: 3px; margin-bottom: 0.25rem; }
.nnlab-parts span { opacity: 0.75; }
</style>"""
# Laid over the colours: parts differ by hatching too.
_HATCHES = (
    "linear-gradient(#0000, #0000)",
    "repeating-linear-gradient(45deg, #0000 0 5px, #fff9 5px 8px)",
    "repeating-linear-gradient(45deg, #0000 0 3px, #fff9 3px 5px), "
    "repeating-linear-gradient(-45deg, #0000 0 3px, #fff9 3px 5px)",
)


def proportions(parts: Sequence[tuple[str, int, str]]) -> None:
    """Draw the parts, given with their titles, how many images they have, and what they are for."""
    whole = sum(count for _, count, _ in parts)
    pieces = "".join(
        f'<div style="flex-grow:{count}"><i style="background:{hatch},{color}"></i>'
        f"{html.escape(title)}<br><b>{count:,}</b><br><span>{count / whole:.1%} · "
        f"{html.escape(use)}</span></div>"
        for (title, count, use), color, hatch in zip(parts, palette(), _HATCHES, strict=False)
    )
    st.html(f'{_STYLE}<div class="nnlab-parts">{pieces}</div>')
