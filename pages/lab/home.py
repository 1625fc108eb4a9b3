# page: 10 | :material/home: | Home
"""What the lab is, a network at work, and where to begin."""

import streamlit as st

from nnlab.ui.components import living
from nnlab.ui.home import classes, exhibit
from nnlab.ui.navigation import page_link_target
from nnlab.ui.text import _

_CARD = 310  # pixels: three in a row beside the sidebar, with their titles whole

st.title(_("See a neural network learn"))
st.markdown(
    _(
        "Pick a dataset, train a network and watch it change, then draw a digit and see what it answers. "
        "Every number here is PyTorch's own."
    )
)

with st.container(border=True):
    living(exhibit, classes=classes(), key="living")

steps = (
    (
        "datasets",
        ":material/grid_view:",
        _("Look at a dataset"),
        _("Thousands of small images, down to the single pixel."),
    ),
    (
        "layers",
        ":material/filter_center_focus:",
        _("Take a layer apart"),
        _("Follow any number that comes out back to where it came from."),
    ),
    (
        "build",
        ":material/construction:",
        _("Build a network"),
        _("Put layers together and see what each makes of the data."),
    ),
    (
        "train",
        ":material/model_training:",
        _("Train a network"),
        _("Choose one, press Start, and watch the loss fall."),
    ),
    ("draw", ":material/draw:", _("Draw a digit"), _("The network answers while you draw, and shows why.")),
    (
        "tensors",
        ":material/school:",
        _("Learn PyTorch"),
        _("Tensors, autograd, gradient descent, the training loop: to be touched."),
    ),
)
with st.container(horizontal=True, key="home-steps"):
    for name, icon, label, told in steps:
        with st.container(border=True, width=_CARD, height="stretch"):
            st.page_link(page_link_target(name), label=f"**{label}**", icon=icon)
            st.caption(told)
