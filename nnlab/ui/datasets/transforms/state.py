"""The pipeline that is built on the page: in the URL, and kept for the session while other pages are open."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from nnlab.data import Dataset
from nnlab.errors import LabError
from nnlab.transforms import Pipeline, to_picture
from nnlab.ui.text import _, say
from nnlab.ui.url import set_query

QUERY = "transforms"
LAST_SEED = 9999
_KEPT = "datasets:transforms"
_PLAIN = "to_image;to_float"


def current_pipeline() -> Pipeline:
    """What is built on the page: what the URL says, else what this session built last, else only the
    conversion to float. What the URL says wrongly is told in its place."""
    text = st.query_params.get(QUERY, st.session_state.get(_KEPT, _PLAIN))
    try:
        found = Pipeline.from_text(text)
    except LabError as problem:
        st.warning(
            _("The transforms in the address of this page cannot be read: {problem}", problem=say(problem)),
            icon=":material/link_off:",
        )
        found = Pipeline.from_text(_PLAIN)
    st.session_state[_KEPT] = found.to_text()
    return found


def built_pipeline(data: Dataset) -> Pipeline | None:
    """What was built on the page, for a loader over `data`; None where nothing was, or where it does not end
    in tensors of the images' own shape."""
    if QUERY not in st.query_params and _KEPT not in st.session_state:
        return None
    pipeline = current_pipeline()
    stages, problem = pipeline.look(to_picture(data.train.images[0]))
    value = stages[-1].value
    fits = problem is None and isinstance(value, Tensor) and tuple(value.shape) == data.shape
    return pipeline if fits else None


def kept_pipeline() -> Pipeline:
    """As `current_pipeline`, for a callback: what was changed since the page was drawn is in it."""
    return Pipeline.from_text(st.session_state.get(_KEPT, _PLAIN))


def keep(pipeline: Pipeline) -> None:
    """Make this the pipeline of the page."""
    st.session_state[_KEPT] = pipeline.to_text()
    note_in_url(pipeline)


def note_in_url(pipeline: Pipeline) -> None:
    """Write it into the URL; a reader who comes back to the page has lost that."""
    text = pipeline.to_text()
    set_query(QUERY, None if text == _PLAIN else text)
    if text == _PLAIN:
        st.session_state[_KEPT] = text
