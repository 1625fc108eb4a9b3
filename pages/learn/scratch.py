# page: 50 | :material/stairs: | From scratch
"""Logistic regression from raw tensors to torch.nn, each step run on the spot, and the bugs of the way."""

import streamlit as st

from nnlab.ui.learn.scratch import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("From scratch to torch.nn"))
st.caption(
    _("The same network seven times: each step takes one more tool and changes no number. Then a CNN.")
)
DRAWN[part_switch(PARTS, "scratch")]()
