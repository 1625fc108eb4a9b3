"""The mean image of each class and how much each pixel varies within it."""

from __future__ import annotations

import streamlit as st

from nnlab.data import Dataset
from nnlab.data.moments import class_moments
from nnlab.ui.components import tiles
from nnlab.ui.datasets.controls import SPLITS
from nnlab.ui.text import _


def class_images(data: Dataset, split: str) -> None:
    """Two grids with a tile for each class, of values in [0, 1], exact to the last division."""
    moments = class_moments(getattr(data, split), len(data.classes))
    columns = min(10, len(data.classes))
    for title, images, key in (
        (_("Mean image of each class"), moments.mean, "mean"),
        (_("Variance of each pixel within its class"), moments.variance, "variance"),
    ):
        st.markdown(f"**{title}** · {_(SPLITS[split])}")
        tiles(
            images,
            data.classes,
            columns=columns,
            key=f"datasets-{key}-{data.name}",
            label=title,
            kind="light",
            scale=1.0 if key == "mean" else "all",
            max_tile=112,
        )
