"""The order in which samples are drawn: a row for each epoch, cut into batches, with one sample to follow."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from nnlab.data.loaders import Loading
from nnlab.ui.datasets.facts import facts
from nnlab.ui.text import _
from nnlab.ui.theme import palette

_MOST = 105  # draws of an epoch that are shown: fifteen batches of seven

_STYLE = """<style>
.nnlab-order { font-family: var(--nnlab-code, ui-monospace, monospace); font-size: 0.72rem;
  font-variant-numeric: tabular-nums; overflow-x: auto; padding: 3px; }
.nnlab-order > div { display: flex; flex-wrap: wrap; gap: 5px; align-items: stretch; padding: 0.35rem 0; }
.nnlab-order > div + div { border-top: 1px solid #8884; }
.nnlab-order h6 { font-size: 0.8rem; font-weight: 600; width: 100%; margin: 0; padding: 0; }
.nnlab-order span { display: flex; flex-wrap: wrap; gap: 1px; }
.nnlab-order i { font-style: normal; min-width: 1.75rem; padding: 0.12rem 0.15rem; text-align: center;
  border-radius: 3px; }
.nnlab-order .short { outline: 2px dashed #8889; outline-offset: 1px; border-radius: 3px; }
.nnlab-order .dropped { opacity: 0.4; text-decoration: line-through; }
.nnlab-order .followed { outline: 3px solid; font-weight: 700; position: relative; }
.nnlab-order em { align-self: center; opacity: 0.7; font-style: normal; }
</style>"""


def order_rows(orders: Sequence[Tensor], loading: Loading, samples: int, followed: int) -> None:
    """Show the first draws of each epoch (n,), each in its batch; `followed` is marked.

    Args:
        orders: what is drawn where the last batch is kept, however short.
        samples: how many there are to draw from.
    """
    colors = palette()
    rows = []
    for epoch, order in enumerate(orders, 1):
        batches = order.split(loading.batch_size)
        shown = [*batches[: _shown(loading)], *batches[_shown(loading) :][-1:]]
        cells = [_batch(batch, loading, samples, followed, colors) for batch in shown]
        if len(batches) > len(shown):
            cells.insert(-1, "<em>…</em>")
        heading = _("Epoch {epoch}", epoch=epoch)
        rows.append(f'<div role="row"><h6>{heading}</h6>{"".join(cells)}</div>')
    label = _("The order of the samples, epoch by epoch, in batches")
    st.html(f'{_STYLE}<div class="nnlab-order" role="table" aria-label="{label}">{"".join(rows)}</div>')


def whereabouts(orders: Sequence[Tensor], loading: Loading, followed: int) -> None:
    """In which batch of each epoch the followed sample comes, and as which of it."""
    pairs = []
    for epoch, order in enumerate(orders, 1):
        drawn = (order == followed).nonzero().flatten().tolist()
        kept = [place for place in drawn if place < sum(loading.sizes(len(order)))]
        if kept:
            batch, within = divmod(kept[0], loading.batch_size)
            text = _("batch {batch:,}, place {place}", batch=batch + 1, place=within + 1)
            if len(kept) > 1:
                text += _(" · drawn {count} times", count=len(kept))
        else:
            text = _("in the batch that is dropped") if drawn else _("not drawn")
        pairs.append((_("Epoch {epoch}", epoch=epoch), text))
    facts(pairs)


def _shown(loading: Loading) -> int:
    return max(1, _MOST // loading.batch_size)


def _batch(batch: Tensor, loading: Loading, samples: int, followed: int, colors: Sequence[str]) -> str:
    """A batch's cells; the darker, the later the sample lies in the dataset."""
    cells = []
    for sample in batch[:_MOST].tolist():
        share = 8 + round(52 * sample / max(1, samples - 1))
        mark = f' class="followed" style="outline-color:{colors[1]};' if sample == followed else ' style="'
        cells.append(
            f'<i{mark}background:color-mix(in srgb, {colors[0]} {share}%, transparent)">{sample}</i>'
        )
    if len(batch) > _MOST:
        cells.append("<em>…</em>")
    kind = "" if len(batch) == loading.batch_size else "short dropped" if loading.drop_last else "short"
    return f'<span role="cell" class="{kind}">{"".join(cells)}</span>'
