"""Branches that meet, for `tests/test_joined_component.py`: ``?show=cat``."""

import streamlit as st
import torch

from nnlab.ui import components
from nnlab.ui.components.joined import joined

components.serve()
a = torch.arange(2 * 3 * 4, dtype=torch.float32).reshape(2, 3, 4) / 10
b = -torch.arange(2 * 3 * 4, dtype=torch.float32).reshape(2, 3, 4) / 7
if st.query_params.get("show") == "cat":
    place = joined("cat", [a, b], torch.cat([a, b]), ["a", "b", "c"], selected=(0, 1, 1), key="joined")
elif st.query_params.get("show") == "vectors":
    place = joined(
        "cat", [a[0, 0], b[0, 0]], torch.cat([a[0, 0], b[0, 0]]), ["a", "b", "c"], selected=(1,), key="joined"
    )
else:
    place = joined("sum", [a, b], a + b, ["a", "b", "c"], selected=(1, 1, 1), key="joined")
st.text(f"chosen: {place}")
