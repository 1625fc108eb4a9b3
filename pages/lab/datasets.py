# page: 20 | :material/grid_view: | Datasets
"""What a network learns from: Dataset, transforms and DataLoader, each seen at work, for any images."""

import streamlit as st

from nnlab.ui.datasets import batches, division, images, shapes, transforms
from nnlab.ui.datasets.browse import browse
from nnlab.ui.datasets.controls import dataset_choice, view
from nnlab.ui.datasets.facts import dataset_facts
from nnlab.ui.datasets.fetching import obtain
from nnlab.ui.datasets.parts import PARTS
from nnlab.ui.parts import part_switch
from nnlab.ui.text import _

OF_A_DATASET = {"transforms": transforms, "batches": batches, "division": division}

st.title(_("Datasets"))
st.caption(_("What a network learns from: images and their labels, as tensors."))

part = part_switch(PARTS, "datasets")
if part == "images":
    images.show()
elif part == "shapes":
    shapes.show()
else:
    info, beside = dataset_choice()
    data = obtain(info)
    with beside:
        dataset_facts(info, data)
    if data is not None and part == "browse":
        browse(data, info)
    elif data is not None:
        OF_A_DATASET[part].show(data, view(info))
