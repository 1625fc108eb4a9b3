# page: 60 | :material/autorenew: | The training loop
"""One iteration taken apart, then a batch, an epoch, all of it; and overfitting, with its remedies."""

import streamlit as st

from nnlab.ui.learn.loop import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("The training loop"))
st.caption(_("Take a batch, compute the loss, go a step downhill; again and again."))
DRAWN[part_switch(PARTS, "loop")]()
