# page: 40 | :material/grid_3x3: | One weight
"""The gradient of one weight of a convolution, from the batch that it saw to the step that it takes."""

import streamlit as st

from nnlab.ui.learn.weight import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("One weight of a convolution"))
st.caption(_("One number of a kernel meets the whole image, and every image. See how its gradient adds up."))
DRAWN[part_switch(PARTS, "weight")]()
