# page: 30 | :material/model_training: | Train
"""Training, live: describe a run in one strip, start it, watch it learn, compare it with earlier ones."""

import streamlit as st

from nnlab.ui.text import _
from nnlab.ui.train import live_view, recipe_form, shelf, shown_runs, start_button, training_code

st.title(_("Train"))
st.caption(_("Choose data and a network, press Start, and watch the loss fall as PyTorch computes it."))

spec = recipe_form()
start_button(spec)
runs = shown_runs()
live_view(runs)
shelf(runs)
if spec is not None:
    with st.expander(_("The code that does the same"), icon=":material/code:"):
        st.code(training_code(spec), language="python")
