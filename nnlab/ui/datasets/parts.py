"""The parts of the Datasets page."""

from __future__ import annotations

from nnlab.ui.text import mark
from nnlab.ui.url import set_query

PARTS = {
    "browse": mark("Browse"),
    "transforms": mark("Transforms"),
    "batches": mark("Batches"),
    "division": mark("Split"),
    "shapes": mark("Other shapes"),
    "images": mark("Your own images"),
}


def open_part(name: str) -> None:
    """Show that part at the next run of the page."""
    set_query("part", None if name == "browse" else name)
