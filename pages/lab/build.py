# page: 27 | :material/construction: | Build
"""Build a network: layers in a list, drawn to scale; look at its weights, compare it, take it with you."""

import streamlit as st

from nnlab.ui.build import PARTS, draw_part
from nnlab.ui.build.draft import arrive
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("Build"))
st.caption(_("Put layers together, see what each makes of the data, and take the network with you."))
arrive()
draw_part(part_switch(PARTS, "build"))
