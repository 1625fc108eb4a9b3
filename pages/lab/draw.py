# page: 40 | :material/draw: | Draw
"""Draw, and see what a network makes of it, while drawing."""

import streamlit as st

from nnlab.ui.draw.desk import desk
from nnlab.ui.draw.reader import choose_reader
from nnlab.ui.text import _

st.title(_("Draw"))
st.caption(_("Draw with the mouse, a finger or the arrow keys: the network answers while you draw."))
chosen = choose_reader()
desk(chosen)

with st.expander(_("The PyTorch code that does the same"), icon=":material/code:"):
    st.code(chosen.code, language="python")
