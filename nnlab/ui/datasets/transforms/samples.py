"""Several images before and after a pipeline, and one image under many seeds."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch
from PIL.Image import Image

from nnlab.data import Dataset, Split
from nnlab.transforms import Pipeline, Value, as_tensor, to_picture
from nnlab.ui.datasets.browse.samples import draw_indices
from nnlab.ui.datasets.facts import facts
from nnlab.ui.datasets.transforms.pictures import pictures
from nnlab.ui.text import _

COUNT = 16
_COLUMNS = 4


def samples_view(pipeline: Pipeline, data: Dataset, split: Split, seed: int) -> None:
    """Random images of the split, before and after."""
    drawn = draw_indices(split.labels, None, COUNT, seed)
    names = [data.classes[label] for label in split.labels[drawn].tolist()]
    before = [to_picture(split.images[index]) for index in drawn.tolist()]
    left, right = st.columns(2, gap="medium")
    with left:
        _grid(before, names, _("Before"), "before")
    with right:
        _grid(pipeline.apply_all(before, seed), names, _("After"), "after")


def _grid(values: Sequence[Value], names: list[str], title: str, key: str) -> None:
    st.markdown(f"**{title}**")
    label = _("{count} random images, {when}", count=len(values), when=title)
    pictures(values, names, columns=_COLUMNS, key=f"transforms-{key}", max_tile=96, label=label)
    _batch_numbers(values)


def seeds_view(pipeline: Pipeline, picture: Image, seed: int) -> None:
    """What the pipeline makes of one image with this seed and those that follow."""
    seeds = range(seed, seed + COUNT)
    values = pipeline.under_seeds(picture, seeds)
    if not any(step.entry.random for step in pipeline.active):
        st.caption(_("No step draws anything at random: every seed gives the same."))
    pictures(values, [_("seed {seed}", seed=seed) for seed in seeds], columns=8, key="transforms-seeds",
             max_tile=96, label=_("One image under {count} seeds", count=COUNT))  # fmt: skip
    _batch_numbers(values)


def _batch_numbers(values: Sequence[Value]) -> None:
    """Of all images together."""
    stack = torch.stack([as_tensor(value) for value in values])
    exact = stack.double()
    facts(
        [
            ("type", str(stack.dtype) if isinstance(values[0], torch.Tensor) else "PIL"),
            ("shape", " × ".join(map(str, stack.shape))),
            ("mean", f"{float(exact.mean()):.3f}"),
            ("std", f"{float(exact.std(correction=0)):.3f}"),
        ]
    )
