"""The part compare."""

from __future__ import annotations


def draw() -> None:
    """Draw the part."""
