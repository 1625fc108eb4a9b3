"""A table whose numbers are bars as well: to the right of zero orange, to the left of it blue."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

_STYLE = """<style>
.nnlab-bars { overflow-x: auto; }
.nnlab-bars table { border-collapse: collapse; width: 100%; font-size: 0.9rem;
  font-variant-numeric: tabular-nums; }
.nnlab-bars caption { text-align: left; font-weight: 600; padding-bottom: 0.3rem; }
.nnlab-bars th { font-weight: 400; opacity: 0.72; text-align: right; padding: 0.1rem 0.4rem;
  font-size: 0.8rem; vertical-align: bottom; line-height: 1.25; }
.nnlab-bars tbody th { opacity: 1; font-size: 0.9rem; white-space: nowrap; vertical-align: middle; }
.nnlab-bars th:first-child { text-align: left; padding-left: 0; }
.nnlab-bars td { text-align: right; padding: 0.1rem 0.4rem; white-space: nowrap; height: 1.75rem; }
.nnlab-bars td.bar { width: 40%; min-width: 5rem; }
.nnlab-bars tr.chosen { font-weight: 700; background: rgba(128, 128, 128, 0.14); }
.nnlab-bars td.bar div { position: relative; height: 1rem; }
.nnlab-bars td.bar i { position: absolute; top: 0; bottom: 0; border-radius: 2px;
  transition: left 0.15s, width 0.15s; }
.nnlab-bars td.bar u { position: absolute; top: -0.25rem; bottom: -0.25rem; width: 1px;
  background: currentColor; opacity: 0.45; }
</style>"""
_ABOVE, _BELOW = "#d0762f", "#3f83c4"  # middle tones of the scale of the tiles, fit for light and dark


@dataclass(frozen=True)
class Bars:
    """A column of bars: each of `values` from -`limit` to `limit`, or from 0 where none is below."""

    values: Sequence[float]
    limit: float


def bar_table(
    caption: str, columns: Sequence[tuple[str, Sequence[str] | Bars]], chosen: Sequence[int] = ()
) -> None:
    """Columns of text or of bars under their titles, the first naming the rows; `chosen` rows stand out."""
    titles = "".join(f'<th scope="col">{html.escape(title)}</th>' for title, _column in columns)
    count = len(columns[0][1].values if isinstance(columns[0][1], Bars) else columns[0][1])
    rows = []
    for row in range(count):
        cells = []
        for place, (_title, column) in enumerate(columns):
            if isinstance(column, Bars):
                bar = _bar(column.values[row], column.limit, min(column.values) < 0)
                cells.append(f'<td class="bar" aria-hidden="true"><div>{bar}</div></td>')
            else:
                tag = 'th scope="row"' if place == 0 else "td"
                cells.append(f"<{tag}>{html.escape(column[row])}</{tag[:2]}>")
        rows.append(f"<tr{' class=chosen' if row in chosen else ''}>{''.join(cells)}</tr>")
    st.html(
        f'{_STYLE}<div class="nnlab-bars"><table><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _bar(value: float, limit: float, signed: bool) -> str:
    """One bar, with a line at zero, in percent of the width."""
    zero, span = (50.0, 50.0) if signed else (0.0, 100.0)
    size = span * min(1.0, abs(value) / limit) if limit else 0.0
    left = zero - size if value < 0 else zero
    colour = _BELOW if value < 0 else _ABOVE
    return (
        f'<i style="left:{left:.2f}%;width:{size:.2f}%;background:{colour}"></i>'
        f'<u style="left:{zero:.0f}%"></u>'
    )
