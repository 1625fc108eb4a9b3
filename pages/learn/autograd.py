# page: 20 | :material/account_tree: | Autograd
"""An expression of tensors, the graph that it leaves behind, and how gradients go back through it."""

import streamlit as st

from nnlab.ui.learn.autograd import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("Autograd"))
st.caption(
    _("Type an expression of tensors: PyTorch runs it, notes down its graph, and goes back through it.")
)
DRAWN[part_switch(PARTS, "autograd")]()
