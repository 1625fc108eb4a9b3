"""Small tables of code, made anew without a flicker."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

_STYLE = """<style>
.nnlab-lines { border-collapse: collapse; margin: 0 !important; }
.nnlab-lines td, .nnlab-lines th { padding: 0.3rem 1.4rem 0.3rem 0.6rem; text-align: left;
  vertical-align: top; border: 0 !important; border-bottom: 1px solid rgba(128, 128, 128, 0.25) !important; }
.nnlab-lines th { font-weight: 400; opacity: 0.75; font-size: 0.85rem; }
@media (max-width: 640px) {
  .nnlab-lines td, .nnlab-lines th { padding: 0.3rem 0.6rem 0.3rem 0.3rem; }
  .nnlab-lines code { font-size: 0.75rem; }
}
.nnlab-lines td + td:not([colspan]) code { white-space: nowrap; }
.nnlab-lines code { white-space: pre-wrap; background: none; padding: 0; color: inherit; }
.nnlab-lines .changed { box-shadow: inset 3px 0 0 #c2500a; }
.nnlab-lines .bad { background: rgba(221, 51, 51, 0.12); }
.nnlab-scroll { overflow-x: auto; }
</style>"""


def rows_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], kinds: Sequence[str], wide: int | None = None
) -> None:
    """Rows of code, already escaped; a row's kind is "", "changed" or "bad". In a bad row, the cell at `wide`
    takes all that are to its right."""
    body = []
    for row, kind in zip(rows, kinds, strict=True):
        whole = kind == "bad" and wide is not None
        cells = [f"<td><code>{cell}</code></td>" for cell in (row[:wide] if whole else row)]
        if whole and wide is not None:
            cells.append(f'<td colspan="{len(row) - wide}"><code>{row[wide]}</code></td>')
        body.append(f'<tr class="{kind}">{"".join(cells)}</tr>')
    head = "".join(f"<th>{each}</th>" for each in heads)
    table = f'<table class="nnlab-lines"><tr>{head}</tr>{"".join(body)}</table>'
    st.html(f'{_STYLE}<div class="nnlab-scroll">{table}</div>')
