# page: 25 | :material/filter_center_focus: | Layers
"""What a layer does: any picture in, and every number that comes out followed back to where it came from."""

import streamlit as st

from nnlab.ui.layers.linked import recall, remember
from nnlab.ui.layers.losses import losses
from nnlab.ui.layers.network import network
from nnlab.ui.layers.sequences import sequences
from nnlab.ui.layers.single import single
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _, mark

PARTS = {
    "layer": mark("One layer"),
    "network": mark("A network"),
    "sequences": mark("Sequences"),
    "losses": mark("Losses"),
}
DRAWN = {"layer": single, "network": network, "sequences": sequences, "losses": losses}

recall()
st.title(_("Layers"))
st.caption(_("Put a picture in, and follow any number that comes out back to where it came from."))
DRAWN[part_switch(PARTS, "layers")]()
remember()
