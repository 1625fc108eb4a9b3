# page: 20 | :material/account_tree: | Autograd
"""An expression of tensors, the graph that it leaves behind, and how gradients go back through it."""

import streamlit as st

from nnlab.ui.learn.autograd import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("Autograd"))
st.caption(
    _(
        "A gradient says how much a result changes when a number it was made of changes a little. "
        "PyTorch notes down each operation, and finds it by going back through them."
    )
)
DRAWN[part_switch(PARTS, "autograd")]()
