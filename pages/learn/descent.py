# page: 30 | :material/landscape: | Gradient descent
"""Downhill by the slope: one step, eight optimizers, and what the learning rate does."""

import streamlit as st

from nnlab.ui.learn.descent import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("Gradient descent"))
st.caption(
    _("The loss says how wrong a network is. Over its weights it is a landscape; training walks down it, one "
      "slope at a time.")
)  # fmt: skip
DRAWN[part_switch(PARTS, "descent")]()
