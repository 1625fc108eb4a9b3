"""How the error of a difference depends on its h, drawn with both by their powers of ten."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from nnlab.ui.text import _

_WIDE, _HIGH, _LEFT, _TOP = 460, 210, 52, 10  # CSS pixels


def error_curve(errors: Sequence[float], chosen: int) -> str:
    """The largest relative error over h, both by their powers of ten."""
    powers = [max(-16.0, math.log10(error)) if error else -16.0 for error in errors]
    low, high = -16, max(0, math.ceil(max(powers)))

    def at(number: int) -> float:
        return _LEFT + (number - 1) / (len(errors) - 1) * (_WIDE - _LEFT - 12)

    def up(power: float) -> float:
        return _TOP + (high - power) / (high - low) * (_HIGH - _TOP - 34)

    line = " ".join(f"{at(number):.1f},{up(power):.1f}" for number, power in enumerate(powers, 1))
    dots = "".join(
        f'<circle cx="{at(number):.1f}" cy="{up(power):.1f}" r="{6 if number == chosen else 3}" '
        f'fill="{"var(--st-primary-color, #1668b0)" if number == chosen else "currentColor"}"/>'
        for number, power in enumerate(powers, 1)
    )
    grid = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDE - 12}" y1="{up(power):.1f}" y2="{up(power):.1f}" '
        f'stroke="currentColor" opacity="0.15"/>'
        f'<text x="{_LEFT - 6}" y="{up(power) + 4:.1f}" text-anchor="end">1e{power}</text>'
        for power in range(low, high + 1, 4)
    )
    marks = "".join(
        f'<text x="{at(number):.1f}" y="{_HIGH - 18}" text-anchor="middle">1e-{number}</text>'
        for number in range(1, len(errors) + 1, 2)
    )
    label = html.escape(_("The relative error for each h: it falls with h squared, then rounding takes over"))
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" style="max-width: 100%; height: auto; font-size: 11px; '
        f'fill: currentColor" role="img" aria-label="{label}">{grid}{marks}'
        f'<text x="{(_LEFT + _WIDE) / 2}" y="{_HIGH - 3}" text-anchor="middle">h</text>'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.5" '
        f'opacity="0.6"/>{dots}</svg>'
        f'<div style="font-size: 0.8125rem; opacity: 0.72">{label}</div>'
    )
