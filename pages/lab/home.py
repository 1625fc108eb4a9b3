# page: 10 | :material/home: | Home
"""What the lab is, a network at work, and where to begin."""

import streamlit as st

from nnlab.ui.navigation import page_link_target
from nnlab.ui.text import _

st.title(_("See a neural network learn"))
st.page_link(page_link_target("draw"), label=_("Draw a digit"))
