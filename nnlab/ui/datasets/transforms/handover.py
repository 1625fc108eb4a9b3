"""Handing the pipeline to the Train page, as the augmentation of its runs."""

from __future__ import annotations

import time

import streamlit as st

from nnlab.data import Dataset
from nnlab.errors import LabError
from nnlab.transforms import Augmenter, Pipeline
from nnlab.ui.navigation import page_link_target
from nnlab.ui.text import _, say

_MEASURED = "datasets:transforms-speed"
_MEASURE_SECONDS = 0.03
_AT_ONCE = 32  # images between two looks at the clock


def send_to_training(pipeline: Pipeline, data: Dataset, problem: LabError | None) -> None:
    """A button, and what would be sent; or why it cannot be, be it the `problem` of the pipeline itself."""
    part, reason = Pipeline(), ""
    try:
        if problem is not None:
            raise problem
        part = pipeline.for_training(data)
    except LabError as error:
        reason = say(error)
    if not reason and not part:
        reason = _("These steps only convert and normalise; the training does that by itself.")
    if st.button(
        _("Train with it"), icon=":material/model_training:", type="primary", key="transforms-send",
        disabled=bool(reason),
    ):  # fmt: skip
        st.switch_page(
            page_link_target("train"), query_params={"dataset": data.name, "transforms": part.to_text()}
        )
    if reason:
        st.caption(reason)
        return
    names = ", ".join(f"`{step.entry.torch}`" for step in part.active)
    speed = float(f"{_images_a_second(part, data):.2g}")
    st.caption(
        _("Each training image goes through {steps}.", steps=names)
        + " "
        + _("About {count} images a second here, in one process.", count=f"{speed:,.0f}")
    )


def _images_a_second(part: Pipeline, data: Dataset) -> float:
    """How many images a training would get through it in a second; measured once for each pipeline."""
    known: dict[tuple[str, tuple[int, ...]], float] = st.session_state.setdefault(_MEASURED, {})
    key = part.to_text(), data.shape
    if key not in known:
        augment, images = Augmenter(part, 0), data.train.images[:_AT_ONCE]
        augment(images[:1])
        done, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < _MEASURE_SECONDS:
            augment(images)
            done += len(images)
        known[key] = done / spent
    return known[key]
