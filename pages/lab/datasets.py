# page: 20 | :material/grid_view: | Datasets
"""What a network learns from: a dataset's numbers, its images at random, one image down to its pixels."""

import streamlit as st

from nnlab.ui.datasets import browse, class_balance, dataset_facts, obtain, view
from nnlab.ui.text import _

st.title(_("Datasets"))
st.caption(_("What a network learns from: images and their labels, as tensors."))

shown = view()
facts = st.container()
data = obtain(shown.info)
with facts:
    dataset_facts(shown.info, data)
if data is not None:
    browse(data, shown)
    st.subheader(_("How many of each class"))
    class_balance(data)
