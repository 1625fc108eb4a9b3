"""The part network."""

from __future__ import annotations


def draw() -> None:
    """Draw the part."""
