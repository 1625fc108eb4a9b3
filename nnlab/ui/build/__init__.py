"""The parts of the Build page, of which only the chosen one runs."""

from __future__ import annotations

from importlib import import_module

from nnlab.ui.text import mark

PARTS = {
    "network": mark("Network"),
    "weights": mark("Weights"),
    "compare": mark("Compare"),
    "take": mark("Take it with you"),
}


def draw_part(name: str) -> None:
    """Draw the part of that name: ``nnlab.ui.build.<name>.draw``."""
    import_module(f"nnlab.ui.build.{name}").draw()
