"""The part weights: every parameter of a network in numbers and pictures, and what its first weights do."""

from __future__ import annotations

import streamlit as st

from nnlab.errors import LabError
from nnlab.ui.build.weights.chosen import choose, recall, remember
from nnlab.ui.build.weights.depth import depth
from nnlab.ui.build.weights.parameters import parameters
from nnlab.ui.text import _, say


def draw() -> None:
    """Draw the part."""
    recall()
    with st.container(key="build-weights"):
        try:
            chosen = choose()
            if chosen is not None:
                parameters(chosen)
                st.subheader(_("Through depth"))
                depth(chosen)
        except LabError as error:
            st.error(say(error), icon=":material/error:")
    remember()
