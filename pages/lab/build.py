# page: 27 | :material/construction: | Build
"""Build a network: layers in a list, drawn to scale; look at its weights, compare it, take it with you."""

import streamlit as st

from nnlab.ui.build import PARTS, draw_part
from nnlab.ui.build.draft import arrive
from nnlab.ui.build.ops import catch_up
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("Build"))
st.caption(_("Put layers together, see what each makes of the data, and take the network with you."))
arrive()
catch_up()  # also where another part is shown by now
draw_part(part_switch(PARTS, "build"))
