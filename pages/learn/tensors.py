# page: 10 | :material/data_array: | Tensors
"""Tensors: made, indexed, joined, multiplied, stretched, reduced, seen anew; the memory behind them."""

import streamlit as st

from nnlab.ui.learn.tensors import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("Tensors"))
st.caption(_("A tensor is numbers in a row of memory, and a shape that makes them a list, a table, a cube."))
DRAWN[part_switch(PARTS, "tensors")]()
