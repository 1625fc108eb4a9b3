# page: 70 | :material/save: | Save and load
"""What a network is when it is a file: its state_dict, why not the whole, and what eval() is for."""

import streamlit as st

from nnlab.ui.learn.saving import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("Save and load"))
st.caption(_("A trained network is its numbers: how they are saved, loaded, and used for prediction."))
DRAWN[part_switch(PARTS, "saving")]()
