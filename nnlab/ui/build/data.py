"""The data that a network is built for: a dataset, or images of ImageNet's size, for published counts."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from nnlab.data import dataset_info
from nnlab.errors import DataError
from nnlab.ui.owned import dataset_title, listed_datasets
from nnlab.ui.text import _
from nnlab.ui.url import query_choice, set_query

IMAGENET = "imagenet"  # a size only: no images
_KEY, _KEPT = "build-data", "build:data"


@dataclass(frozen=True)
class Target:
    """What a network has to take and to give: samples of `in_shape` (C, H, W), so many classes."""

    name: str
    in_shape: tuple[int, int, int]
    classes: int

    @property
    def is_dataset(self) -> bool:
        """Whether there are images to train on."""
        return self.name != IMAGENET


def data_choice(width: int = 335) -> Target:
    """Draw the choice of the data; what is chosen. The URL holds it as ``?data=``."""
    names = _names()
    if "data" in st.query_params:
        st.session_state[_KEPT] = query_choice("data", names, names[0])
    kept = st.session_state.get(_KEPT)
    st.session_state[_KEY] = kept if kept in names else names[0]  # a dataset may have been deleted since
    st.selectbox(_("Built for"), names, key=_KEY, format_func=_title, width=width, on_change=_chosen)
    st.session_state[_KEPT] = st.session_state[_KEY]
    set_query("data", None if st.session_state[_KEY] == names[0] else st.session_state[_KEY])
    return target()


def target() -> Target:
    """What was chosen last."""
    name = st.session_state.get(_KEPT)
    try:
        return _described(name or _names()[0])
    except DataError:  # deleted by somebody in this very moment
        return _described(_names()[0])


def _described(name: str) -> Target:
    if name == IMAGENET:
        return Target(IMAGENET, (3, 224, 224), 1000)
    info = dataset_info(name)
    return Target(name, info.shape, len(info.classes))


def _names() -> list[str]:
    return [*listed_datasets(), IMAGENET]


def _title(name: str) -> str:
    if name == IMAGENET:
        return _("ImageNet's size: {shape}, {classes} classes", shape="3×224×224", classes="1,000")
    info = dataset_info(name)
    shape = "×".join(map(str, info.shape))
    return _("{title}: {shape}, {classes} classes", title=dataset_title(name), shape=shape,
             classes=len(info.classes))  # fmt: skip


def _chosen() -> None:
    st.session_state[_KEPT] = st.session_state[_KEY]
    set_query("data", st.session_state[_KEY])
