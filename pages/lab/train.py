# page: 30 | :material/model_training: | Train
"""Training, live: describe a run in one strip, start it, watch it learn, compare it with earlier ones."""

import streamlit as st

from nnlab.ui.text import _
from nnlab.ui.train import code_view, live_view, recipe_form, shelf, shown_runs, start_button

st.title(_("Train"))
st.caption(_("Choose data and a network, press Start, and watch the loss fall as PyTorch computes it."))

spec = recipe_form()
start_button(spec)
runs = shown_runs()
live_view(runs)
shelf(runs)
code_view(spec, runs)
