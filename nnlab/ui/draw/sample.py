"""The source "A sample": an image of the data that the network has learned from, picked without a pointer."""

from __future__ import annotations

import random

import streamlit as st
from torch import Tensor

from nnlab.data import Dataset, load_dataset
from nnlab.errors import DataError, LabError, check
from nnlab.ui.components.sample import sample_board
from nnlab.ui.draw.reader import Reader, answer_to
from nnlab.ui.draw.subject import Subject
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, say

_LINKED = Linked("draw")
_ANY = "any"


def sample(chosen: Reader) -> Subject | None:
    """The picker, the picked test image, and the answer to it; None, and a sentence, without data."""
    info = chosen.model.info
    try:
        data = load_dataset(info.dataset)
        check(
            data.shape == info.in_shape and len(data.classes) == len(info.classes),
            "The images of {title} have the shape {found}; this network takes {wanted}.",
            title=data.title, found=data.shape, wanted=info.in_shape,
        )  # fmt: skip
    except LabError as error:
        st.info(say(error), icon=":material/info:")
        if isinstance(error, DataError):
            st.page_link("pages/lab/datasets.py", label=_("Datasets"), icon=":material/grid_view:")
        return None
    index = _picked(data)
    image, label = data.test.images[index : index + 1], int(data.test.labels[index])
    answer = answer_to(chosen.model, image)
    sample_board(
        image[0].numpy(), answer, classes=info.classes, key="sample",
        caption=_(
            "Label: {label} · test image {index:,}", label=info.classes[label], index=index,
        ),
        right=int(answer.probabilities.argmax()) == label,
    )  # fmt: skip
    return Subject(image, label=label)


def _picked(data: Dataset) -> int:
    """The index of a test image, by its class and its number among those of that class."""
    names = {_ANY: _("All classes"), **{str(i): name for i, name in enumerate(data.classes)}}
    wanted = _LINKED.choice("of", list(names), _ANY)
    places = _places(data, wanted)
    if not len(places):
        wanted, places = _ANY, _places(data, _ANY)
    number = _LINKED.number("sample", 1, low=1, high=len(places))
    with st.container(horizontal=True, vertical_alignment="bottom", key="draw-sample-strip"):
        st.selectbox(
            _("Class"), list(names), format_func=names.__getitem__, key=_LINKED.bound("of", wanted),
            width=190,
            on_change=_of_class,
        )  # fmt: skip
        st.number_input(
            _("Number, of {count:,}", count=len(places)), 1, len(places), **_LINKED.held("sample", number),
            width=190, on_change=_LINKED.note, args=("sample", 1),
        )  # fmt: skip
        st.button(
            _("Another"), icon=":material/casino:", key="draw-another", on_click=_another, args=(len(places),)
        )
    return int(places[number - 1])


def _places(data: Dataset, wanted: str) -> Tensor:
    labels = data.test.labels
    return (labels >= 0 if wanted == _ANY else labels == int(wanted)).nonzero().flatten()


def _of_class() -> None:
    _LINKED.note("of", _ANY)
    _LINKED.choose("sample", 1, 1)


def _another(count: int) -> None:
    _LINKED.choose("sample", random.randint(1, count), 1)
