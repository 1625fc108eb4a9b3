# page: 80 | :material/medical_services: | Failure clinic
"""Trainings that go wrong on purpose, the detectors that name it, and one to be named from pictures."""

import streamlit as st

from nnlab.ui.learn.clinic import DRAWN, PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

st.title(_("Failure clinic"))
st.caption(_("The same short program each time, and one thing in it is wrong."))
DRAWN[part_switch(PARTS, "clinic")]()
