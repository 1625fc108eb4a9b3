# page: 40 | :material/draw: | Draw
"""Draw a digit and see what a network makes of it."""

import streamlit as st

from nnlab.ui.text import _

st.title(_("Draw a digit"))
