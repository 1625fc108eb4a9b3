"""A few numbers with their names, side by side, as many in a row as fit."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st
import torch

from nnlab.data import Dataset, DatasetInfo
from nnlab.ui.text import _, mark, plain

_STYLE = """<style>
.nnlab-facts { display: flex; flex-wrap: wrap; gap: 0.5rem 1.3rem; margin: 0 !important;
  padding: 0 !important; }
.nnlab-facts div { display: flex; flex-direction: column; }
.nnlab-facts dt { font-size: 0.8rem; opacity: 0.7; font-weight: 400; }
.nnlab-facts dd { margin: 0; font-size: 1.05rem; font-variant-numeric: tabular-nums; }
.nnlab-facts.tight { column-gap: 0.9rem; }
.nnlab-facts.tight dd { font-size: 0.95rem; }
</style>"""

# What the registry, which knows no other language, says in words rather than in names.
_WORDS = (
    mark("Written by this lab's own pen"),
    mark("US Postal Service, by way of LIBSVM"),
    mark("Stanford University, from Google Street View"),
    mark("Western Sydney University, from NIST's forms"),
    mark("as the lab itself"),
    mark("public domain"),
    mark("not stated"),
    mark("non-commercial use only"),
)


def facts(pairs: Sequence[tuple[str, str]], tight: bool = False) -> None:
    """Names and values, both in the reader's language; `tight` ones have room in half the page."""
    rows = "".join(f"<div><dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd></div>" for k, v in pairs)
    st.html(f'{_STYLE}<dl class="nnlab-facts{" tight" if tight else ""}">{rows}</dl>')


def dataset_facts(info: DatasetInfo, data: Dataset | None) -> None:
    """What is known of a dataset: as published where it is not there, counted and measured where it is."""
    train, test = (info.train_count, info.test_count) if data is None else (len(data.train), len(data.test))
    pairs = [
        (_("Training images"), f"{train:,}"),
        (_("Test images"), f"{test:,}"),
        (_("Shape (C × H × W)"), " × ".join(map(str, info.shape))),
        (_("Classes"), str(len(info.classes))),
    ]
    if data is not None:
        pairs += [
            (_("Class balance"), _evenness(data)),
            (_("Mean"), numbers(data.mean)),
            (_("Standard deviation"), numbers(data.std)),
        ]
    facts(pairs)
    if info.own:
        st.caption(_("Your own images, from {archive}", archive=plain(info.origin)))
        return
    source = [_(info.origin), _("licence: {licence}", licence=_(info.licence))]
    st.caption(" · ".join([*source, info.homepage] if info.homepage else source))


def _evenness(data: Dataset) -> str:
    """How many times as many training images the largest class has as the smallest."""
    counts = torch.bincount(data.train.labels, minlength=len(data.classes))
    most, fewest = int(counts.max()), int(counts.min())
    return f"{most / fewest:.2f} : 1" if fewest else f"{most:,} : 0"


def numbers(values: Sequence[float]) -> str:
    """Four decimals each."""
    return ", ".join(f"{value:.4f}" for value in values)
