"""Transforms: a pipeline of torchvision's transforms, built step by step and seen at work."""

from __future__ import annotations

import streamlit as st

from nnlab.data import Dataset, Split
from nnlab.transforms import to_picture
from nnlab.ui.datasets.controls import View
from nnlab.ui.datasets.transforms.builder import builder
from nnlab.ui.datasets.transforms.code import transforms_code
from nnlab.ui.datasets.transforms.handover import send_to_training
from nnlab.ui.datasets.transforms.label import label_view
from nnlab.ui.datasets.transforms.normalising import normalising_view
from nnlab.ui.datasets.transforms.samples import samples_view, seeds_view
from nnlab.ui.datasets.transforms.stages import stages_view
from nnlab.ui.datasets.transforms.state import LAST_SEED, built_pipeline, current_pipeline, note_in_url
from nnlab.ui.hold import hold
from nnlab.ui.text import _, mark
from nnlab.ui.url import query_choice, query_number, set_query

__all__ = ["built_pipeline", "current_pipeline", "show"]

_VIEWS = {
    "samples": mark("Many images"),
    "seeds": mark("Many seeds"),
    "normalisation": mark("Right and wrong normalisation"),
    "label": mark("Label"),
    "code": mark("Code"),
}
_SEEN = "datasets:transforms-seen"  # the dataset and split that the image's number belongs to


def show(data: Dataset, view: View) -> None:
    """Draw this part of the Datasets page."""
    shown = (data.name, view.split)
    if st.session_state.get(_SEEN, shown) != shown:
        set_query("image", None)
    st.session_state[_SEEN] = shown
    _part(data, view)


@st.fragment
def _part(data: Dataset, view: View) -> None:
    split: Split = getattr(data, view.split)
    # All of the URL is read before anything is drawn: what is wrong in it is said above.
    pipeline = current_pipeline()
    note_in_url(pipeline)
    index = query_number("image", 0, low=0, high=len(split) - 1)
    seed = _seed(view)
    shown = query_choice("show", list(_VIEWS), "samples")
    picture = to_picture(split.images[index])
    stages, problem = pipeline.look(picture, seed)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        builder(pipeline, data)
        send_to_training(pipeline, data, problem)
    with right:
        _strip(index, len(split) - 1, seed)
        stages_view(stages, problem)
    _switch(shown)
    if shown == "normalisation":
        normalising_view(data, split)
    elif shown == "label":
        label_view(pipeline, data, int(split.labels[index]))
    elif problem is not None:
        st.caption(_("The pipeline cannot work as it is; the sentence above says where."))
    elif shown == "samples":
        samples_view(pipeline, data, split, seed)
    elif shown == "seeds":
        seeds_view(pipeline, picture, seed)
    else:
        st.code(transforms_code(data, view, pipeline, index, seed), language="python")


def _seed(view: View) -> int:
    """What the URL says by now; where that is wrong, the strip of the page has said so already."""
    text = st.query_params.get("seed", "")
    return int(text) if text.isdecimal() and len(text) < 5 else view.seed if text else 0


def _strip(index: int, last: int, seed: int) -> None:
    """Which image, and which random numbers."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="transforms-strip"):
        st.number_input(
            _("Image number (0 to {last})", last=f"{last:,}"), 0, last, **hold("transforms-image", index),
            on_change=_write, args=("image",), width=220,
        )  # fmt: skip
        st.number_input(
            _("Seed"), 0, LAST_SEED, **hold("transforms-seed", seed), on_change=_write, args=("seed",),
            help=_("The same seed always draws the same random numbers, those of torch.manual_seed."),
            width=130,
        )  # fmt: skip
        st.button(
            _("Again"), icon=":material/casino:", key="transforms-again", on_click=set_query,
            args=("seed", (seed + 1) % (LAST_SEED + 1)), help=_("The same steps with the next seed."),
        )  # fmt: skip


def _switch(shown: str) -> None:
    st.segmented_control(
        _("Show"),
        list(_VIEWS),
        required=True,
        format_func=lambda name: _(_VIEWS[name]),
        **hold("transforms-show", shown, {"default": shown}),
        on_change=_write,
        args=("show",),
        label_visibility="collapsed",
    )


def _write(name: str) -> None:
    set_query(name, st.session_state[f"transforms-{name}"])
